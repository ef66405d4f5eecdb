"""A list and a watch of one kind of object, for those who remember what they hear."""

import threading
from collections.abc import Callable, Mapping

from kit.kube import Kube, wait_for
from workqueue_operator.cluster.stream import Listener, ListWatch, Timing
from workqueue_operator.ports import Json

Learn = Callable[[Json], None]


def listen(
    kube: Kube, path: str, query: Mapping[str, str], learn: Learn, *, deleted: Learn | None = None
) -> ListWatch:
    """Have `learn` hear of every object there is and of every change; returns after the first list.

    deleted: hears of the objects that go; without it nobody does.
    """
    is_listed = threading.Event()

    def listed(items: object) -> None:
        for item in items if isinstance(items, list | tuple) else ():
            learn(item)
        is_listed.set()

    listener = Listener(listed=listed, changed=learn, deleted=deleted or (lambda _: None))
    watch = ListWatch(kube.api, path, query, listener, Timing())
    watch.start()
    wait_for("the first list", is_listed.is_set, seconds=10, every=0.02)
    return watch


def end(watch: ListWatch | None) -> None:
    """Hear no more."""
    if watch is not None:
        watch.stop()
        watch.join(2)
