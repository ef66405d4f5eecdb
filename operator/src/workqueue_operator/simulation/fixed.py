"""A fixed number of workers, the oldest autoscaler of all."""

from dataclasses import dataclass

from workqueue_operator.simulation.world import World


@dataclass(frozen=True, slots=True)
class Fixed:
    """They are started with the first task, and stay."""

    least: int

    def begin(self, world: World) -> None:
        """The only step."""
        world.scale(self.least)

    def pod_ready(self, world: World, seconds: float) -> None:
        """Nothing follows."""
