"""The conditions from what one step found."""

from dataclasses import replace

import pytest

from unit.core.builders import MISSING, UNKNOWN, known
from workqueue_operator.core.conditions import Findings, conditions
from workqueue_operator.core.decision import Decision, Reason
from workqueue_operator.core.errors import (
    ApiError,
    QueueMismatchError,
    SecretMissingError,
)
from workqueue_operator.core.pods import Trouble
from workqueue_operator.core.status import Condition

STEADY = Decision(workers=5, reason=Reason.STEADY, message="needs 5")
WELL = Findings(declared=True, reading=known(ready=45), decision=STEADY, desired=5, ready=5)
SECRET = SecretMissingError("Secret 'rabbitmq' does not exist")
MISMATCH = QueueMismatchError("mail", "durable", found="False", wanted="True")
REFUSED = ApiError(422, "the API server refused")
CRASHING = Trouble(reason="WorkersCrashing", message="pod a ends")


def found(findings: Findings) -> dict[str, tuple[bool | None, str]]:
    return {each.type: (each.status, each.reason) for each in conditions(findings)}


def ready(findings: Findings) -> Condition:
    return next(each for each in conditions(findings) if each.type == "Ready")


def test_all_is_well() -> None:
    assert found(WELL) == {
        "Ready": (True, "Steady"),
        "QueueReady": (True, "Declared"),
        "ScalingActive": (True, "Steady"),
        "ScalingLimited": (False, "NotLimited"),
        "WorkersAvailable": (True, "AllReady"),
        "Degraded": (False, "NotDegraded"),
        "CredentialsCurrent": (True, "InUse"),
    }
    assert ready(WELL).message == "needs 5"


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        pytest.param(
            Findings(),
            {
                "Ready": (None, "Starting"),
                "QueueReady": (None, "Starting"),
                "ScalingActive": (False, "Starting"),
            },
            id="nothing is known yet",
        ),
        pytest.param(
            Findings(blocked=SECRET, desired=5, ready=5),
            {
                "Ready": (False, "SecretMissing"),
                "QueueReady": (False, "SecretMissing"),
                "ScalingActive": (False, "SecretMissing"),
                "WorkersAvailable": (True, "AllReady"),
            },
            id="no Secret",
        ),
        pytest.param(
            replace(WELL, declared=False, queue=MISMATCH),
            {"Ready": (False, "QueueMismatch"), "QueueReady": (False, "QueueMismatch")},
            id="the queue has other parameters",
        ),
        pytest.param(
            replace(WELL, reading=UNKNOWN),
            {
                "Ready": (False, "BrokerUnreachable"),
                "QueueReady": (None, "BrokerUnreachable"),
                "ScalingActive": (False, "Steady"),
            },
            id="the broker is silent: whether the queue is there is unknown",
        ),
        pytest.param(
            replace(WELL, declared=False, reading=MISSING),
            {"Ready": (False, "QueueMissing"), "QueueReady": (None, "QueueMissing")},
            id="the queue is gone",
        ),
        pytest.param(
            replace(WELL, reading=MISSING),
            {"Ready": (None, "Starting"), "QueueReady": (True, "Declared")},
            id="the queue was missing and has just been declared: that is no trouble",
        ),
        pytest.param(
            replace(WELL, acting=REFUSED),
            {"Ready": (False, "KubernetesApi"), "WorkersAvailable": (False, "KubernetesApi")},
            id="the API server refuses the Deployment",
        ),
        pytest.param(
            replace(WELL, trouble=CRASHING, ready=4),
            {
                "Ready": (False, "WorkersCrashing"),
                "WorkersAvailable": (False, "WorkersCrashing"),
                "Degraded": (True, "WorkersCrashing"),
            },
            id="pods are in trouble",
        ),
        pytest.param(
            replace(WELL, ready=4),
            {"Ready": (True, "Steady"), "WorkersAvailable": (True, "Starting")},
            id="pods are on their way",
        ),
        pytest.param(
            replace(WELL, decision=replace(STEADY, reason=Reason.HELD)),
            {"Ready": (True, "Held"), "ScalingActive": (False, "Held")},
            id="Hold is no trouble, and no scaling",
        ),
    ],
)
def test_what_was_found(findings: Findings, expected: dict[str, tuple[bool | None, str]]) -> None:
    assert found(findings).items() >= expected.items()


def test_what_has_to_be_mended_first_is_told_first() -> None:
    everything = replace(
        WELL, blocked=SECRET, queue=MISMATCH, reading=UNKNOWN, acting=REFUSED, trouble=CRASHING
    )
    told = []
    for piece in ("blocked", "queue", "reading", "acting", "trouble"):
        told.append(ready(everything).reason)
        setattr(everything, piece, None)

    assert told == [
        "SecretMissing",
        "QueueMismatch",
        "BrokerUnreachable",
        "KubernetesApi",
        "WorkersCrashing",
    ]


@pytest.mark.parametrize(
    ("desired", "message"),
    [
        pytest.param(5, "rabbitmq:5672 refused (5 workers are held)", id="workers are held"),
        pytest.param(0, "rabbitmq:5672 refused", id="there are none"),
    ],
)
def test_in_trouble_people_are_told_what_happens_to_their_workers(
    desired: int, message: str
) -> None:
    assert ready(replace(WELL, reading=UNKNOWN, desired=desired)).message == message


def test_workers_are_counted() -> None:
    told = {each.type: each.message for each in conditions(replace(WELL, ready=3))}

    assert told["WorkersAvailable"] == "3 of 5 workers are ready"


def test_workers_that_would_not_help_are_told_of() -> None:
    message = "no more are asked for"
    limited = Decision(workers=4, reason=Reason.SCALING_LIMITED, message=message)

    told = found(replace(WELL, decision=limited, trouble=CRASHING))

    assert told["ScalingLimited"] == (True, "WorkersCrashing")


def test_errors_come_in_the_order_in_which_they_have_to_be_mended() -> None:
    all_at_once = replace(WELL, blocked=SECRET, queue=MISMATCH, acting=REFUSED, trouble=CRASHING)
    assert all_at_once.errors() == [SECRET, MISMATCH, REFUSED]
    assert WELL.errors() == []


def test_what_a_changed_secret_lacks_stands_beside_a_queue_that_is_read() -> None:
    refusal = Trouble(reason="AuthenticationFailed", message="rabbitmq:5672 refused user 'app'")
    told = conditions(replace(WELL, refusal=refusal))
    current = next(each for each in told if each.type == "CredentialsCurrent")
    assert (current.status, current.reason) == (False, "NewCredentialsRefused")
    assert "does not work (AuthenticationFailed): rabbitmq:5672 refused user" in current.message
    assert "goes on with what it said before" in current.message
    assert found(replace(WELL, refusal=refusal))["Ready"] == (True, "Steady")
