"""The operator put together: adapters into the controller, and what starts and ends when."""

import asyncio
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from workqueue_operator import handlers, probes
from workqueue_operator.broker.holders import ManagementHolders
from workqueue_operator.broker.monitors import RabbitMonitors
from workqueue_operator.broker.rates import ManagementRates
from workqueue_operator.broker.topology import RabbitTopology
from workqueue_operator.broker.upkeep import ManagementUpkeep
from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.connection import Connection
from workqueue_operator.cluster.objects import KubernetesCluster
from workqueue_operator.cluster.watch import DeploymentWatch
from workqueue_operator.controller.assembly import World, assemble
from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.loop import Controller
from workqueue_operator.controller.samples import samples
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import ApiError
from workqueue_operator.core.readings import Reading
from workqueue_operator.settings import Settings
from workqueue_operator.telemetry import Telemetry

_log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
LATE_SECONDS = 30.0
LIST_EVERY_SECONDS = 0.2
LIST_AGAIN_SECONDS = 3.0
GHOST_HUNT_SECONDS = 300.0


@dataclass(slots=True)
class App:
    """One operator process."""

    settings: Settings
    connection: Connection
    telemetry: Telemetry = field(default_factory=Telemetry)
    stop: threading.Event = field(default_factory=threading.Event)
    ready: threading.Event = field(default_factory=threading.Event)
    beat_at: float = field(default_factory=time.monotonic)
    starter: threading.Thread = field(init=False)
    cluster: KubernetesCluster = field(init=False)
    controller: Controller = field(init=False)
    monitors: RabbitMonitors = field(init=False)
    topology: RabbitTopology = field(init=False)
    watch: DeploymentWatch = field(init=False)

    def __post_init__(self) -> None:
        scope = self.settings.watch_namespaces
        api = Api(self.connection)
        self.cluster = KubernetesCluster(api, namespaces=scope)
        self.topology = RabbitTopology()
        self.monitors = self._monitors()
        world = World(
            cluster=self.cluster,
            topology=self.topology,
            monitors=self.monitors,
            rates=ManagementRates(),
            holders=ManagementHolders(),
            upkeep=ManagementUpkeep(),
            clock=Clock(),
            telemetry=self.telemetry,
            let_go_seconds=float(self.settings.let_go_seconds),
            runtime_image=self.settings.runtime_image,
        )
        self.controller = assemble(world, threads=self.settings.step_threads)
        self.telemetry.samples = lambda: samples(
            tuple(self.controller.states.by_uid.values()), now=time.monotonic()
        )
        self.telemetry.brokers = self.controller.stepper.queueing.watches.addresses
        self.starter = threading.Thread(target=self._start_when_listed, name="starter", daemon=True)
        self.watch = DeploymentWatch(api, self.controller.observe_deployment, namespaces=scope)

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, then end every thread, steps whole."""
        end_http = probes.serve(
            self.settings.http_port,
            self.telemetry.registry,
            healthy=self._trouble,
            ready=lambda: None if self.ready.is_set() else "not every object is listed yet",
        )
        self.watch.start()
        self.starter.start()
        try:
            asyncio.run(self._serve())
        finally:
            self._end()
            end_http()

    def _end(self) -> None:
        """The steps first, which use the rest; then all of that at the same time."""
        self.stop.set()
        self.controller.stop()
        ends = [
            threading.Thread(target=end, daemon=True)
            for end in (self.monitors.close, self.watch.stop, self.topology.close)
        ]
        for each in ends:
            each.start()
        for each in ends:
            each.join()  # each of them ends within 2 s, whatever the other side does

    def _monitors(self) -> RabbitMonitors:
        return RabbitMonitors(
            self._observe,
            read_cpu_fraction=self.settings.read_cpu_percent / 100,
            observe=self.telemetry.swept,
        )

    def _observe(self, access: Access, readings: Mapping[str, Reading]) -> None:
        self.controller.observe(access, readings)

    async def _serve(self) -> None:
        beating = asyncio.create_task(self._beat())
        try:
            await handlers.serve(
                self.controller.registry,
                self.connection,
                namespaces=self.settings.watch_namespaces,
                stop=asyncio.Event(),
            )
        finally:
            beating.cancel()

    async def _beat(self) -> None:
        """Show that the event loop turns, and how late."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(BEAT_SECONDS)
            self.beat_at = time.monotonic()
            self.telemetry.lagged(self.beat_at - began - BEAT_SECONDS)

    def _start_when_listed(self) -> None:
        """No step before everything is known: an elder claim, a Deployment that is there."""
        while (seconds := self._wait_seconds()) is not None:
            if self.stop.wait(seconds):
                return
        self.controller.start()
        self.ready.set()
        _log.info("started with %d WorkQueues", len(self.controller.registry.uids()))
        self._tell_when_decided()
        while not self.stop.wait(GHOST_HUNT_SECONDS):
            self._hunt_ghosts()

    def _tell_when_decided(self) -> None:
        """Say how long a start took, for who looks on."""
        began = time.monotonic()
        while not self.controller.decided_for_all():
            if self.stop.wait(LIST_EVERY_SECONDS) or time.monotonic() - began > GHOST_HUNT_SECONDS:
                return
        took, count = time.monotonic() - began, len(self.controller.registry.uids())
        _log.info("decided for all %d WorkQueues within %.1f s", count, took)

    def _wait_seconds(self) -> float | None:
        """None once all Deployments are listed and kopf has told of every WorkQueue there is."""
        if not self.watch.synced.is_set():
            return LIST_EVERY_SECONDS
        listed = self._listed()
        if listed is None:
            return LIST_AGAIN_SECONDS
        return None if listed <= self.controller.registry.uids() else LIST_EVERY_SECONDS

    def _hunt_ghosts(self) -> None:
        """kopf does not tell what vanished while its watch was broken."""
        before = self.controller.registry.uids()
        listed = self._listed()
        for uid in before - listed if listed is not None else ():
            self.controller.registry.forget_uid(uid)

    def _listed(self) -> frozenset[str] | None:
        """The uids of all WorkQueues, or None when the API server did not say."""
        try:
            return frozenset(self.cluster.list_workqueues())
        except ApiError as error:
            _log.warning("listing WorkQueues: %s", error)
            return None

    def _trouble(self) -> str | None:
        """What /healthz has to say."""
        late = time.monotonic() - self.beat_at
        if late > LATE_SECONDS:
            return f"the event loop has not turned for {late:.0f} s"
        if not self.starter.is_alive():
            return "the thread that starts the steps and hunts ghosts is dead"
        if not self.watch.alive():
            return "the watch of the Deployments is dead"
        if self.ready.is_set() and not self.controller.alive():
            return "a step thread is dead"
        dead = self.monitors.alive()
        return f"monitors without a turn: {', '.join(dead)}" if dead else None
