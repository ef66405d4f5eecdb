"""A broker that can fall silent for one story alone."""

from dataclasses import dataclass
from typing import Any

from kit.story import Story


@dataclass(frozen=True, slots=True)
class Gate:
    """A Service in the story's own namespace before the broker: one that can be shut."""

    story: Story
    guest: str

    def open(self, address: str) -> None:
        """Lead to the broker's pod."""
        port = {"name": "amqp", "port": 5672, "protocol": "TCP"}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "gate"}}
        labels = {"kubernetes.io/service-name": "gate"}
        self.story.kube.apply(
            {**service, "spec": {"ports": [port]}},
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {"name": "gate", "labels": labels},
                "addressType": "IPv4",
                "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
                "ports": [port],
            },
        )

    def secret(self) -> dict[str, Any]:
        """A Secret that leads through it, of a user of its own."""
        broker, host = self.story.broker, f"gate.{self.story.kube.namespace}.svc"
        broker.create_user(self.guest, "guest-password")
        return broker.secret("gate", host=host, username=self.guest, password="guest-password")

    def shut(self) -> None:
        """Nobody answers there any more, and who is connected is not for long."""
        self.story.kube.delete("EndpointSlice", "gate")
        self.story.stay(1)  # kube-proxy has to learn of it
        self.story.broker.disconnect(self.guest)
