"""The watch against a server that does what servers do: end, break, forget, hang."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from unit.kube.raw_objects import deployment, owner_reference
from unit.kube.scripted_server import Answer, Script, api_server, eventually
from workqueue_operator.cluster.stream import Timing
from workqueue_operator.cluster.watch import DeploymentWatch

QUICK = Timing(silence_seconds=0.3, first_retry_seconds=0.02, last_retry_seconds=0.05)
FOR_EVER = Answer(hang=True)


def ours(*, replicas: int, version: str = "17") -> dict[str, Any]:
    raw = deployment(owner=owner_reference(), replicas=replicas)
    raw["metadata"]["resourceVersion"] = version
    return raw


def listing(*items: dict[str, Any], version: str = "10") -> Answer:
    return Answer(body={"items": items, "metadata": {"resourceVersion": version}})


def event(kind: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "object": subject}


def bookmark(version: str) -> dict[str, Any]:
    return event("BOOKMARK", {"metadata": {"resourceVersion": version}})


GONE = event("ERROR", {"kind": "Status", "code": 410, "message": "too old resource version"})


@contextmanager
def watching(
    *answers: Answer, timing: Timing = QUICK, namespaces: tuple[str, ...] = ()
) -> Iterator[tuple[DeploymentWatch, Script, list[int | None]]]:
    """A watch of these answers; the replicas it told, None for a Deployment that is gone."""
    said: list[int | None] = []
    with api_server(*answers) as (api, script):
        watch = DeploymentWatch(
            api,
            lambda _owner, state: said.append(state.replicas if state else None),
            namespaces=namespaces,
            timing=timing,
        )
        watch.start()
        try:
            yield watch, script, said
        finally:
            watch.stop()


def versions(script: Script) -> list[str]:
    """Where each watch began; "list" for a list."""
    return [each.query.get("resourceVersion", "list") for each in list(script.asked)]


def test_given_a_list_and_events_then_each_is_told() -> None:
    changes = Answer(
        lines=(
            event("MODIFIED", ours(replicas=5, version="11")),
            event("DELETED", ours(replicas=5, version="12")),
        ),
        hang=True,
    )
    with watching(listing(ours(replicas=1)), changes) as (watch, _script, said):
        assert watch.synced.wait(2)
        assert eventually(lambda: said == [1, 5, None])
        assert watch.alive()


def test_given_the_server_ends_a_watch_then_it_goes_on_where_it_was() -> None:
    ended = Answer(lines=(event("MODIFIED", ours(replicas=2, version="11")), bookmark("15")))
    with watching(listing(), ended, FOR_EVER) as (_watch, script, _said):
        assert eventually(lambda: len(script.asked) >= 3)

    assert versions(script)[:3] == ["list", "10", "15"]


def test_given_a_version_that_is_too_old_then_it_lists_again_and_says_what_vanished() -> None:
    forgotten = Answer(lines=(GONE,))
    with watching(listing(ours(replicas=4)), forgotten, listing(version="90"), FOR_EVER) as (
        _watch,
        script,
        said,
    ):
        assert eventually(lambda: said == [4, None])
        assert eventually(lambda: len(script.asked) >= 4)

    assert versions(script)[:4] == ["list", "10", "list", "90"]


def test_given_410_instead_of_a_watch_then_it_lists_again() -> None:
    refused = Answer(status=410, body={"message": "expired"})
    with watching(listing(), refused, listing(version="90"), FOR_EVER) as (_watch, script, _said):
        assert eventually(lambda: len(script.asked) >= 4)

    assert versions(script)[:4] == ["list", "10", "list", "90"]


def test_given_a_silent_connection_then_it_is_taken_for_lost_and_opened_again() -> None:
    with watching(listing(), FOR_EVER) as (_watch, script, _said):
        assert eventually(lambda: len(script.asked) >= 3)

    assert versions(script)[:3] == ["list", "10", "10"]


def test_given_a_line_that_is_cut_off_then_only_whole_ones_count() -> None:
    cut = Answer(lines=(event("MODIFIED", ours(replicas=2, version="11")), b'{"type": "MODI'))
    with watching(listing(), cut, FOR_EVER) as (watch, script, said):
        assert eventually(lambda: len(script.asked) >= 3)
        assert watch.alive()

    assert said == [2]
    assert versions(script)[2] == "11"


def test_given_a_server_that_ends_every_watch_at_once_then_the_pauses_grow() -> None:
    patient = Timing(first_retry_seconds=0.1, last_retry_seconds=10)
    with watching(listing(), Answer(lines=(b"",)), timing=patient) as (_watch, script, _said):
        time.sleep(1)

    assert 3 <= len(script.asked) <= 8


def test_given_failures_then_they_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    broken = Answer(status=403, body={"message": "deployments is forbidden"})
    with (
        caplog.at_level(logging.WARNING),
        watching(broken) as (watch, _script, _said),
    ):
        assert eventually(lambda: "deployments is forbidden" in caplog.text)
        assert watch.alive()
        assert not watch.synced.is_set()


def test_given_namespaces_then_it_is_synced_when_the_last_is_listed() -> None:
    refused = Answer(status=403, body={"message": "forbidden"})
    names = ("a", "b")
    slow = Timing(first_retry_seconds=60, last_retry_seconds=60)
    with watching(listing(), refused, FOR_EVER, timing=slow, namespaces=names) as (
        watch,
        script,
        _,
    ):
        assert eventually(lambda: len(script.asked) >= 3)
        assert not watch.synced.is_set()

    assert {each.path for each in script.asked} == {
        "/apis/apps/v1/namespaces/a/deployments",
        "/apis/apps/v1/namespaces/b/deployments",
    }


def test_given_an_open_watch_when_stopped_then_it_ends_soon() -> None:
    with watching(listing(), FOR_EVER, timing=Timing()) as (watch, script, _said):
        assert eventually(lambda: len(script.asked) >= 2)
        started = time.monotonic()
        watch.stop()
        took = time.monotonic() - started

        assert not watch.alive()
    assert took < 10


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_given_a_sink_with_a_bug_then_the_watch_is_dead_and_says_so() -> None:
    def sink(_owner: str, _state: object) -> None:
        raise ZeroDivisionError

    with api_server(listing(ours(replicas=1)), FOR_EVER) as (api, _script):
        watch = DeploymentWatch(api, sink, timing=QUICK)
        watch.start()

        assert eventually(lambda: not watch.alive())
        watch.stop()
