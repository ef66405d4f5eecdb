"""The pool of monitors, without a broker: who is well, and what ends."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping

import pytest

from workqueue_operator.broker.monitor import STUCK_SECONDS, Monitor
from workqueue_operator.broker.monitors import RabbitMonitors
from workqueue_operator.broker.watched import Watched
from workqueue_operator.core.access import Access
from workqueue_operator.core.readings import Reading, Unknown


@pytest.fixture
def dead() -> Iterator[Access]:
    """An address at which nobody listens, and nobody else will meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        yield Access(
            host="127.0.0.1", port=port, tls=False, vhost="/", username="ann", password="p4ss"
        )


def threads(name: str) -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith(name)]


def wait_for(what: str, seconds: float, *conditions: threading.Event) -> None:
    for condition in conditions:
        assert condition.wait(seconds), what


def test_a_broker_that_is_not_there_is_told_for_each_queue_old_and_new(dead: Access) -> None:
    seen: dict[str, Reading] = {}
    first, second = threading.Event(), threading.Event()

    def sink(access: Access, readings: Mapping[str, Reading]) -> None:
        assert access == dead
        seen.update(readings)
        (second if "new" in readings else first).set()

    monitors = RabbitMonitors(sink)
    monitors.watch(dead, "old")
    wait_for("the first failure is told", 2, first)
    monitors.watch(dead, "new")
    wait_for("a queue that comes later hears of it at once", 0.5, second)

    old = seen["old"]
    assert isinstance(old, Unknown)
    assert old.reason == "BrokerUnreachable"
    assert dead.password not in old.why
    assert monitors.alive() == []
    monitors.close()
    assert not threads(f"monitor {dead.server}")


def test_the_last_queue_that_goes_ends_the_thread(dead: Access) -> None:
    monitors = RabbitMonitors(lambda *_: None)
    monitors.watch(dead, "a")
    monitors.watch(dead, "b")
    (thread,) = threads(f"monitor {dead.server}")

    monitors.unwatch(dead, "a")
    thread.join(0.3)
    assert thread.is_alive()

    monitors.unwatch(dead, "b")
    thread.join(1)
    assert not thread.is_alive()
    monitors.unwatch(dead, "never watched")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_monitor_that_died_of_a_bug_is_not_alive(dead: Access) -> None:
    def broken(_: Access, __: Mapping[str, Reading]) -> None:
        raise ZeroDivisionError

    monitors = RabbitMonitors(broken)
    monitors.watch(dead, "mail")
    for thread in threads(f"monitor {dead.server}"):
        thread.join(2)

    assert monitors.alive() == [dead.address]
    monitors.close()


def test_a_monitor_whose_thread_is_held_does_not_turn(dead: Access) -> None:
    held, release = threading.Event(), threading.Event()

    def hold(_: Access, __: Mapping[str, Reading]) -> None:
        held.set()
        release.wait(5)

    monitor = Monitor(dead, hold, share=lambda: 0.1)
    monitor.watch("mail")
    monitor.start()
    wait_for("the sink is called", 2, held)

    now = time.monotonic()
    assert monitor.turns(now)
    assert not monitor.turns(now + STUCK_SECONDS + 1)
    monitor.close()
    release.set()
    monitor.join(2)


def test_each_failure_is_observed_and_only_the_first_is_logged(
    dead: Access, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes: list[tuple[str, int]] = []
    thrice = threading.Event()

    def observe(*, address: str, duration_seconds: float, queues: int, outcome: str) -> None:
        assert address == dead.address
        assert duration_seconds >= 0
        outcomes.append((outcome, queues))
        if len(outcomes) == 3:
            thrice.set()

    monitors = RabbitMonitors(lambda *_: None, observe=observe)
    monitors.watch(dead, "mail")
    wait_for("it tries again and again", 5, thrice)
    monitors.close()
    assert outcomes[:3] == [("BrokerUnreachable", 1)] * 3
    assert sum("BrokerUnreachable" in line for line in caplog.messages) == 1


def test_a_queue_is_new_until_it_is_taken() -> None:
    watched = Watched()
    assert watched.add("a")
    assert not watched.add("a")
    assert watched.take_all() == {"a"}
    assert not watched.has_fresh()
    watched.add("b")
    assert watched.take_fresh() == {"b"}
    assert watched.take_all() == {"a", "b"}
    assert watched.discard("a")
    assert not watched.discard("b")
