"""Marks of pods: one annotation, of the very pod that was meant, several at once."""

import pytest

from unit.kube.raw_objects import pod
from unit.kube.scripted_server import Answer, api_server
from workqueue_operator.cluster.costs import AT_ONCE, mark_pods
from workqueue_operator.cluster.workers import pod_of
from workqueue_operator.core.errors import ApiError
from workqueue_operator.core.victims import COST, IDLE_COST, NO_COST, Mark


def marks(count: int, cost: int = IDLE_COST) -> list[Mark]:
    return [Mark(name=f"mail-{number}", uid=f"uid-{number}", cost=cost) for number in range(count)]


@pytest.mark.parametrize(
    ("cost", "written"),
    [
        pytest.param(IDLE_COST, "-100", id="a mark"),
        pytest.param(NO_COST, None, id="no mark: the annotation goes"),
    ],
)
def test_a_mark_is_one_annotation_of_this_very_pod(cost: int, written: str | None) -> None:
    with api_server(Answer(body={})) as (api, script):
        mark_pods(api, "shop", marks(1, cost))

    (asked,) = script.asked
    assert (asked.method, asked.path) == ("PATCH", "/api/v1/namespaces/shop/pods/mail-0")
    assert asked.headers["Content-Type"] == "application/merge-patch+json"
    assert asked.body == {"metadata": {"uid": "uid-0", "annotations": {COST: written}}}


@pytest.mark.parametrize("count", [0, 1, AT_ONCE, 3 * AT_ONCE + 1])
def test_every_mark_is_written_once(count: int) -> None:
    with api_server(Answer(body={})) as (api, script):
        mark_pods(api, "shop", marks(count))

    wanted = [f"/api/v1/namespaces/shop/pods/mail-{number}" for number in range(count)]
    assert sorted(each.path for each in script.asked) == sorted(wanted)


@pytest.mark.parametrize("status", [404, 409, 422])
def test_a_pod_that_is_gone_needs_no_mark(status: int) -> None:
    with api_server(Answer(status=status, body={"message": "gone"})) as (api, script):
        mark_pods(api, "shop", marks(2))

    assert len(script.asked) == 2


def test_given_a_refusal_then_it_is_told_after_the_others_were_tried() -> None:
    refusal = Answer(status=403, body={"message": "pods is forbidden"})
    with api_server(refusal, Answer(body={})) as (api, script):
        with pytest.raises(ApiError, match="pods is forbidden"):
            mark_pods(api, "shop", marks(20))

        assert len(script.asked) == 20


@pytest.mark.parametrize(
    ("annotations", "cost"),
    [
        pytest.param({}, NO_COST, id="none"),
        pytest.param({COST: "-100"}, IDLE_COST, id="ours"),
        pytest.param({COST: "7"}, 7, id="somebody's own"),
        pytest.param({COST: "cheap"}, NO_COST, id="no number"),
    ],
)
def test_a_cost_is_read_as_kubernetes_reads_it(annotations: dict[str, str], cost: int) -> None:
    raw = pod()
    raw["metadata"]["annotations"] = annotations

    assert pod_of(raw).cost == cost
