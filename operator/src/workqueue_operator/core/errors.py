"""Expected trouble. Each error has a CamelCase reason for a condition, and says the ways out.

WorkQueueError
  InvalidSpecError, PodTemplateRefusedError, RuntimeImageMissingError
  QueueConflictError, ForeignDeploymentError
  SecretError, BrokerChangedError
  BrokerError            (the broker, or the way to it)
    BrokerUnreachableError, AuthenticationFailedError, VhostDeniedError, TLSFailedError
    QueueError           (one queue; the connection is fine)
      QueueMismatchError, InvalidQueueError, ...
  ApiError               (the Kubernetes API refused or did not answer)
"""

from typing import ClassVar


class WorkQueueError(Exception):
    """Trouble that a user can see and mend; never a bug of ours."""

    reason: ClassVar[str] = "Error"


class InvalidSpecError(WorkQueueError):
    """A field breaks a rule that the schema of an older version did not have yet."""

    reason = "InvalidSpec"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"spec.{field} {problem}")


class InvalidAnnotationError(InvalidSpecError):
    """An annotation that outranks a field is not what that field may be."""

    def __init__(self, name: str, value: str, instead: str) -> None:
        WorkQueueError.__init__(
            self, f"annotation {name} is {value!r}: {instead}, or remove the annotation"
        )


class PodTemplateRefusedError(WorkQueueError):
    """spec.worker.podTemplate sets a field that the operator needs for itself."""

    reason = "PodTemplateRefused"

    def __init__(self, path: str, instead: str) -> None:
        super().__init__(f"spec.worker.podTemplate sets {path}, which the operator owns: {instead}")


class RuntimeImageMissingError(WorkQueueError):
    """The handler http needs the worker's own image, and the operator was not told of it."""

    reason = "RuntimeImageMissing"

    def __init__(self, server: str) -> None:
        super().__init__(
            f"the handler http runs the worker beside {server}, and the operator does not "
            "know the worker's own image: set workerImage in the chart's values (it becomes "
            "WORKQUEUE_OPERATOR_RUNTIME_IMAGE), or use the handler python, command or own"
        )


class QueueConflictError(WorkQueueError):
    """Another, older WorkQueue already has this queue."""

    reason = "QueueConflict"

    def __init__(self, queue: str, holder: str) -> None:
        super().__init__(
            f"queue {queue!r} already belongs to the older WorkQueue {holder}; this one does "
            f"nothing. Delete one of the two, or create this one again with another spec.queue.name"
        )


class ForeignDeploymentError(WorkQueueError):
    """A Deployment of our name exists and is not ours."""

    reason = "DeploymentConflict"

    def __init__(self, namespace: str, name: str) -> None:
        super().__init__(
            f"a Deployment {namespace}/{name} exists that this WorkQueue does not own, and it is "
            f"left alone. Delete or rename it, or create the WorkQueue under another name"
        )


class SecretError(WorkQueueError):
    """The Secret is not there, or does not say where the broker is."""

    reason = "SecretInvalid"


class SecretMissingError(SecretError):
    """There is no such Secret, or we may not read it."""

    reason = "SecretMissing"


class VhostMismatchError(SecretError):
    """The uri in the Secret names a vhost that is not spec.broker.vhost."""

    reason = "VhostMismatch"

    def __init__(self, secret: str, *, in_uri: str, in_spec: str) -> None:
        super().__init__(
            f"Secret {secret!r} has a uri with vhost {in_uri!r}, but spec.broker.vhost is "
            f"{in_spec!r}. Leave the vhost out of the uri, or make the two agree"
        )


class BrokerChangedError(WorkQueueError):
    """The Secret now names another broker than the one the queue was declared on."""

    reason = "BrokerChanged"

    def __init__(self, *, declared_on: str, now_named: str) -> None:
        super().__init__(
            f"the queue was declared on {declared_on}, but the Secret now names {now_named}; tasks "
            f"may wait on the old one, so the workers are held. Put the old address back, or "
            f"accept the new one: kubectl annotate --overwrite workqueue NAME "
            f"workqueue.dev/accept-broker={now_named}"
        )


class BrokerError(WorkQueueError):
    """The broker, or the way to it."""

    reason = "BrokerError"


class BrokerUnreachableError(BrokerError):
    """No answer: refused, timed out, name not found, connection lost."""

    reason = "BrokerUnreachable"


class AuthenticationFailedError(BrokerError):
    """The broker refused user name or password."""

    reason = "AuthenticationFailed"


class VhostDeniedError(BrokerError):
    """The vhost does not exist, or the user may not use it."""

    reason = "VhostDenied"


class TLSFailedError(BrokerError):
    """No TLS session: certificate, name or protocol."""

    reason = "TLSFailed"


class QueueError(BrokerError):
    """One queue; the connection is fine."""

    reason = "QueueError"


class QueueMismatchError(QueueError):
    """The queue exists with other parameters, and RabbitMQ will not redeclare it (AMQP 406)."""

    reason = "QueueMismatch"

    def __init__(self, queue: str, argument: str, *, found: str, wanted: str) -> None:
        super().__init__(
            f"queue {queue!r} exists with {argument} = {found}, but this WorkQueue asks for "
            f"{wanted}. RabbitMQ cannot change it in place and the operator deletes nothing: drain "
            f"and delete the queue (it is then declared anew), or delete this WorkQueue and create "
            f"it with what the queue has (deadLetters: None adopts a plain queue), or under "
            f"another spec.queue.name"
        )
        self.argument = argument


class InvalidQueueError(QueueError):
    """The broker does not accept these arguments for a new queue."""

    reason = "InvalidQueue"


class QueueLockedError(QueueError):
    """Another connection holds the queue exclusively (AMQP 405)."""

    reason = "QueueLocked"


class AccessRefusedError(QueueError):
    """The user lacks a right on this queue (AMQP 403)."""

    reason = "AccessRefused"


class BrokerDegradedError(QueueError):
    """The broker cannot serve this queue now: its node is down, or no majority (404, 541)."""

    reason = "BrokerDegraded"


class ApiError(WorkQueueError):
    """The Kubernetes API refused, or did not answer.

    status: the HTTP status, 0 when there was no answer. retry_after_seconds: as the server asks;
    0.0 when it does not.
    """

    reason = "KubernetesApi"

    def __init__(self, status: int, message: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_seconds = retry_after_seconds
