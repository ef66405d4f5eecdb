"""The command line: arguments, environment, exit codes."""

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from workqueue_producer import __version__
from workqueue_producer.desk import Desk
from workqueue_producer.encryption import tls_context
from workqueue_producer.errors import SettingsError
from workqueue_producer.feed import Feed
from workqueue_producer.ledger import Ledger
from workqueue_producer.progress import Progress, progress_for
from workqueue_producer.publisher import Interrupt, Publisher
from workqueue_producer.settings import BROKER_DIR, TLS_DIR, Target, read_access
from workqueue_producer.source import Source, open_source
from workqueue_producer.summary import USAGE, Summary, summarise

WINDOW_BYTES = 64 * 1024 * 1024
EXIT_CODES = """\
exit codes:
  0  every task is confirmed: the broker has it on disk
  1  some tasks are not confirmed, or were not sent; the output names them
  2  the command line, the environment or the Secret's files are wrong; nothing was sent
  3  the broker or the queue could not be reached, or refuses access; nothing was sent

Tasks that a lost connection left unconfirmed are sent again with the same message id, so a task
may be in the queue twice. Nothing is ever dropped in silence.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # its errors reach us as exceptions
    options = build_parser(os.environ).parse_args(arguments)
    typing = sys.stdin is not None and sys.stdin.isatty()
    try:
        target = target_from(options)
        # Wrong files are told before anything else.
        tls_context(read_access(target.broker_dir, target.vhost, target.tls_dir))
        source = open_source(options.tasks, options.file, stdin=0, stdin_is_terminal=typing)
    except SettingsError as error:
        print(f"workqueue-producer: error: {error}", file=sys.stderr)
        return USAGE
    with source as opened:
        summary = publish(target, opened, progress_for(sys.stderr, typing=options.tasks == ["-"]))
    report(summary, as_json=options.output == "json")
    return summary.exit_code


def publish(target: Target, source: Source, progress: Progress) -> Summary:
    """Publish a source and say what became of it."""
    interrupt = Interrupt()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt.ask)
    desk = Desk(Feed(source), Ledger(window=target.window, window_bytes=WINDOW_BYTES))
    publisher = Publisher(target, desk, progress, interrupt)
    try:
        publisher.run()
        seconds = publisher.seconds_publishing(time.monotonic())
    finally:
        desk.feed.stop()
        progress.close()
    return summarise(desk, queue=target.queue, fault=publisher.fault, seconds=seconds)


def report(summary: Summary, *, as_json: bool) -> None:
    """One line on standard output; what went wrong on standard error."""
    for line in summary.complaints():
        print(f"workqueue-producer: {line}", file=sys.stderr)
    print(summary.as_json() if as_json else summary.as_text(), flush=True)


def target_from(options: argparse.Namespace) -> Target:
    """Check what the options and the environment say.

    Raises:
        SettingsError: there is no queue to publish to, or a number is out of its bounds.
    """
    if not options.queue:
        raise SettingsError("no queue: give --queue or set WORKQUEUE_QUEUE")
    if not 1 <= options.window <= 65535:
        raise SettingsError("--window must be from 1 to 65535")
    if not 0 <= options.retry_seconds < float("inf"):
        raise SettingsError("--retry-seconds must be 0 or more")
    return Target(
        queue=options.queue,
        vhost=options.vhost or None,
        broker_dir=options.broker_dir,
        tls_dir=options.tls_dir,
        content_type=options.content_type,
        window=options.window,
        retry_seconds=options.retry_seconds,
    )


def build_parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    """The commands and options; `environ` gives the defaults."""
    parser = argparse.ArgumentParser(prog="workqueue-producer", description=_ABOUT)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser(
        "publish",
        help="publish tasks and wait until the broker has confirmed them",
        description=_ABOUT,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_input(command)
    _add_broker(command, environ)
    command.add_argument(
        "--output",
        choices=["text", "json"],
        default="text",
        help="form of the summary on standard output; json is exactly one line",
    )
    return parser


def _add_input(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "tasks",
        nargs="*",
        metavar="TASK",
        help="one task each; `-`, or none at all in a pipe, reads one task a line",
    )
    command.add_argument("--file", type=Path, help="publish the lines of this file, one task each")
    command.add_argument(
        "--content-type", default="text/plain", help="of every task (default: text/plain)"
    )


def _add_broker(command: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    command.add_argument(
        "--queue", default=environ.get("WORKQUEUE_QUEUE"), help="default: $WORKQUEUE_QUEUE"
    )
    command.add_argument(
        "--vhost",
        default=environ.get("WORKQUEUE_VHOST"),
        help="default: $WORKQUEUE_VHOST, or the uri's, or /",
    )
    command.add_argument(
        "--broker-dir",
        type=Path,
        default=Path(environ.get("WORKQUEUE_BROKER_DIR") or BROKER_DIR),
        help="folder with the broker's Secret as files: host, port, username, password, or uri "
        f"(default: $WORKQUEUE_BROKER_DIR, or {BROKER_DIR})",
    )
    command.add_argument(
        "--tls-dir",
        type=Path,
        default=Path(environ.get("WORKQUEUE_TLS_DIR") or TLS_DIR),
        help="folder with ca.crt, and for mutual TLS tls.crt and tls.key; where it has a ca.crt, "
        f"TLS is used (default: $WORKQUEUE_TLS_DIR, or {TLS_DIR})",
    )
    command.add_argument(
        "--window", type=int, default=256, help="most tasks sent and not confirmed (default: 256)"
    )
    command.add_argument(
        "--retry-seconds",
        type=float,
        default=60.0,
        help="how long to try again while broker or queue is not there (default: 60)",
    )


_ABOUT = "Publish tasks to a RabbitMQ work queue: persistent, and confirmed by the broker."
