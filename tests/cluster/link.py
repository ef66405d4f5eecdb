"""The network link between the machine and the cluster, and the routes over it."""

from __future__ import annotations

from cluster import ownership
from cluster.addresses import (
    CLUSTER_ADDRESS,
    CLUSTER_LINK,
    HOST_ADDRESS,
    HOST_LINK,
    POD_NETWORK,
    SERVICE_NETWORK,
)
from cluster.commands import output
from cluster.ownership import Owner


def lay(owner: Owner, init: int) -> None:
    """Connect this machine with the namespaces of a process.

    Raises:
        ClusterError: a link of that name exists, or a route does.
    """
    peer = ["peer", "name", CLUSTER_LINK, "netns", str(init)]
    output(["ip", "link", "add", HOST_LINK, "type", "veth", *peer])
    output(["ip", "link", "set", HOST_LINK, "alias", ownership.describe(owner)])
    output(["ip", "address", "add", HOST_ADDRESS, "dev", HOST_LINK])
    output(["ip", "link", "set", HOST_LINK, "up"])
    for network in (POD_NETWORK, SERVICE_NETWORK):
        output(["ip", "route", "add", network, "via", CLUSTER_ADDRESS])


def remove() -> None:
    """Remove the link, and the routes with it, if it is still there.

    It goes with its namespace, but that may last minutes longer than the last process: as long
    as the kernel repeats the last packets of a connection that nobody answers any more.
    """
    if ownership.link_exists():
        output(["ip", "link", "delete", HOST_LINK])
