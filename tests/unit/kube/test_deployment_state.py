"""The few fields of a Deployment that matter, and whose it is."""

from typing import Any

import pytest

from unit.kube.raw_objects import OWNER_UID, deployment, owner_reference
from workqueue_operator.cluster.deployments import state_of
from workqueue_operator.ports import DeploymentState


def test_a_deployment_is_read() -> None:
    assert state_of(deployment(owner=owner_reference())) == DeploymentState(
        namespace="team",
        name="mail",
        uid="d1",
        owner_uid=OWNER_UID,
        replicas=3,
        generation=4,
        observed_generation=3,
        current=2,
        ready=1,
        updated=2,
        annotations={"workqueue.dev/spec-hash": "abc"},
    )


def test_a_deployment_that_no_controller_has_seen_yet_has_no_pods() -> None:
    raw = deployment()
    del raw["status"]

    state = state_of(raw)

    assert (state.observed_generation, state.current, state.ready, state.updated) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "owner",
    [
        pytest.param(None, id="nobody's"),
        pytest.param({"kind": "Application", "apiVersion": "example.com/v1"}, id="another kind's"),
        pytest.param({"apiVersion": "example.com/v1"}, id="another group's WorkQueue's"),
        pytest.param({"controller": False}, id="owned but not controlled"),
        pytest.param({"name": "other"}, id="a copy by hand under another name"),
    ],
)
def test_a_foreign_deployment_has_no_owner(owner: dict[str, Any] | None) -> None:
    raw = deployment(owner=None if owner is None else owner_reference(**owner))

    assert state_of(raw).owner_uid is None
