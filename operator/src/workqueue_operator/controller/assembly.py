"""The controller put together from what it needs of the world."""

from dataclasses import dataclass

from workqueue_operator.controller.acting import Acting
from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.declaring import Declaring
from workqueue_operator.controller.finalizing import Finalizing
from workqueue_operator.controller.inspecting import Inspecting
from workqueue_operator.controller.loop import Controller
from workqueue_operator.controller.overseeing import Overseeing
from workqueue_operator.controller.pending import Pending
from workqueue_operator.controller.queueing import Queueing
from workqueue_operator.controller.refusing import Refusing
from workqueue_operator.controller.removal import Removal
from workqueue_operator.controller.reporter import Reporter
from workqueue_operator.controller.sampling import Sampling
from workqueue_operator.controller.secrets import Secrets
from workqueue_operator.controller.shrinking import Shrinking
from workqueue_operator.controller.slots import Slots
from workqueue_operator.controller.stepper import Stepper
from workqueue_operator.controller.storms import Storms
from workqueue_operator.controller.tending import Tending
from workqueue_operator.controller.timing import Timing
from workqueue_operator.controller.turns import Turns
from workqueue_operator.controller.watches import Watches
from workqueue_operator.ports import Cluster, Holders, Monitors, Rates, Topology, Upkeep
from workqueue_operator.telemetry import Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the controller works on, and with."""

    cluster: Cluster
    topology: Topology
    monitors: Monitors
    rates: Rates
    holders: Holders
    upkeep: Upkeep
    clock: Clock
    telemetry: Telemetry
    let_go_seconds: float  # as in Settings
    runtime_image: str = ""  # as in Settings


def assemble(world: World, *, threads: int, pending: Pending | None = None) -> Controller:
    """Build a controller; it does nothing before its start()."""
    pending = pending or Pending()
    reporter = Reporter(world.cluster, world.clock, world.telemetry, pending.is_crowded)
    return Controller(
        stepper=_stepper(world, reporter, threads),
        refusing=Refusing(world.cluster, reporter, world.clock),
        clock=world.clock,
        telemetry=world.telemetry,
        threads=threads,
        pending=pending,
    )


def _stepper(world: World, reporter: Reporter, threads: int) -> Stepper:
    cluster, clock = world.cluster, world.clock
    watches = Watches(world.monitors)
    declaring = Declaring(
        topology=world.topology,
        reporter=reporter,
        # A quarter of the threads is never kept waiting by brokers.
        slots=Slots(clock.monotonic, in_all=max(1, threads - threads // 4)),
        clock=clock,
    )
    secrets = Secrets(cluster.read_secret, clock)
    queueing = Queueing(secrets=secrets, declaring=declaring, watches=watches, clock=clock)
    tending = Tending(world.upkeep, clock)
    finalizing = Finalizing(
        cluster=cluster,
        tending=tending,
        removal=Removal(world.topology, watches, clock),
        queueing=queueing,
        reporter=reporter,
        clock=clock,
        let_go_seconds=world.let_go_seconds,
    )
    turns = Turns(clock.monotonic)
    acting = Acting(
        cluster=cluster,
        reporter=reporter,
        turns=turns,
        clock=clock,
        runtime_image=world.runtime_image,
    )
    sampling = Sampling(cluster, world.rates, clock)
    inspecting = Inspecting(cluster, world.holders, sampling, clock)
    return Stepper(
        queueing=queueing,
        acting=acting,
        finalizing=finalizing,
        tending=tending,
        overseeing=Overseeing(world.upkeep, clock),
        reporter=reporter,
        timing=Timing(clock),
        inspecting=inspecting,
        shrinking=Shrinking(cluster, inspecting, clock),
        storms=Storms(cluster, world.rates),
        clock=clock,
    )
