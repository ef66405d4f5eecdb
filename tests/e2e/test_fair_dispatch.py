"""Fair dispatch: light tasks do not wait behind heavy ones while a worker has nothing to do."""

import heapq
import time

import pytest

from kit.kube import wait_for
from kit.ledger import Ledger
from kit.story import Story

HEAVY_SECONDS = 3.0
LIGHT_SECONDS = 0.1
COUNT = 8
PATIENCE_SECONDS = 0.5 * HEAVY_SECONDS
FIRST = {"fair": 0, "greedy": COUNT}


def test_light_tasks_do_not_wait_behind_heavy_ones_but_with_a_large_prefetch(story: Story) -> None:
    # Given heavy and light tasks in turn, and a worker that has begun with the first
    for name, prefetch in {"fair": 1, "greedy": 100}.items():
        scaling = {"minWorkers": 0, "maxWorkers": 1}
        story.apply(name, {"worker": {"prefetch": prefetch}, "scaling": scaling})
        story.wait_ready(name)
        seconds = [LIGHT_SECONDS if n % 2 else HEAVY_SECONDS for n in range(COUNT)]
        story.put(name, [{"n": FIRST[name] + n, "seconds": s} for n, s in enumerate(seconds)])
    begun = set(FIRST.values())
    wait_for(
        "both to begin", lambda: begun <= story.ledger.read().count("started").keys(), seconds=9
    )
    # When a second one comes
    helped = {}
    for name in FIRST:
        story.set(name, {"scaling": {"minWorkers": 2, "maxWorkers": 2}})
    for name in FIRST:
        story.wait_workers(name, 2)
        helped[name] = time.time()
    story.wait_completed(2 * COUNT, seconds=60)
    # Then with a prefetch of 1 they share the work
    check_fair(story.ledger, FIRST["fair"], helped["fair"])
    # And with one of 100 they do not, and the check says so
    with pytest.raises(AssertionError, match="light tasks waited while a worker was free"):
        check_fair(story.ledger, FIRST["greedy"], helped["greedy"])


def check_fair(ledger: Ledger, first: int, helped: float) -> None:
    """Compare when light tasks began with when one of two workers could have begun them.

    first: the number of the first task; helped: since when the second worker was there.

    Raises:
        AssertionError: some waited in vain, with how long each of them did.
    """
    numbers = range(first, first + COUNT)
    began, ended = ledger.times("started"), ledger.times("completed")
    free = sorted([began[first], helped])
    waited: dict[int, float] = {}
    for n in numbers:
        waited[n] = began[n] - free[0]
        heapq.heapreplace(free, free[0] + ended[n] - began[n])
    vain = {n: round(waited[n], 1) for n in numbers[1::2] if waited[n] > PATIENCE_SECONDS}
    assert not vain, f"light tasks waited while a worker was free: seconds by task {vain}"
