"""What the operator takes while nothing happens, and what it takes of others."""

import time
from collections.abc import Callable, Sequence

from bench.figures import Figure
from bench.meters import Meter, rate
from bench.requests_seen import count
from bench.scene import Scene

WINDOWS = 3
WINDOW_SECONDS = 20.0
MINUTE = 60.0


def measure(scene: Scene) -> list[Figure]:
    """Three windows with the operator, and three without. The operator is stopped afterwards."""
    operator, broker, size = Meter.operator(), Meter.broker(), scene.size
    before, began = count(scene.kube), time.monotonic()
    ours, theirs = _windows(operator.cpu_seconds, broker.cpu_seconds)
    seen, minutes = count(scene.kube).since(before), (time.monotonic() - began) / MINUTE
    memory = operator.memory_mib()
    scene.operator.scale(0)
    time.sleep(WINDOW_SECONDS)  # connections end, channels are closed
    alone = _percent(Meter.broker().cpu_seconds)
    caused = [each - sum(alone) / len(alone) for each in theirs]
    note = f"the broker alone: {sum(alone) / len(alone):.1f} % of a core"

    def per_minute(key: str, number: int) -> Figure:
        return Figure(key=key, size=size, unit="per minute", trials=[number / minutes])

    return [
        Figure(key="operator-cpu", size=size, unit="% of a core", trials=ours),
        Figure(key="operator-memory", size=size, unit="MiB", trials=[memory]),
        Figure(key="broker-cpu", size=size, unit="% of a core", trials=caused, note=note),
        per_minute("api-writes", seen.writes),
        per_minute("api-secrets", seen.secrets),
        per_minute("api-reads", seen.reads),
    ]


def _windows(
    ours: Callable[[], float], theirs: Callable[[], float]
) -> tuple[Sequence[float], Sequence[float]]:
    """Both at the same time, in percent of a core."""
    mine, other = [], []
    for _ in range(WINDOWS):
        start = theirs()
        began = time.monotonic()
        mine.append(100 * rate(ours, seconds=WINDOW_SECONDS))
        other.append(100 * (theirs() - start) / (time.monotonic() - began))
    return mine, other


def _percent(counter: Callable[[], float]) -> Sequence[float]:
    return [100 * rate(counter, seconds=WINDOW_SECONDS) for _ in range(WINDOWS)]
