"""Where Secrets are read from, for stories of how often they are."""

from collections.abc import Mapping

from unit.controller.fake_broker import secret
from workqueue_operator.core.errors import ApiError, SecretMissingError


class Shelf:
    """Secrets by name, each read written down."""

    def __init__(self, **more: Mapping[str, bytes]) -> None:
        """Holds the Secret rabbitmq, and these."""
        self.data: dict[str, Mapping[str, bytes]] = {"rabbitmq": secret(), **more}
        self.reads: list[str] = []
        self.down = False

    def read(self, namespace: str, name: str) -> Mapping[str, bytes]:
        """As ports.Cluster.read_secret."""
        self.reads.append(name)
        if self.down:
            raise ApiError(0, "no answer")
        if name not in self.data:
            raise SecretMissingError(f"Secret {namespace}/{name} does not exist")
        return self.data[name]
