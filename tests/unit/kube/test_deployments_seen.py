"""What the watch keeps, and what it tells."""

from dataclasses import replace

from unit.kube.raw_objects import OWNER_UID, deployment, owner_reference
from workqueue_operator.cluster.deployments import state_of
from workqueue_operator.cluster.watch import Deployments
from workqueue_operator.ports import DeploymentState

OURS = state_of(deployment(owner=owner_reference()))
FOREIGN = state_of(deployment(uid="d2"))


def told() -> tuple[Deployments, list[tuple[str, DeploymentState | None]]]:
    said: list[tuple[str, DeploymentState | None]] = []
    return Deployments(lambda owner, state: said.append((owner, state))), said


def test_given_a_relist_when_one_has_vanished_then_its_owner_is_told_none() -> None:
    seen, said = told()
    seen.replace([OURS])

    seen.replace([])

    assert said == [(OWNER_UID, OURS), (OWNER_UID, None)]


def test_given_a_relist_without_news_then_nobody_is_told() -> None:
    seen, said = told()
    seen.replace([OURS])

    seen.replace([OURS])

    assert len(said) == 1


def test_given_one_deleted_and_made_again_between_two_lists_then_the_new_one_is_said_last() -> None:
    seen, said = told()
    again = replace(OURS, uid="d9")
    seen.replace([OURS])

    seen.replace([again])

    assert said[1:] == [(OWNER_UID, None), (OWNER_UID, again)]


def test_a_foreign_deployment_is_nobody_s_news() -> None:
    seen, said = told()
    seen.learn(FOREIGN)
    seen.forget(FOREIGN.uid)

    assert said == []


def test_given_a_deployment_that_loses_its_owner_then_the_owner_is_told_none() -> None:
    seen, said = told()
    seen.learn(OURS)

    seen.learn(replace(OURS, owner_uid=None))

    assert said[-1] == (OWNER_UID, None)
    seen.forget(OURS.uid)
    assert len(said) == 2


def test_a_deletion_is_told_once() -> None:
    seen, said = told()
    seen.learn(OURS)

    seen.forget(OURS.uid)
    seen.forget(OURS.uid)

    assert said[1:] == [(OWNER_UID, None)]
