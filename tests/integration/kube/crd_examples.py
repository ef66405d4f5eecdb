"""One bad example for each rule of the schema: a likely mistake, and the words that refuse it."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

GOOD: Mapping[str, Any] = {
    "metadata": {"name": "good"},
    "spec": {
        "broker": {"secretName": "rabbitmq"},
        "worker": {"image": "worker:1", "handler": {"python": "package.module:function"}},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """A mistake.

    `change` is merged into GOOD, and refused with `message`; where there is a `before`, GOOD with
    that is created first, and only the change to it is refused. A value of None removes the key.
    """

    id: str
    message: str
    change: Mapping[str, Any]
    before: Mapping[str, Any] | None = None


def merged(into: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A merge patch (RFC 7386) applied."""
    result = deepcopy(dict(into))
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = deepcopy(value)
    return result


def handler(**kinds: Any) -> Mapping[str, Any]:
    """A change of the handler to these kinds."""
    return {"spec": {"worker": {"handler": {"python": None} | kinds}}}


def queue(**fields: Any) -> Mapping[str, Any]:
    """A change of spec.queue."""
    return {"spec": {"queue": fields}}


def broker(**fields: Any) -> Mapping[str, Any]:
    """A change of spec.broker."""
    return {"spec": {"broker": fields}}


def worker(**fields: Any) -> Mapping[str, Any]:
    """A change of spec.worker."""
    return {"spec": {"worker": fields}}


def arguments(*, of: Mapping[str, Any] | None = None, **values: str | int) -> Mapping[str, Any]:
    """A change of spec.queue.arguments, named without x- and with _ for -; `of`: of the queue."""
    named = {f"x-{name.replace('_', '-')}": value for name, value in values.items()}
    return queue(arguments=named, **(of or {}))


def scaling(**fields: Any) -> Mapping[str, Any]:
    """A change of spec.scaling."""
    return {"spec": {"scaling": fields}}


FLOOR = {"schedule": "0 8 * * 1-5", "durationSeconds": 3600, "minWorkers": 5}

ON_CREATION = [
    Bad(
        id="an active floor above the bounds",
        message="minActiveWorkers is above maxWorkers",
        change=scaling(minActiveWorkers=5, maxWorkers=4),
    ),
    Bad(
        id="a blind floor above the bounds",
        message="onUnknown.minWorkers is above maxWorkers",
        change=scaling(onUnknown={"minWorkers": 5}, maxWorkers=4),
    ),
    Bad(
        id="a scheduled floor above the bounds",
        message="a floor's minWorkers is above maxWorkers",
        change=scaling(floors=[FLOOR], maxWorkers=4),
    ),
    Bad(
        id="a fixed number without the number",
        message="mode Fixed needs fixedWorkers",
        change=scaling(mode="Fixed"),
    ),
    Bad(
        id="two limits of one step down",
        message="give maxStep (workers) or maxPercent",
        change=scaling(scaleDown={"maxStep": 1, "maxPercent": 10}),
    ),
    Bad(
        id="a schedule with seconds, or with too few fields",
        message="is not a schedule",
        change=scaling(floors=[FLOOR | {"schedule": "0 8 * * 1-5 0"}]),
    ),
    Bad(
        id="an offset for a time zone",
        message="is not a time zone",
        change=scaling(floors=[FLOOR | {"timeZone": "+02:00"}]),
    ),
    Bad(
        id="a name that no Deployment label can be",
        message="metadata.name becomes the name of the Deployment",
        change={"metadata": {"name": "thumb.nails"}},
    ),
    Bad(
        id="a queue name that leaves no room for the dead letters",
        message="the queue's name is too long",
        change=queue(name="ä" * 126),
    ),
    Bad(
        id="a queue name longer than the broker allows, dead letters or not",
        message="the queue's name is too long",
        change=queue(name="ä" * 128, deadLetters="None"),
    ),
    Bad(
        id="a name that the broker keeps for itself",
        message="RabbitMQ keeps names that start with 'amq.' for itself",
        change=queue(name="amq.tasks"),
    ),
    Bad(
        id="an address where a Secret's name belongs",
        message="addresses and passwords belong into the Secret",
        change=broker(secretName="amqp://guest@rabbitmq"),
    ),
    Bad(
        id="an address where the workers' Secret belongs",
        message="or remove brokerSecretName to use the one of spec.broker",
        change={"spec": {"worker": {"brokerSecretName": "guest:guest"}}},
    ),
    Bad(
        id="a management address without its scheme",
        message="is not the address of a management API",
        change=broker(managementUri="rabbitmq:15672"),
    ),
    Bad(
        id="a management address of another protocol",
        message="is not the address of a management API",
        change=broker(managementUri="amqp://rabbitmq:5672"),
    ),
    Bad(
        id="a password in the management address",
        message="must not carry a user or password",
        change=broker(managementUri="http://guest:guest@rabbitmq:15672"),
    ),
    Bad(
        id="a delivery limit for a Classic queue",
        message="deliveryLimit needs type Quorum",
        change=queue(type="Classic", deliveryLimit=3),
    ),
    Bad(
        id="a delivery limit without dead letters",
        message="deliveryLimit needs deadLetters Declare",
        change=queue(deadLetters="None", deliveryLimit=3),
    ),
    Bad(
        id="certificates where their Secret's name belongs",
        message="put the certificates into a Secret",
        change=broker(caSecretName="/etc/ssl/ca.crt"),
    ),
    Bad(
        id="an argument without x-",
        message="arguments that RabbitMQ knows begin with 'x-'",
        change=queue(arguments={"max-length": 5}),
    ),
    Bad(
        id="an argument that has a field",
        message="arguments say what has a field of its own",
        change=arguments(delivery_limit=5),
    ),
    Bad(
        id="dead letters of one's own beside ours",
        message="deadLetters Declare sets the arguments x-dead-letter-... itself",
        change=arguments(dead_letter_exchange="rejected"),
    ),
    Bad(
        id="an overflow that loses dead letters",
        message="type Quorum with deadLetters Declare sets x-overflow itself",
        change=arguments(overflow="drop-head"),
    ),
    Bad(
        id="a queue that deletes itself",
        message="x-expires would delete the queue",
        change=arguments(expires=60_000),
    ),
    Bad(
        id="a single active consumer",
        message="x-single-active-consumer lets one worker work",
        change=arguments(single_active_consumer="true"),
    ),
    Bad(
        id="an argument of Classic queues for a Quorum queue",
        message="are of Classic queues",
        change=arguments(max_priority=5),
    ),
    Bad(
        id="an argument of Quorum queues for a Classic queue",
        message="are of Quorum queues",
        change=arguments(quorum_initial_group_size=3, of={"type": "Classic"}),
    ),
    Bad(
        id="an argument of streams",
        message="are of streams",
        change=arguments(max_age="1D"),
    ),
    Bad(
        id="a queue name that leaves no room for the retry queues",
        message="the queue's name is too long for worker.retry",
        change=merged(queue(name="q" * 241), worker(retry={"delaysSeconds": [1]})),
    ),
    Bad(
        id="crashes counted on a Classic queue",
        message="worker.maxCrashes needs queue.type Quorum",
        change=merged(queue(type="Classic"), worker(maxCrashes=3)),
    ),
    Bad(
        id="crashes counted without dead letters",
        message="worker.maxCrashes needs queue.type Quorum",
        change=merged(queue(deadLetters="None"), worker(maxCrashes=3)),
    ),
    Bad(
        id="more crashes than the broker waits for",
        message="worker.maxCrashes is not below queue.deliveryLimit",
        change=merged(queue(deliveryLimit=3), worker(maxCrashes=3)),
    ),
    Bad(
        id="more crashes than the broker waits for by itself",
        message="worker.maxCrashes is not below queue.deliveryLimit (20 where it is not given)",
        change=worker(maxCrashes=20),
    ),
    Bad(
        id="isolation of a command",
        message="isolation is for the handler python",
        change=merged(handler(command=["work"]), worker(isolation="Process")),
    ),
    Bad(
        id="a soft time limit that the hard one forestalls",
        message="softTimeoutSeconds is not below taskTimeoutSeconds",
        change=worker(softTimeoutSeconds=600),
    ),
    Bad(
        id="a limit that one's own consumer does not keep",
        message="which the handler own does without",
        change=merged(handler(own={}), worker(maxCrashes=3)),
    ),
    Bad(
        id="delays that do not grow",
        message="the delays must grow",
        change=worker(retry={"delaysSeconds": [10, 1]}),
    ),
    Bad(
        id="a delay given twice",
        message="the delays must grow",
        change=worker(retry={"delaysSeconds": [1, 10, 10]}),
    ),
    Bad(
        id="a server on the worker's port",
        message="9400 is the port of the worker beside it",
        change=handler(http={"port": 9400}),
    ),
    Bad(
        id="a server's address where its path belongs",
        message="is not a path",
        change=handler(http={"port": 8080, "path": "http://localhost/"}),
    ),
    Bad(
        id="no handler at all",
        message="give exactly one of python",
        change=handler(),
    ),
    Bad(
        id="two handlers",
        message="give exactly one of python",
        change=handler(command=["work"], own={}),
    ),
    Bad(
        id="a Python path without its function",
        message="is not a Python function",
        change=handler(python="package.module"),
    ),
    Bad(
        id="fewer workers at most than at least",
        message="minWorkers is above maxWorkers",
        change={"spec": {"scaling": {"minWorkers": 5, "maxWorkers": 4}}},
    ),
    Bad(
        id="more workers at least than the default allows",
        message="minWorkers is above maxWorkers",
        change={"spec": {"scaling": {"minWorkers": 51}}},
    ),
]

# Refused by types and bounds; the words are the API server's own.
OUT_OF_BOUNDS = [
    Bad(
        id="a name longer than a label",
        message="may not be more than 63 bytes",
        change={"metadata": {"name": "a" * 64}},
    ),
    Bad(
        id="no broker",
        message="spec.broker: Required value",
        change={"spec": {"broker": None}},
    ),
    Bad(
        id="no handler field",
        message="spec.worker.handler: Required value",
        change={"spec": {"worker": {"handler": None}}},
    ),
    Bad(
        id="a task longer than a day",
        message="spec.worker.taskTimeoutSeconds in body should be less than or equal to 86400",
        change=worker(taskTimeoutSeconds=86401),
    ),
    Bad(
        id="a true argument, which none of RabbitMQ's own needs",
        message='x-message-deduplication: Invalid value: "boolean"',
        change=arguments(message_deduplication=True),
    ),
    Bad(
        id="delays without any",
        message="spec.worker.retry.delaysSeconds in body should have at least 1 items",
        change=worker(retry={"delaysSeconds": []}),
    ),
    Bad(
        id="a server without a port",
        message="spec.worker.handler.http.port: Required value",
        change=handler(http={}),
    ),
    Bad(
        id="a prefetch without limit",
        message="spec.worker.prefetch in body should be greater than or equal to 1",
        change={"spec": {"worker": {"prefetch": 0}}},
    ),
    Bad(
        id="a command without a program",
        message="spec.worker.handler.command in body should have at least 1 items",
        change=handler(command=[]),
    ),
    Bad(
        id="an image with a space in it",
        message="spec.worker.image in body should match",
        change={"spec": {"worker": {"image": "worker: 1"}}},
    ),
    Bad(
        id="a mode that does not exist",
        message='supported values: "Auto", "Hold", "HoldDown", "HoldUp", "Fixed", "Advise"',
        change={"spec": {"scaling": {"mode": "Pause"}}},
    ),
    Bad(
        id="a metric that does not exist",
        message='supported values: "BacklogPerWorker", "DrainSeconds"',
        change={"spec": {"scaling": {"target": {"metric": "Cpu"}}}},
    ),
    Bad(
        id="a window longer than an hour",
        message="stabilizationSeconds in body should be less than or equal to 3600",
        change={"spec": {"scaling": {"scaleDown": {"stabilizationSeconds": 3601}}}},
    ),
]
