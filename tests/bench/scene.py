"""One size, set up once for all its measurements."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.crowd import Crowd
from bench.population import Member, Population
from bench.requests_seen import count, counted
from bench.stage import place, run_name
from kit.kube import Kube
from kit.operating import Operator
from kit.rabbit import Broker
from tools import deploy

QUIET_SECONDS = 15
QUIET_LIMIT_SECONDS = 1800
ALONE_SECONDS = 60


class NotAloneError(Exception):
    """There are WorkQueues of somebody else, and they would be measured as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The operator as its chart installs it, and a population that is not applied yet."""

    population: Population
    members: Sequence[Member]
    broker: Broker
    crowd: Crowd
    operator: Operator
    image: str  # of workers

    @property
    def kube(self) -> Kube:
        """The operator's namespace."""
        return self.operator.kube

    @property
    def size(self) -> int:
        """How many WorkQueues."""
        return self.population.size

    def settle(self) -> None:
        """Wait until neither operator nor controllers have written for a while.

        Raises:
            TimeoutError: they go on and on.
        """
        deadline = time.monotonic() + QUIET_LIMIT_SECONDS
        writes, since = count(self.kube).writes, time.monotonic()
        while time.monotonic() - max(since, self.crowd.changed_at) < QUIET_SECONDS:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no rest within {QUIET_LIMIT_SECONDS} s: somebody still writes")
            time.sleep(2)
            now = count(self.kube).writes
            if now != writes:
                writes, since = now, time.monotonic()


@contextmanager
def scene(kubeconfig: Path, size: int) -> Iterator[Scene]:
    """Set up, and take everything away at the end, whatever happened.

    Raises:
        NotAloneError: names whose WorkQueues are in the way.
    """
    operator = Operator(kubeconfig, Kube.open(kubeconfig, deploy.NAMESPACE))
    _wait_alone(operator.kube)
    operator.scale(1)
    population = Population(run=run_name(), size=size)
    with (
        place(kubeconfig, population.run, population.namespaces()) as broker,
        counted(operator.kube),
        Crowd(operator.kube.api) as crowd,
    ):
        try:
            yield Scene(
                population=population,
                members=population.members(),
                broker=broker,
                crowd=crowd,
                operator=operator,
                image=deploy.images(kubeconfig)["worker"],
            )
        finally:
            operator.scale(1)


def _wait_alone(kube: Kube) -> None:
    """What is being deleted may still be there for a while."""
    deadline = time.monotonic() + ALONE_SECONDS
    while places := _places(kube):
        if time.monotonic() > deadline:
            raise NotAloneError(
                f"WorkQueues in {', '.join(places)} would be measured as well; what to do: "
                f"kubectl delete namespace {' '.join(places)}"
            )
        time.sleep(1)


def _places(kube: Kube) -> list[str]:
    found = kube.api.request("GET", "/apis/workqueue.dev/v1alpha1/workqueues")["items"]
    return sorted({each["metadata"]["namespace"] for each in found})
