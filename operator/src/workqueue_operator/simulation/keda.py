"""A model of KEDA's RabbitMQ scaler (over HTTP) with a HorizontalPodAutoscaler behind it.

KEDA itself only wakes the first worker and sends the last ones home. Everything between is the
HPA's, which Kubernetes lets look every 15 s. The figures are those of KEDA 2.20 and of
Kubernetes 1.35.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from random import Random

from workqueue_operator.simulation.world import World

STATISTICS_SECONDS = 5.0
"""A queue tells the management plugin its numbers so often; KEDA reads the last that it told."""
SYNC_SECONDS = 15.0
"""--horizontal-pod-autoscaler-sync-period of kube-controller-manager."""
TOLERANCE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaler:
    """A ScaledObject. value: tasks per worker, those in work included; pods_per_sync: the policy
    of scaleUp, None for the HPA's own limit, twice the pods or 4 of them."""

    value: float
    min_workers: int
    max_workers: int
    polling_seconds: float = 30.0
    cached: bool = False  # the HPA is told what the last poll has read
    cooldown_seconds: float = 300.0
    stabilization_seconds: float = 300.0  # of scaleDown
    pods_per_sync: int | None = None

    def most(self, current: int) -> int:
        """How far one sync may go up."""
        limit = current + self.pods_per_sync if self.pods_per_sync else max(2 * current, 4)
        return min(limit, self.max_workers)


@dataclass(slots=True)
class Keda:
    """One ScaledObject and its HPA. seed: their clocks have nothing to do with the tasks'."""

    by: Scaler
    seed: int
    _told: int = 0  # by the queue
    _polled: int = 0
    _active_at: float = float("-inf")
    _wanted: deque[tuple[float, int]] = field(default_factory=deque)  # at, what the HPA would do

    @property
    def least(self) -> int:
        """Replicas at rest."""
        return self.by.min_workers

    def begin(self, world: World) -> None:
        """Three clocks, each with a beginning of its own."""
        draw = Random(f"keda/{self.seed}").random  # noqa: S311 - a simulation, no secret
        world.scale(self.by.min_workers)
        world.at(draw() * STATISTICS_SECONDS, self._tell, world)
        world.at(draw() * self.by.polling_seconds, self._poll, world)
        world.at(draw() * SYNC_SECONDS, self._sync, world)

    def pod_ready(self, world: World, seconds: float) -> None:
        """It does not care."""

    def _tell(self, world: World) -> None:
        self._told = world.waiting + world.unacked
        world.at(world.now + STATISTICS_SECONDS, self._tell, world)

    def _poll(self, world: World) -> None:
        """KEDA: from zero to one, and after the cooldown from any number to zero."""
        self._polled = self._told
        if self._polled > 0:
            self._active_at = world.now
            if world.replicas == 0:
                world.scale(min(1, self.by.max_workers))
        elif self.by.min_workers == 0 and self._is_cool(world.now):
            world.scale(0)
        world.at(world.now + self.by.polling_seconds, self._poll, world)

    def _is_cool(self, now: float) -> bool:
        return now - self._active_at >= self.by.cooldown_seconds

    def _sync(self, world: World) -> None:
        """The HPA, which is switched off while there are no replicas."""
        if world.replicas > 0:
            self._recommend(world)
        world.at(world.now + SYNC_SECONDS, self._sync, world)

    def _recommend(self, world: World) -> None:
        current, least = world.replicas, max(1, self.by.min_workers)
        wanted = self._desired(len(world.staying), current)
        self._wanted.append((world.now, wanted))
        while self._wanted[0][0] < world.now - self.by.stabilization_seconds:
            self._wanted.popleft()
        if wanted < current:
            wanted = min(current, max(each for _, each in self._wanted))
        world.scale(max(least, min(wanted, self.by.most(current))))

    def _desired(self, pods: int, current: int) -> int:
        """As many as bring the average to the value; as many as now if it is nearly there."""
        metric = self._polled if self.by.cached else self._told
        if pods and 1 - TOLERANCE <= metric / (self.by.value * pods) <= 1 + TOLERANCE:
            return current
        return math.ceil(metric / self.by.value)
