"""What a process of the local cluster takes: from /proc, so that asking costs it nothing."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cluster.addresses import NODE_ADDRESS
from cluster.components import ETCD
from kit.processes import find, find_operator

MIB = 1024 * 1024
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_USER, _SYSTEM = 11, 12  # in /proc/PID/stat, counted after the name


@dataclass(frozen=True, slots=True)
class Meter:
    """One process."""

    pid: int

    @classmethod
    def operator(cls) -> Self:
        """The operator in its pod."""
        return cls(find_operator())

    @classmethod
    def broker(cls) -> Self:
        """The broker in its pod."""
        return cls(find("beam.smp", "KUBERNETES_SERVICE_PORT=443"))

    def cpu_seconds(self) -> float:
        """User and system time since its start: what process_cpu_seconds_total is made of."""
        text = Path(f"/proc/{self.pid}/stat").read_text()
        fields = text.rpartition(")")[2].split()
        return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS

    def memory_mib(self) -> float:
        """Resident memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE / MIB


# By these words, and not by name: a test may run an API server of its own on this machine.
_WORDS = {
    "kube-apiserver": f"--advertise-address={NODE_ADDRESS}",
    "etcd": f"--listen-client-urls={ETCD}",
    "kube-controller-manager": "/config/controller-manager.kubeconfig",
}


class Bill:
    """Who took how much of the machine since this was made."""

    def __init__(self) -> None:
        self._meters = {"operator": Meter.operator(), "broker": Meter.broker()}
        self._meters |= {name: Meter(find(word)) for name, word in _WORDS.items()}
        self._before = {name: each.cpu_seconds() for name, each in self._meters.items()}

    def told(self) -> str:
        """In CPU seconds, the largest first."""
        spent = {
            name: each.cpu_seconds() - self._before[name] for name, each in self._meters.items()
        }
        ordered = sorted(spent.items(), key=lambda item: -item[1])
        return ", ".join(f"{name} {seconds:.1f}" for name, seconds in ordered)


def rate(counter: Callable[[], float], *, seconds: float) -> float:
    """How fast a counter rises, per second, over so long."""
    before, began = counter(), time.monotonic()
    time.sleep(seconds)
    return (counter() - before) / (time.monotonic() - began)
