"""Machines on one machine: a network namespace each, joined by a switch in another one.

The switch is a bridge that no firewall of this machine looks into. The machine itself is
plugged in, too. What a killed run left under the same names is removed first.
"""

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from cluster.commands import output
from cluster.errors import ClusterError

NETWORK = "10.86.0.0/24"  # beside the networks of the local cluster
_HOST_ADDRESS = "10.86.0.254/24"
_HOST_LINK = "wq-nodes"
_SWITCH = "wq-switch"


@dataclass(frozen=True, slots=True)
class Machine:
    """One namespace and its only address. The port of the switch has the machine's name."""

    name: str
    address: str

    @property
    def namespace(self) -> str:
        """Its name for `ip netns`."""
        return f"wq-{self.name}"

    def enter(self) -> list[str]:
        """The words that go before a command to run it there."""
        return ["ip", "netns", "exec", self.namespace]

    def cut(self) -> None:
        """Pull its cable: packets vanish, and nobody is told."""
        _ip(f"-n {_SWITCH} link set {self.name} down")

    def mend(self) -> None:
        """Put the cable back."""
        _ip(f"-n {_SWITCH} link set {self.name} up")


def lay(names: list[str]) -> Mapping[str, Machine]:
    """Make the machines, by name.

    Raises:
        ClusterError: no root, or this machine allows no namespaces or links.
    """
    if os.geteuid() != 0:
        raise ClusterError(
            "brokers in network namespaces need root", ways_out="run the tests with sudo."
        )
    machines = {name: Machine(name, f"10.86.0.{i}") for i, name in enumerate(names, start=1)}
    remove(machines)
    try:
        _lay_switch()
        for machine in machines.values():
            _plug_in(machine)
    except ClusterError as error:
        remove(machines)
        raise ClusterError(
            f"no network of namespaces here: {error}",
            ways_out=f"see that {NETWORK} is free, and that root may use `ip netns` here (in a "
            f"container: CAP_SYS_ADMIN and CAP_NET_ADMIN).",
        ) from error
    return machines


def remove(machines: Mapping[str, Machine]) -> None:
    """Remove all of it: the processes in these namespaces, the namespaces, the link."""
    there = set(output(["ip", "netns", "list"]).split())
    for name in (*(one.namespace for one in machines.values()), _SWITCH):
        if name in there:
            _kill_all_in(name)
            _ip(f"netns delete {name}")
    # It goes with its peer, but a namespace may live on for as long as its last connection.
    if _HOST_LINK in output(["ip", "-brief", "link"]):
        subprocess.run(["ip", "link", "delete", _HOST_LINK], capture_output=True, check=False)


def _lay_switch() -> None:
    _ip(f"netns add {_SWITCH}")
    _ip(f"-n {_SWITCH} link add bridge type bridge")
    _ip(f"-n {_SWITCH} link set bridge up")
    _ip(f"link add {_HOST_LINK} type veth peer name host netns {_SWITCH}")
    _ip(f"-n {_SWITCH} link set host master bridge up")
    _ip(f"address add {_HOST_ADDRESS} dev {_HOST_LINK}")
    _ip(f"link set {_HOST_LINK} up")


def _plug_in(machine: Machine) -> None:
    inside = machine.namespace
    _ip(f"netns add {inside}")
    _ip(f"link add {machine.name} netns {_SWITCH} type veth peer name eth0 netns {inside}")
    _ip(f"-n {_SWITCH} link set {machine.name} master bridge up")
    _ip(f"-n {inside} link set lo up")
    _ip(f"-n {inside} address add {machine.address}/24 dev eth0")
    _ip(f"-n {inside} link set eth0 up")


def _kill_all_in(namespace: str) -> None:
    for pid in output(["ip", "netns", "pids", namespace]).split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            continue  # it ended with the one before


def _ip(words: str) -> None:
    output(["ip", *words.split()])
