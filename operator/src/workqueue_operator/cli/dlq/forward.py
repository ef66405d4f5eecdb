"""A port of a pod, forwarded by the Kubernetes API to a loopback address of this machine."""

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from kubernetes.client import ApiClient, CoreV1Api
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import portforward

from workqueue_operator.cli.dlq.services import PodPort
from workqueue_operator.cli.errors import NotReachedError
from workqueue_operator.cluster.connection import Connection

CHUNK_BYTES = 64 * 1024

_portforward: Callable[..., Any] = portforward


class Forward:
    """One connection, and then no other: nobody else on this machine is let in for long."""

    def __init__(self, connection: Connection, target: PodPort) -> None:
        """Ask the API server for it.

        Raises:
            NotReachedError: it, or the pod, refuses.
        """
        self._target = target
        self._stream = _open(connection, target)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        threading.Thread(target=self._serve, name="port-forward", daemon=True).start()

    @property
    def address(self) -> tuple[str, int]:
        """Where to connect to, once."""
        host, port = self._listener.getsockname()[:2]
        return str(host), int(port)

    @property
    def trouble(self) -> str:
        """What the pod's node said of it, if the connection broke; empty: nothing."""
        return str(self._stream.error(self._target.port) or "").strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it. What was sent before has been delivered or not, as with any connection."""
        for each in (self._listener, self._stream):
            with contextlib.suppress(OSError):  # it has ended by itself in the meantime
                each.close()

    def _serve(self) -> None:
        try:
            near, _ = self._listener.accept()
        except OSError:
            return  # given up before anybody came
        far = self._stream.socket(self._target.port)
        back = threading.Thread(target=_pump, args=(far, near), name="port-back", daemon=True)
        back.start()
        _pump(near, far)
        back.join()
        for each in (near, far):
            each.close()


def _open(connection: Connection, target: PodPort) -> Any:
    api = CoreV1Api(ApiClient(connection.configuration))
    try:
        return _portforward(
            api.connect_get_namespaced_pod_portforward,
            target.pod,
            target.namespace,
            ports=str(target.port),
        )
    except ApiException as error:
        raise NotReachedError(
            f"no port-forward to {target}: {_words(error)}. It needs the rights to get and to "
            f"create pods/portforward in namespace {target.namespace}; --direct goes without, "
            f"where the broker can be reached from here"
        ) from error


def _words(error: ApiException) -> str:
    """The first line alone: the rest are headers."""
    return str(error.reason or error.status).strip().partition("\n")[0][:300]


def _pump(source: Any, sink: Any) -> None:
    """Copy until one side ends, and tell the other side."""
    with contextlib.suppress(OSError):  # an end in disorder is an end
        while chunk := source.recv(CHUNK_BYTES):
            sink.sendall(chunk)
    for each in (source, sink):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
