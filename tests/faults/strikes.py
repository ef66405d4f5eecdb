"""Which faults there are, and how they strike: one after the other in a lane, lanes at once."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from faults import blows
from faults.blows import Blow
from faults.notes import Incident
from faults.scene import QUEUES, Scene
from kit.kube import wait_for

WHOLE_SECONDS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A fault. times: in a run of its own; expect_seconds: what one of them takes, pause included.

    lane: in the run of all together, those of one lane follow each other, and lanes overlap.
    """

    strike: Callable[[Scene], Blow]
    lane: str
    times: int
    pause_seconds: float
    expect_seconds: float


KINDS: Mapping[str, Kind] = {
    "kill-workers": Kind(
        strike=blows.kill_workers, lane="workers", times=5, pause_seconds=6, expect_seconds=12
    ),
    "stop-broker": Kind(
        strike=blows.stop_broker, lane="broker", times=2, pause_seconds=8, expect_seconds=45
    ),
    "kill-broker": Kind(
        strike=blows.kill_broker, lane="broker", times=2, pause_seconds=8, expect_seconds=30
    ),
    "partition": Kind(
        strike=blows.partition, lane="broker", times=1, pause_seconds=8, expect_seconds=85
    ),
    "kill-operator": Kind(
        strike=blows.kill_operator, lane="control", times=3, pause_seconds=6, expect_seconds=15
    ),
    "drain": Kind(strike=blows.drain, lane="control", times=1, pause_seconds=6, expect_seconds=60),
    "rollout": Kind(
        strike=blows.rollout, lane="control", times=1, pause_seconds=6, expect_seconds=60
    ),
    "scale-in": Kind(
        strike=blows.scale_in, lane="size", times=6, pause_seconds=8, expect_seconds=16
    ),
    "rotate": Kind(
        strike=blows.rotate, lane="control", times=1, pause_seconds=6, expect_seconds=60
    ),
}
ENDLESS = ("workers", "size")
"""Lanes that go on in the run of all together until the others are through."""


@dataclass(slots=True)
class Strikes:
    """What the lanes of one run have done. recovered: incident -> queue -> seconds since the epoch,
    when all workers were ready again.
    """

    scene: Scene
    once: bool = False
    incidents: list[Incident] = field(default_factory=list)
    recovered: dict[int, dict[str, float]] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def lane(self, names: Sequence[str], goes_on: Callable[[], bool]) -> None:
        """Strike with each of these as often as it asks for, then again while `goes_on`."""
        try:
            for name in names:
                for _ in range(1 if self.once else KINDS[name].times):
                    self._strike(name)
            while goes_on():
                for name in names:
                    self._strike(name)
        except Exception as error:  # noqa: BLE001 - told in the report, and the run fails by it
            self.trouble.append(f"{', '.join(names)}: {type(error).__name__}: {error}")

    def _strike(self, name: str) -> None:
        kind = KINDS[name]
        blow = kind.strike(self.scene)
        with self._lock:
            place = len(self.incidents)
            self.incidents.append(blow.incident)
        print(f"    {name} {blow.incident.told}".rstrip(), flush=True)
        wait_for(f"the end of {name}", blow.is_over, seconds=WHOLE_SECONDS)
        self.recovered[place] = _whole(self.scene)
        time.sleep(kind.pause_seconds)


def _whole(scene: Scene) -> dict[str, float]:
    """When each WorkQueue has had all its workers, in seconds since the epoch."""
    found: dict[str, float] = {}

    def look() -> bool:
        for name in QUEUES:
            if name not in found and scene.is_whole(name):
                found[name] = time.time()
        return len(found) == len(QUEUES)

    wait_for("all workers to be ready", look, seconds=WHOLE_SECONDS)
    return found


def strike_all(strikes: Strikes, names: Sequence[str]) -> None:
    """One thread for each lane; the endless ones end with the others."""
    lanes: dict[str, list[str]] = {}
    for name in names:
        lanes.setdefault(KINDS[name].lane, []).append(name)
    others = threading.Event()
    ending_lanes = [lane for lane in lanes if lane not in ENDLESS]
    endless = [lane for lane in lanes if lane in ENDLESS]

    def begin(lane: str, goes_on: Callable[[], bool]) -> threading.Thread:
        thread = threading.Thread(target=strikes.lane, args=(lanes[lane], goes_on))
        thread.start()
        return thread

    without_end = [
        begin(lane, lambda: bool(ending_lanes) and not others.is_set()) for lane in endless
    ]
    for thread in [begin(lane, lambda: False) for lane in ending_lanes]:
        thread.join()
    others.set()
    for thread in without_end:
        thread.join()


def expected(names: Sequence[str], *, once: bool = False) -> float:
    """How long the faults will take: by so much the publishing is spread."""
    lanes: dict[str, float] = {}
    for name in names:
        kind = KINDS[name]
        times = 1 if once else kind.times
        lanes[kind.lane] = lanes.get(kind.lane, 0) + times * kind.expect_seconds
    return max(lanes.values())
