"""The registry: what is there, and who is woken by a change of it."""

import copy
import json
from typing import Any

import pytest

from unit.core.builders import body
from workqueue_operator.controller.registry import Registry
from workqueue_operator.core.workqueue import ACCEPT_BROKER, WorkQueue

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Woken(list[str]):
    """The uids that were woken."""


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def registry(woken: Woken) -> Registry:
    return Registry(woken.append)


def changed(given: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    after = copy.deepcopy(given)
    after["metadata"] |= {"resourceVersion": "78"} | metadata
    return after


def test_a_new_one_wakes_its_steps(registry: Registry, woken: Woken) -> None:
    registry.learn(body())
    assert woken == ["uid-1"]
    assert registry.get("uid-1") == body()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"generation": 3}, id="another spec"),
        pytest.param({"deletionTimestamp": "2026-01-01T00:00:00Z"}, id="its deletion"),
        pytest.param({"annotations": {ACCEPT_BROKER: "rabbitmq:5672/"}}, id="a broker accepted"),
        pytest.param({"finalizers": ["workqueue.dev/queue"]}, id="a finalizer"),
    ],
)
def test_what_somebody_asks_for_wakes(
    change: dict[str, Any], registry: Registry, woken: Woken
) -> None:
    registry.learn(body())
    woken.clear()
    registry.learn(changed(body(), **change))
    assert woken == ["uid-1"]


def test_a_change_of_status_alone_wakes_nobody_and_is_kept(
    registry: Registry, woken: Woken
) -> None:
    # Given a WorkQueue that is known
    registry.learn(body())
    woken.clear()
    # When its status is written, as we do ourselves
    after = changed(body()) | {"status": {"workers": {"desired": 5}}}
    registry.learn(after)
    # Then nobody is woken, and the next step has the newest resourceVersion
    assert woken == []
    assert registry.get("uid-1") == after


def test_one_that_is_gone_wakes_its_steps_once(registry: Registry, woken: Woken) -> None:
    registry.learn(body())
    woken.clear()
    registry.forget(body())
    registry.forget(body())
    registry.forget_uid("uid-1")
    assert woken == ["uid-1"]
    assert registry.get("uid-1") is None
    assert registry.uids() == frozenset()


def test_what_nobody_reads_is_not_kept_and_what_is_alike_is_kept_once(registry: Registry) -> None:
    # Given two objects as kubectl and the API server make them
    for uid in ("a", "b"):
        given = json.loads(
            json.dumps(
                body(
                    uid=uid,
                    annotations={LAST_APPLIED: "x" * 700, ACCEPT_BROKER: "rabbitmq:5672/"},
                    managedFields=[{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}],
                    labels={"team": "mail"},
                    selfLink="/apis",
                )
            )
        )
        registry.learn(given)
    # Then only what a WorkQueue is read from is left
    first, second = registry.get("a"), registry.get("b")
    assert first is not None
    assert second is not None
    assert first == body(uid="a", annotations={ACCEPT_BROKER: "rabbitmq:5672/"})
    assert WorkQueue.from_body(first).annotations == {ACCEPT_BROKER: "rabbitmq:5672/"}
    # And the same words are the same objects
    assert first["spec"]["worker"]["image"] is second["spec"]["worker"]["image"]
    assert all(one is two for one, two in zip(first["spec"], second["spec"], strict=True))


def test_annotations_of_others_wake_nobody(registry: Registry, woken: Woken) -> None:
    registry.learn(body())
    woken.clear()
    registry.learn(changed(body(), annotations={LAST_APPLIED: "{}"}))
    assert woken == []
