"""One run: tasks come, faults strike, and at the end every task is accounted for."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from faults import ending
from faults.feed import Feed, lots, tasks
from faults.names import ALL
from faults.scene import QUEUES, Scene
from faults.strikes import KINDS, Strikes, expected, strike_all
from kit.kube import wait_for
from kit.watching import Replicas

WARM_SECONDS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many short tasks and how many of 10 s, both queues together; the most workers of each."""

    short: int
    long: int
    workers: int


def run(scene: Scene, fault: str, size: Size, *, once: bool = False) -> ending.Ending:
    """Publish the tasks, half to each queue, while this fault strikes.

    once: each fault strikes once, instead of as often as its kind says.
    """
    names = list(KINDS) if fault == ALL else [fault]
    hurry, strikes = threading.Event(), Strikes(scene, once=once)
    scene.begin()
    feeds = {name: _feed(scene, name, size, hurry) for name in QUEUES}
    for feed in feeds.values():
        feed.every_seconds = expected(names, once=once) / len(feed.lots)
    with ExitStack() as stack:
        histories = {q: stack.enter_context(Replicas(scene.story.kube, q)) for q in QUEUES}
        with _running([feed.run for feed in feeds.values()], strikes.trouble):
            began = time.time()
            _wait_warm(scene)
            strike_all(strikes, names)
            hurry.set()
        for feed in feeds.values():
            strikes.trouble += feed.trouble
        ending.keep_evidence(scene, strikes.incidents)
        ending.wait_until_done(scene, feeds)
        seen = {name: ending.look(scene, feeds[name], histories[name]) for name in QUEUES}
    return ending.Ending(
        fault=fault,
        seen={n: ending.with_incidents(each, strikes.incidents) for n, each in seen.items()},
        recovered=strikes.recovered,
        trouble=strikes.trouble,
        seconds=time.time() - began,
    )


def _feed(scene: Scene, name: str, size: Size, hurry: threading.Event) -> Feed:
    short, long = size.short // len(QUEUES), size.long // len(QUEUES)
    these = tasks(short + long, long, seed=list(QUEUES).index(name))
    parts = lots(these, min(40, max(5, len(these) // 100)))
    return Feed(
        queue=name,
        vhost=scene.story.broker.vhost,
        lots=parts,
        every_seconds=0,
        broker_dir=scene.keys.files,
        hurry=hurry,
    )


def _wait_warm(scene: Scene) -> None:
    """Until workers of both queues are at work."""

    def look() -> bool:
        return all(scene.story.replicas(n) > 0 and scene.is_whole(n) for n in QUEUES)

    wait_for("workers of both", look, seconds=WARM_SECONDS)


@contextmanager
def _running(works: Sequence[Callable[[], None]], trouble: list[str]) -> Iterator[None]:
    """Each in a thread; they are waited for at the end."""

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - told in the report, and the run fails by it
            trouble.append(f"publishing: {type(error).__name__}: {error}")

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()
