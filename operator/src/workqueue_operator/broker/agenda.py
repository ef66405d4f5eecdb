"""What a monitor reads, and when. Belongs to the monitor's thread, except for `watched`."""

from collections.abc import Callable, Mapping

from workqueue_operator.broker.budget import Spending, reads_per_second
from workqueue_operator.broker.pace import FLOOR_SECONDS
from workqueue_operator.broker.seldom import Seldom
from workqueue_operator.broker.tiers import Tiers, plan
from workqueue_operator.broker.watched import Watched
from workqueue_operator.core.readings import Reading

_MOST_DEBT_SECONDS = 1.0


class Agenda:
    """Turns within a budget. It outlives connections: after an outage the turns are the same."""

    def __init__(
        self, watched: Watched, *, share: Callable[[], float], floor_seconds: float = FLOOR_SECONDS
    ) -> None:
        """share: which part of a core reading may take, now. floor_seconds: between two turns."""
        self._watched = watched
        self._share = share
        self._floor_seconds = floor_seconds
        self._tiers = Tiers()
        self.seldom = Seldom()
        self._spending = Spending()
        self._debt_seconds = 0.0

    def keep(self) -> set[str]:
        """Take note of what is watched now. Returns the queues that are not, any more."""
        changes = self._watched.take_changes()
        if changes is None:
            return set()
        queues, seldom = changes
        return (self._tiers.keep(queues) | self.seldom.keep(seldom)) - queues - seldom

    def fresh(self) -> set[str]:
        """The queues that are new, to be read at once."""
        fresh = self._watched.take_fresh()
        self._tiers.add(fresh)
        return fresh

    def turn(self) -> tuple[set[str], float]:
        """The queues to read now, and the seconds from now until the next turn.

        What was read between two turns is paid for by a longer interval, in part.
        """
        hot, sleeping, share = self._tiers.hot, self._tiers.sleeping, self._share()
        per_second = reads_per_second(hot + sleeping, self._spending.seconds_per_read(), share)
        now = plan(hot, sleeping, reads_per_second=per_second, floor_seconds=self._floor_seconds)
        debt_seconds = min(_MOST_DEBT_SECONDS, self._debt_seconds / share)
        self._debt_seconds = 0.0
        queues = self.fresh().union(self._tiers.take(now.sleepers))
        queues.update(self.seldom.take(len(queues), seconds=now.interval_seconds))
        return queues, now.interval_seconds + debt_seconds

    def parted(
        self, readings: Mapping[str, Reading]
    ) -> tuple[Mapping[str, Reading], Mapping[str, Reading]]:
        """Those of the usual queues, and those of the seldom ones."""
        seldom = {queue: each for queue, each in readings.items() if queue in self.seldom}
        if not seldom:
            return readings, seldom
        return {queue: each for queue, each in readings.items() if queue not in seldom}, seldom

    def have_read(
        self, readings: Mapping[str, Reading], *, cpu_seconds: float, now: float, extra: bool
    ) -> None:
        """What came of it; extra: between two turns. now: monotonic seconds."""
        self._tiers.learn(readings, now)
        self._spending.spent(cpu_seconds, len(readings))
        if extra:
            self._debt_seconds += cpu_seconds
