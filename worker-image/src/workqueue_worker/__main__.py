"""`workqueue-worker`, or `python -m workqueue_worker`."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from workqueue_worker import logs
from workqueue_worker.settings import Settings, SettingsError
from workqueue_worker.stop import StopFlag

if TYPE_CHECKING:
    from workqueue_worker.handlers import Handler

log = logging.getLogger("workqueue_worker")

EXIT_SETTINGS = 2
EXIT_SECONDS = 10
"""For what libraries do at the exit of their process: send the last metrics, say."""


def main() -> int:
    """Read the settings and work. Returns 0 after a drain, 2 for settings, 124 for an overrun."""
    stop = StopFlag()
    stop.watch_signals()
    logs.configure()
    return run(os.environ, stop)


def run(env: Mapping[str, str], stop: StopFlag) -> int:
    try:
        return work(Settings.from_env(env), stop)
    except SettingsError as error:
        cause = error.__cause__
        exc_info = (type(cause), cause, cause.__traceback__) if cause else None
        log.critical("%s", error, exc_info=exc_info, extra=logs.fields(reason="InvalidSettings"))
        return EXIT_SETTINGS


def work(settings: Settings, stop: StopFlag) -> int:
    """Run one worker until it is told to stop.

    Raises:
        SettingsError: the handler or the probes' port cannot be had.
    """
    from workqueue_worker import handlers  # noqa: PLC0415 - after SIGTERM is watched

    handler = handlers.load(settings)
    try:
        return _consume(settings, handler, stop)
    finally:
        handler.close()


def _consume(settings: Settings, handler: Handler, stop: StopFlag) -> int:
    # After SIGTERM is watched, as these take longer than all of our own, and after the handler is
    # loaded: the process that it may have starts meanwhile.
    from workqueue_worker import probes  # noqa: PLC0415
    from workqueue_worker.consumer import Consumer  # noqa: PLC0415
    from workqueue_worker.metrics import Metrics  # noqa: PLC0415
    from workqueue_worker.state import State  # noqa: PLC0415

    state, metrics = State(), Metrics(queue=settings.queue, handler_kind=handler.kind)
    state.promise_turn_within(30)
    probes.serve(settings.probe_port, state, metrics)
    log.info("started", extra=logs.fields(queue=settings.queue, handler=handler.kind))
    consumer = Consumer(settings, handler, metrics, state, stop)
    code = consumer.run()
    log.info("leaving", extra=logs.fields(exit_code=code))
    _leave_soon(code)
    if consumer.abandoned:
        handler.close()
        _leave_at_once(code)
    return code


def _leave_soon(code: int) -> None:
    """An ordinary exit waits for threads of the handler's libraries, of which some never end."""
    timer = threading.Timer(EXIT_SECONDS, _leave_at_once, (code,))
    timer.daemon = True
    timer.start()


def _leave_at_once(code: int) -> None:
    """A thread is in the middle of a task; an ordinary exit might wait for it, or for its own."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
