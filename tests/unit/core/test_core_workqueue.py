"""Reading an object, its queue's arguments, and errors that say the ways out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.core.builders import body, rules, workqueue
from workqueue_operator.core.errors import (
    BrokerChangedError,
    ForeignDeploymentError,
    InvalidSpecError,
    QueueConflictError,
    QueueMismatchError,
    WorkQueueError,
)
from workqueue_operator.core.queues import arguments, dead_letter_arguments, retry_arguments
from workqueue_operator.core.workqueue import WorkQueue


def test_an_object_as_the_api_server_stores_it() -> None:
    wq = workqueue()

    assert (wq.full_name, wq.age_key) == ("shop/thumbnails", ("2026-01-01T00:00:00Z", "uid-1"))
    assert (wq.deleted, wq.finalizers, wq.annotations, wq.status) == (None, (), {}, {})
    assert (wq.queue.name, wq.worker.broker_secret_name) == ("thumbnails", "rabbitmq")
    assert not wq.worker.brings_own_consumer


def test_what_is_given_wins_over_what_follows() -> None:
    wq = WorkQueue.from_body(
        body(
            {
                "queue": {"name": "thumbs"},
                "worker": {"brokerSecretName": "few-rights", "handler": {"own": {}}},
            },
            deletionTimestamp="2026-01-02T00:00:00Z",
            finalizers=["workqueue.dev/queue"],
            annotations={"workqueue.dev/accept-broker": "other:5672/"},
        )
        | {"status": {"observedGeneration": 1}}
    )

    assert (wq.queue.name, wq.worker.broker_secret_name) == ("thumbs", "few-rights")
    assert (wq.deleted, wq.finalizers) == ("2026-01-02T00:00:00Z", ("workqueue.dev/queue",))
    assert wq.annotations == {"workqueue.dev/accept-broker": "other:5672/"}
    assert wq.status == {"observedGeneration": 1}
    assert wq.worker.brings_own_consumer


@pytest.mark.parametrize(
    ("scaling", "problem"),
    [
        pytest.param(
            {"minWorkers": 9, "maxWorkers": 5},
            "spec.scaling.minWorkers is 9, above maxWorkers 5",
            id="bounds that cross",
        ),
        pytest.param(
            {"target": {"metric": "Cpu", "value": 60}},
            "spec.scaling.target.metric is Cpu, which this version",
            id="a target of a newer schema",
        ),
        pytest.param(
            {"mode": "Fixed"},
            "spec.scaling.fixedWorkers is missing, and mode Fixed needs it",
            id="a fixed number without the number",
        ),
    ],
)
def test_what_an_older_schema_let_through_is_told(scaling: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        workqueue({"scaling": scaling})

    assert problem in str(caught.value)


@given(bounds=st.tuples(st.integers(0, 50), st.integers(0, 50)), workers=st.integers(-10, 100))
def test_the_nearest_number_within_the_bounds(bounds: tuple[int, int], workers: int) -> None:
    least, most = sorted(bounds)
    inside = rules(bounds=(least, most)).scaling.clamp(workers)

    assert least <= inside <= most
    assert inside == workers or not least <= workers <= most


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        pytest.param(
            {},
            {
                "x-queue-type": "quorum",
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": "thumbnails.dead",
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
            id="Quorum: dead letters are not lost on their way",
        ),
        pytest.param(
            {"deliveryLimit": 7},
            {
                "x-queue-type": "quorum",
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": "thumbnails.dead",
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
                "x-delivery-limit": 7,
            },
            id="Quorum with a limit of deliveries",
        ),
        pytest.param(
            {"type": "Classic"},
            {
                "x-queue-type": "classic",
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": "thumbnails.dead",
            },
            id="Classic: routing only",
        ),
        pytest.param(
            {"deadLetters": "None"}, {"x-queue-type": "quorum"}, id="a plain quorum queue"
        ),
        pytest.param(
            {"type": "Classic", "deadLetters": "None", "arguments": {"x-max-priority": 5}},
            {"x-max-priority": 5},
            id="what the user asks for besides",
        ),
        pytest.param(
            {"type": "Classic", "deadLetters": "None"}, {}, id="a plain queue as everybody makes it"
        ),
    ],
)
def test_arguments_of_the_queue(queue: dict[str, object], expected: dict[str, object]) -> None:
    assert arguments(workqueue({"queue": queue}).queue) == expected


@pytest.mark.parametrize(
    ("kind", "broker_major", "expected"),
    [
        pytest.param("Classic", 4, {"x-queue-type": "classic"}, id="classic has no limit"),
        pytest.param("Quorum", 3, {"x-queue-type": "quorum"}, id="no limit before 4"),
        pytest.param(
            "Quorum", 4, {"x-queue-type": "quorum", "x-delivery-limit": -1}, id="looking is free"
        ),
    ],
)
def test_dead_letters_stay_however_often_somebody_looks(
    kind: str, broker_major: int, expected: dict[str, object]
) -> None:
    queue = workqueue({"queue": {"type": kind}}).queue

    assert dead_letter_arguments(queue, broker_major=broker_major) == expected


@pytest.mark.parametrize(
    ("broker_major", "more"),
    [
        pytest.param(3, {}, id="no limit before 4"),
        pytest.param(4, {"x-delivery-limit": -1}, id="none since"),
    ],
)
def test_tasks_that_wait_for_their_next_attempt_come_back_by_themselves(
    broker_major: int, more: dict[str, object]
) -> None:
    spec = {"queue": {"type": "Classic"}, "worker": {"retry": {"delaysSeconds": [1, 60]}}}
    queue = workqueue(spec).queue

    assert queue.retry_queues == {"thumbnails.retry.1": 1, "thumbnails.retry.60": 60}
    assert retry_arguments(queue, 60, broker_major=broker_major) == more | {
        "x-queue-type": "quorum",
        "x-message-ttl": 60_000,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "thumbnails",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


@pytest.mark.parametrize(
    ("dead_letters", "name"),
    [
        pytest.param("Declare", "thumbnails.dead", id="Declare"),
        pytest.param("None", None, id="None"),
    ],
)
def test_the_name_of_the_dead_letters(dead_letters: str, name: str | None) -> None:
    queue = workqueue({"queue": {"deadLetters": dead_letters}}).queue

    assert queue.dead_letter_name == name


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        pytest.param(
            QueueMismatchError("mail", "durable", found="False", wanted="True"),
            "QueueMismatch",
            ["'mail'", "durable = False", "asks for True", "deadLetters: None", "deletes nothing"],
            id="a queue with other parameters",
        ),
        pytest.param(
            QueueConflictError("mail", "shop/old"),
            "QueueConflict",
            ["'mail'", "shop/old", "spec.queue.name"],
            id="two for one queue",
        ),
        pytest.param(
            ForeignDeploymentError("shop", "mail"),
            "DeploymentConflict",
            ["shop/mail", "rename", "left alone"],
            id="a foreign Deployment",
        ),
        pytest.param(
            BrokerChangedError(declared_on="a:5672/", now_named="b:5672/"),
            "BrokerChanged",
            ["a:5672/", "workers are held", "workqueue.dev/accept-broker=b:5672/"],
            id="another broker than before",
        ),
    ],
)
def test_an_error_says_what_clashed_and_the_ways_out(
    error: WorkQueueError, reason: str, words: list[str]
) -> None:
    assert error.reason == reason
    assert [word for word in words if word not in str(error)] == []


def test_annotations_outrank_the_spec() -> None:
    wq = workqueue(
        {"scaling": {"mode": "Hold"}},
        annotations={"workqueue.dev/mode": "Fixed", "workqueue.dev/fixed-workers": "7"},
    )

    assert (wq.scaling.mode, wq.scaling.fixed_workers) == ("Fixed", 7)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        pytest.param("mode", "Pause", "is 'Pause': use one of Auto, Hold, ", id="no such mode"),
        pytest.param("fixed-workers", "-1", "is '-1': use a whole number", id="less than nothing"),
        pytest.param("fixed-workers", "many", "is 'many': use a whole number", id="no number"),
        pytest.param("fixed-workers", "10001", "from 0 to 10000", id="more than the schema allows"),
    ],
)
def test_a_wrong_annotation_is_told(name: str, value: str, problem: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        workqueue(annotations={f"workqueue.dev/{name}": value})

    assert f"annotation workqueue.dev/{name}" in str(caught.value)
    assert problem in str(caught.value)
    assert str(caught.value).endswith(", or remove the annotation")


def test_floors_are_read() -> None:
    given = {"schedule": "0 8 * * *", "timeZone": "Etc/UTC", "durationSeconds": 60, "minWorkers": 2}
    (floor,) = workqueue({"scaling": {"floors": [given]}}).scaling.floors

    assert (floor.what, floor.duration_seconds, floor.min_workers) == ('"0 8 * * *"', 60, 2)
