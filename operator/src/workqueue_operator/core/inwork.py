"""How many tasks are in work at workers that stay: the part of the backlog that is hard to see."""

from dataclasses import dataclass

from workqueue_operator.core.decision import Census, Seen
from workqueue_operator.core.learning import Learner
from workqueue_operator.core.readings import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class InWork:
    """Tasks in work that need their worker: surely `tasks`, and no more than `most`."""

    tasks: int
    most: int

    @property
    def exact(self) -> bool:
        """Nothing is left open."""
        return self.tasks == self.most


def in_work(seen: Seen, known: Known, prefetch: int) -> InWork:
    """Count the tasks in work that need their worker.

    The broker's count has those of draining pods in it, which need no new worker: no more than
    the workers that stay can hold is counted, and while some may drain, the pods are believed.
    Without the broker's count: while tasks wait, every consumer is as full as its prefetch lets
    it be; with none waiting, only the workers know.
    """
    room = min(seen.current, seen.wanted) * prefetch
    census = _census(seen, known)
    if census is not None:
        return _told(census, known, prefetch, room)
    if known.unacked is not None:
        held = min(known.unacked, room)
        return InWork(tasks=0 if seen.may_drain else held, most=held)
    full = min(known.consumers * prefetch, room)
    return InWork(tasks=full if known.ready else 0, most=full)


def learn_flow(learner: Learner, seen: Seen, prefetch: int, *, now: float) -> None:
    """Tell a learner what one reading says of the work: what there is, and how many are at it."""
    known = seen.reading
    if not isinstance(known, Known):
        learner.forget_flow()
        return
    tasks = in_work(seen, known, prefetch).tasks
    busy = float(min(tasks, seen.ready))
    learner.learn_flow(backlog=known.ready + tasks, busy=busy, now=now)


def busy_workers(seen: Seen, known: Known, prefetch: int) -> int | None:
    """How many workers that stay hold a task; None while that is not known."""
    if seen.recent_census is not None:
        return seen.recent_census.busy_workers
    work = in_work(seen, known, prefetch)
    return -(-work.tasks // prefetch) if work.exact else None


def _census(seen: Seen, known: Known) -> Census | None:
    """The census, where it knows more than the broker."""
    if known.unacked is None and known.ready == 0:
        return seen.fresh_census
    if not seen.may_drain:
        return None
    # With nothing waiting nobody has taken a task since, so an older one still bears a need down;
    # a step down asks for a fresh one anyway.
    return seen.recent_census if known.ready == 0 else seen.fresh_census


def _told(census: Census, known: Known, prefetch: int, room: int) -> InWork:
    """What the workers said; those that said nothing are full while tasks wait."""
    rest = census.silent * prefetch
    if known.unacked is not None:
        rest = min(rest, max(0, known.unacked - census.tasks - census.draining_tasks))
    most = min(census.tasks + rest, room)
    return InWork(tasks=most if known.ready else min(census.tasks, room), most=most)
