"""What can go wrong, in sentences that say what clashed and the ways out."""


class ProducerError(Exception):
    """Expected trouble: reported in one line, never with a traceback."""


class SettingsError(ProducerError):
    """The command line, the environment or the Secret's files do not say what to do."""


class SourceError(ProducerError):
    """The input could not be read to its end."""


class PublishError(ProducerError):
    """The broker did not take the tasks."""

    #: Whether trying again in a moment may help (a broker that restarts) or not (a wrong password).
    transient = False


class BrokerLostError(PublishError):
    """The broker is not there (any more), or it is not ready yet."""

    transient = True


class QueueMissingError(PublishError):
    """The queue is not there yet. A Job may be applied together with its WorkQueue."""

    transient = True

    def __init__(self, queue: str, vhost: str) -> None:
        super().__init__(
            f"there is no queue {queue!r} in vhost {vhost!r}. The operator declares it: see "
            f"`kubectl get workqueue -A` for a WorkQueue with this name, vhost and broker, and "
            f"`kubectl describe workqueue` for why it is not Ready"
        )


class AccessError(PublishError):
    """The broker refuses these credentials, this vhost or this operation."""


class RefusedError(PublishError):
    """The broker closed the channel on what was published."""


class StalledError(PublishError):
    """The broker is connected and confirms nothing."""


class StoppedError(PublishError):
    """A signal ended the work before every task was settled."""
