"""What stories of steps down are told with."""

from unit.controller.rig import KEY, Rig
from workqueue_operator.controller.shrinking import SETTLE_SECONDS
from workqueue_operator.core.victims import IDLE_COST, NO_COST
from workqueue_operator.ports import BusyAnswer

MARKED_34 = {"thumbnails-3": IDLE_COST, "thumbnails-4": IDLE_COST}


def quiet(rig: Rig, *busy: int) -> None:
    """Nothing waits any more, and only these of five workers hold a task."""
    rig.broker.queue().ready, rig.broker.queue().unacked = 0, len(busy)
    tell(rig, *busy)


def tell(rig: Rig, *busy: int) -> None:
    """These of the workers say that they hold a task, and all others that they hold none."""
    for number, each in enumerate(rig.cluster.pods[KEY]):
        rig.cluster.busy[each.name] = BusyAnswer(busy=int(number in busy), draining=False)


def until_marked(rig: Rig) -> None:
    """Let time pass until somebody is marked."""
    for _ in range(1000):
        if rig.cluster.marks:
            return
        rig.pass_seconds(0.2, every=0.2)
    raise AssertionError("nobody was marked")


def settle(rig: Rig) -> None:
    """The marks have been seen."""
    rig.quiet_seconds(SETTLE_SECONDS)
    rig.run()


def costs(rig: Rig) -> dict[str, int]:
    """The marks that there are."""
    return {each.name: each.cost for each in rig.cluster.pods[KEY] if each.cost != NO_COST}
