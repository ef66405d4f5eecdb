"""How long `workqueue simulate` takes for a day of 100,000 tasks: python -m bench.simulation."""

import sys
import time

from bench.figures import Figure
from workqueue_operator.cli.main import main as workqueue
from workqueue_operator.simulation.generated import SHAPES

KEY = "simulate"
GOAL_SECONDS = 10.0


def measure() -> Figure:
    """Every day that can be generated, with all policies: seconds of a core, whatever else runs."""
    trials = [_seconds(shape) for shape in SHAPES]
    return Figure(key=KEY, size=0, unit="s", trials=trials, note=", ".join(SHAPES))


def _seconds(shape: str) -> float:
    begin = time.process_time()
    if workqueue(["simulate", "--trace", shape]) != 0:
        raise AssertionError(f"workqueue simulate --trace {shape} failed")
    return time.process_time() - begin


def main() -> int:
    """Measure and tell. Returns 1 if the slowest day misses the goal."""
    figure = measure()
    slowest = max(figure.trials)
    told = ", ".join(f"{seconds:.1f} s" for seconds in figure.trials)
    print(f"{figure.note}: {told} (goal: below {GOAL_SECONDS:.0f} s each)")
    return int(slowest >= GOAL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
