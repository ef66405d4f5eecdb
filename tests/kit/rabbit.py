"""A broker as its administrator sees it, through the management API."""

import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests
from requests.auth import HTTPBasicAuth

TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Broker:
    """One vhost of a broker. host and management_uri are for this process; pods use pod_host."""

    host: str
    port: int
    management_uri: str
    username: str
    password: str
    vhost: str
    pod_host: str

    def create_vhost(self) -> None:
        """Create the vhost; the user may do everything in it."""
        self._call("PUT", f"vhosts/{_q(self.vhost)}")
        rights = {"configure": ".*", "write": ".*", "read": ".*"}
        self._call("PUT", f"permissions/{_q(self.vhost)}/{_q(self.username)}", rights)

    def delete_vhost(self) -> None:
        """Delete the vhost with all that is in it."""
        self._call("DELETE", f"vhosts/{_q(self.vhost)}", absent_is_fine=True)

    def declare(self, name: str, *, durable: bool = True, **arguments: object) -> None:
        """Declare a queue by hand."""
        self._call("PUT", self._queue(name), {"durable": durable, "arguments": _dashed(arguments)})

    def queue(self, name: str) -> dict[str, Any] | None:
        """What the broker says of a queue (counts may be 5 s old), or None."""
        found = self._call("GET", self._queue(name), absent_is_fine=True)
        return None if found is None else dict(found)

    def delete_queue(self, name: str) -> None:
        """Delete a queue by hand, with what is in it."""
        self._call("DELETE", self._queue(name), absent_is_fine=True)

    def purge(self, name: str) -> None:
        """Throw away what waits in a queue."""
        self._call("DELETE", f"{self._queue(name)}/contents")

    def peek(self, name: str, count: int = 1000) -> list[dict[str, Any]]:
        """Messages of a queue with their headers; they are put back."""
        question = {"count": count, "ackmode": "ack_requeue_true", "encoding": "auto"}
        found = self._call("POST", f"{self._queue(name)}/get", question)
        return list(found or ())

    def waiting(self, name: str) -> int:
        """How many messages are ready, counted now."""
        return len(self.peek(name))

    def create_user(
        self,
        name: str,
        password: str,
        *,
        read: str = ".*",
        configure: str = ".*",
        write: str = ".*",
        tags: str = "",
    ) -> None:
        """A user with rights on this vhost only. tags: with commas between."""
        self._call("PUT", f"users/{_q(name)}", {"password": password, "tags": tags})
        rights = {"configure": configure, "write": write, "read": read}
        self._call("PUT", f"permissions/{_q(self.vhost)}/{_q(name)}", rights)

    def put(self, name: str, *bodies: str) -> None:
        """Put persistent messages into a queue by hand."""
        for body in bodies:
            message = {
                "routing_key": name,
                "payload": body,
                "payload_encoding": "string",
                "properties": {"delivery_mode": 2},
            }
            path = f"exchanges/{_q(self.vhost)}/amq.default/publish"
            if not self._call("POST", path, message)["routed"]:
                raise AssertionError(f"nothing is routed to queue {name!r}")

    def disconnect(self, user: str) -> None:
        """Close all connections of a user."""
        self._call("DELETE", f"connections/username/{_q(user)}")

    def connections(self, user: str) -> list[str]:
        """Which clients are connected as this user, by the names that they gave themselves."""
        found = [
            each for each in self._call("GET", "connections") or () if each.get("user") == user
        ]
        return [str(each["client_properties"].get("connection_name", "")) for each in found]

    def answers(self) -> bool:
        """Whether it takes connections, and the vhost is up."""
        try:
            socket.create_connection((self.host, self.port), timeout=1).close()
            found = self._call("GET", f"vhosts/{_q(self.vhost)}")
        except (OSError, requests.RequestException):
            return False
        return all(state == "running" for state in found["cluster_state"].values())

    def delete_user(self, name: str) -> None:
        """Delete a user."""
        self._call("DELETE", f"users/{_q(name)}", absent_is_fine=True)

    def secret(self, name: str = "rabbitmq", **changed: str) -> dict[str, Any]:
        """The Secret as the RabbitMQ Cluster Operator writes it."""
        data = {
            "host": self.pod_host,
            "port": str(self.port),
            "username": self.username,
            "password": self.password,
        }
        meta = {"name": name}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": meta,
            "stringData": data | changed,
        }

    def _queue(self, name: str) -> str:
        return f"queues/{_q(self.vhost)}/{_q(name)}"

    def _call(
        self, verb: str, path: str, body: object = None, *, absent_is_fine: bool = False
    ) -> Any:
        answer = requests.request(
            verb,
            f"{self.management_uri}/api/{path}",
            json=body,
            auth=HTTPBasicAuth(self.username.encode(), self.password.encode()),
            timeout=TIMEOUT_SECONDS,
        )
        if answer.status_code == 404 and absent_is_fine:
            return None
        answer.raise_for_status()
        return answer.json() if answer.content else None


def _q(text: str) -> str:
    return quote(text, safe="")


def _dashed(arguments: dict[str, Any]) -> dict[str, Any]:
    return {key.replace("_", "-"): value for key, value in arguments.items()}
