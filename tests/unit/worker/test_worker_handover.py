"""A new connection beside the one in use: when it is made, and what becomes of it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from workqueue_worker.handover import Handover
from workqueue_worker.metrics import Metrics
from workqueue_worker.renewal import Renewal
from workqueue_worker.subscription import Subscription
from workqueue_worker.troubles import ChannelLostError


@dataclass
class FakeSubscription:
    lost: bool = False
    closed: bool = False

    def turn(self, _seconds: float) -> None:
        if self.lost:
            raise ChannelLostError("gone")

    def close(self) -> None:
        self.closed = True


@dataclass
class Scene:
    """Files whose content is `mounted`, and a broker that gives connections or an error."""

    mounted: str = "old"
    error: Exception | None = None
    open_: threading.Event = field(default_factory=threading.Event)
    made: list[FakeSubscription] = field(default_factory=list)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.open_.set()
        self.metrics = Metrics(queue="mail", handler_kind="python")
        self.renewal = Renewal(lambda: self.mounted, now=lambda: self.seconds)
        self.renewal.connecting()
        self.renewal.connected()
        self.handover = Handover(self.renewal, self.connect, self.metrics)

    def connect(self) -> Subscription:
        assert self.open_.wait(5)
        if self.error is not None:
            raise self.error
        self.made.append(FakeSubscription())
        return cast("Subscription", self.made[-1])

    def look(self) -> bool:
        """Look until something has come of it, or half a second has gone by."""
        self.seconds += 100
        until = time.monotonic() + 0.5
        while not (found := self.handover.look()) and time.monotonic() < until:
            time.sleep(0.01)
        return found

    def refused(self) -> float | None:
        name = "workqueue_worker_credentials_refused_total"
        return self.metrics.registry.get_sample_value(name, {"queue": "mail"})


def test_given_files_as_they_were_then_nothing_is_opened() -> None:
    scene = Scene()
    assert not scene.look()
    assert not scene.made


def test_given_changed_files_then_a_new_connection_is_there_to_be_taken_once() -> None:
    scene = Scene()
    scene.mounted = "new"
    assert scene.look()
    scene.handover.serve()
    taken: Any = scene.handover.take()
    assert taken is scene.made[0]
    assert scene.handover.take() is None
    assert not scene.look(), "these are the files in use now"


def test_given_a_refusal_then_the_one_in_use_stays_and_it_is_counted() -> None:
    scene = Scene(error=OSError("refused"))
    scene.mounted = "new"
    assert not scene.look()
    assert (scene.refused() or 0) >= 1
    scene.error, scene.mounted = None, "mended"
    assert scene.look()


def test_given_a_new_connection_that_is_lost_again_then_there_is_none_to_take() -> None:
    scene = Scene()
    scene.mounted = "new"
    assert scene.look()
    scene.made[0].lost = True
    scene.handover.serve()
    assert scene.made[0].closed
    assert scene.handover.take() is None


def test_given_a_connection_that_is_still_being_opened_when_all_ends_then_it_is_closed() -> None:
    scene = Scene()
    scene.open_.clear()
    scene.mounted, scene.seconds = "new", 100
    assert not scene.handover.look()
    scene.handover.close()
    scene.open_.set()
    until = time.monotonic() + 5
    while not (scene.made and scene.made[0].closed) and time.monotonic() < until:
        time.sleep(0.01)
    assert scene.made[0].closed


def test_given_a_bug_while_connecting_then_it_is_raised() -> None:
    scene = Scene(error=KeyError("a bug"))
    scene.mounted = "new"
    with pytest.raises(KeyError):
        scene.look()
