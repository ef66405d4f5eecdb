"""python -m bench: measure on the project's own cluster, and keep the trials in docs/.

python -m bench --sizes 1 100 --figures latency rest
"""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from bench import (
    applied,
    footprint,
    latency,
    ready,
    rest,
    restart,
    scalein,
    simulation,
    speed,
    surge,
)
from bench.figures import Figure
from bench.goals import SIZES
from bench.record import merge
from bench.scene import NotAloneError, Scene, scene
from bench.stage import stage
from tools import deploy

AT_A_SIZE: Mapping[str, Callable[[Scene], Sequence[Figure]]] = {
    "latency": lambda here: [latency.measure(here)],
    "surge": lambda here: [surge.measure(here)],
    "rest": rest.measure,
    "restart": restart.measure,
}
"""In this order: the measurement at rest stops the operator, and the restart starts it again."""
AT_NO_SIZE: Mapping[str, Callable[[Path], Sequence[Figure]]] = {
    "workers": lambda kubeconfig: _told(kubeconfig, footprint.workers),
    "ready": lambda kubeconfig: _told(kubeconfig, ready.measure),
    "scalein": lambda kubeconfig: _told(kubeconfig, scalein.measure),
    "simulate": lambda _kubeconfig: [simulation.measure()],
}


def main(words: Sequence[str] | None = None) -> int:
    """Measure; what is measured is kept at once. Returns the code to leave with."""
    names = [*AT_A_SIZE, *AT_NO_SIZE, "speed"]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[], metavar="N")
    parser.add_argument("--figures", nargs="*", default=[], choices=names, metavar="FIGURE")
    given = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was set up is taken away
    failed = 0
    for name, found in _all(given.sizes or SIZES, given.figures or names):
        try:
            for figures in found:
                merge(figures)
                _tell(figures)
        except (NotAloneError, TimeoutError, AssertionError) as error:
            print(f"error: {name}: {error}", file=sys.stderr, flush=True)
            failed += 1
    return 1 if failed else 0


def _all(
    sizes: Sequence[int], figures: Sequence[str]
) -> Iterator[tuple[str, Iterator[Sequence[Figure]]]]:
    """Each stage with the figures to come from it."""
    for name in figures:
        if name in AT_NO_SIZE or name == "speed":
            yield name, _once(name)
    here = [name for name in AT_A_SIZE if name in figures]
    for size in sizes if here else ():
        yield f"{size:,} WorkQueues", _at(size, here)


def _once(name: str) -> Iterator[Sequence[Figure]]:
    print(f"  {name}", flush=True)
    if name == "speed":
        yield from speed.measure()
        return
    yield AT_NO_SIZE[name](deploy.OWN_KUBECONFIG)


def _at(size: int, names: Sequence[str]) -> Iterator[Sequence[Figure]]:
    with scene(deploy.OWN_KUBECONFIG, size) as here:
        print(f"  {size:,} WorkQueues: {here.population.told()}", flush=True)
        yield [applied.measure(here)]
        for name in names:
            here.settle()
            print(f"  {size:,} WorkQueues at rest: {name}", flush=True)
            yield AT_A_SIZE[name](here)


def _told(kubeconfig: Path, measure: Callable[..., Sequence[Figure]]) -> Sequence[Figure]:
    with stage(kubeconfig) as story:
        return measure(story)


def _tell(figures: Sequence[Figure]) -> None:
    for each in figures:
        spread = f"median {each.quantile(0.5):.3f}, p99 {each.quantile(0.99):.3f} {each.unit}"
        print(f"    {each.key}: n {len(each.trials)}, {spread}  {each.note}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
