"""The way to the broker: straight, or through a port-forward of the Kubernetes API."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from workqueue_operator.cli.dlq.calls import QueueMissingError
from workqueue_operator.cli.dlq.line import Line
from workqueue_operator.cli.dlq.place import Cluster, Place
from workqueue_operator.cli.dlq.services import PodPort, pod_behind
from workqueue_operator.cli.errors import NotReachedError
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import (
    AccessRefusedError,
    AuthenticationFailedError,
    BrokerError,
    BrokerUnreachableError,
)

DIRECT, FORWARDED = "direct", "port-forward"
KNOCK_SECONDS = 3.0


@contextmanager
def dialled(cluster: Cluster, place: Place, way: str | None) -> Iterator[Line]:
    """A line to the broker; leaving it gives back all that was not acknowledged.

    way: DIRECT, FORWARDED, or None for whichever leads there.

    Raises:
        NotReachedError: the broker cannot be reached, or refuses.
    """
    inside = "KUBERNETES_SERVICE_HOST" in os.environ
    target = way_there(cluster, place, way, inside=inside)
    if target is None:
        yield from _line(place.access, None)
        return
    # Half of the command's start is this import, and who reaches the broker does without.
    from workqueue_operator.cli.dlq.forward import Forward  # noqa: PLC0415

    with Forward(cluster.connection, target) as forward:
        try:
            yield from _line(place.access, forward.address)
        except NotReachedError as error:
            told = f" ({forward.trouble})" if forward.trouble else ""
            raise NotReachedError(f"{error}; it was tried through {target}{told}") from error


def _line(access: Access, via: tuple[str, int] | None) -> Iterator[Line]:
    try:
        line = Line(access, via)
    except BrokerError as error:
        raise _explained(error) from error
    try:
        yield line
    except (QueueMissingError, AccessRefusedError) as error:
        raise _explained(error) from error
    finally:
        line.close()


def way_there(cluster: Cluster, place: Place, way: str | None, *, inside: bool) -> PodPort | None:
    """The pod to forward to; None: go straight. inside: we are in a pod of the cluster.

    A Service's name is a cluster's own. Outside of it the same name may be another machine's, which
    must not be told our password: there it is forwarded, though it could be reached.
    """
    access = place.access
    straight = way is None and (inside or not _is_clusters_own(access.host))
    if way == DIRECT or (straight and _answers(access)):
        return None
    target = pod_behind(cluster.api, access.host, access.port, namespace=place.namespace)
    if target is None and (way == FORWARDED or not _answers(access)):
        raise NotReachedError(
            f"{access.server} cannot be reached from here, and it is the name of no Service in "
            f"the cluster, so that no port can be forwarded. Run this where the broker can be "
            f"reached, for example in the operator's pod, or name with --broker-secret a Secret "
            f"whose host is one"
        )
    return target


def _is_clusters_own(host: str) -> bool:
    labels = host.rstrip(".").split(".")
    return len(labels) == 1 or "svc" in labels[2:4]


def _answers(access: Access) -> bool:
    """Whether somebody listens there; the broker is spoken to later."""
    try:
        socket.create_connection((access.host, access.port), KNOCK_SECONDS).close()
    except OSError:
        return False
    return True


def _explained(error: BrokerError) -> NotReachedError:
    ways_out = {
        AuthenticationFailedError: "--broker-secret NAME takes another Secret",
        AccessRefusedError: "looking needs read on the dead letters, replaying also write on "
        "amq.default; --broker-secret NAME takes a Secret with more rights",
        BrokerUnreachableError: "--port-forward and --direct force one way there",
        QueueMissingError: "the operator declares it when it can reach the broker: see `kubectl "
        "describe workqueue`",
    }
    way_out = ways_out.get(type(error))
    return NotReachedError(f"{error}. {way_out}" if way_out else str(error))
