"""How many workers, and why. Pure: the same question gets the same answer.

The shape of every answer:
    need      what the backlog asks for, before bounds: tasks / target, rounded up
    up        at once, from zero to N in one step
    down      to the highest need of the whole stabilisation window, never below the busy
    unknown   nobody is sent home
"""

from dataclasses import dataclass
from typing import Literal

from workqueue_operator.core.decision import Census, Decision, Reason, Rules, Seen
from workqueue_operator.core.history import History
from workqueue_operator.core.inwork import InWork, in_work
from workqueue_operator.core.readings import Known, Missing, Unknown
from workqueue_operator.core.workqueue import Scaling

ZERO_PROOF_SECONDS = 10.0
ZERO_PROOF_READINGS = 3
"""A quorum queue that lost its leader answers 0; one zero proves nothing."""


def learn(rules: Rules, seen: Seen, history: History, *, now: float) -> None:
    """Put one reading into the history; a gap in what is known starts the window anew.

    A census counts as a need of its own: workers found busy keep their place for a window.
    """
    reading = seen.reading
    if not isinstance(reading, Known) or _is_lost_leader(rules, seen, reading):
        history.break_off()
        return
    tasks = in_work(seen, reading, rules.prefetch).tasks
    need = _workers_for(reading.ready + tasks, rules.scaling)
    if seen.fresh_census is not None:
        need = max(need, seen.fresh_census.busy_workers)
    empty = reading.ready == 0
    history.learn(need, empty=empty, now=now, window_seconds=rules.window_seconds)


def decide(rules: Rules, seen: Seen, history: History, *, now: float) -> Decision:
    """Choose how many workers should run, and say why. now: monotonic seconds.

    Total, deterministic, and monotone in the backlog. `history` has learned this reading before.
    """
    if rules.scaling.mode == "Hold":
        message = f"mode Hold: {seen.wanted} workers stay"
        return Decision(workers=seen.wanted, reason=Reason.HELD, message=message)
    reading = seen.reading
    if isinstance(reading, Unknown):
        return _hold(rules, seen, Reason.READING_UNKNOWN, reading.why)
    if isinstance(reading, Missing):
        return _hold(rules, seen, Reason.QUEUE_MISSING, reading.why)
    if _is_lost_leader(rules, seen, reading):
        why = f"the broker says 0 tasks and 0 consumers while {seen.ready} workers are ready"
        return _hold(rules, seen, Reason.ZERO_NOT_BELIEVED, why)
    return _Look(rules=rules, seen=seen, known=reading, history=history, now=now).answer()


def _is_lost_leader(rules: Rules, seen: Seen, known: Known) -> bool:
    """A quorum queue without a leader counts neither tasks nor consumers; ready workers consume."""
    nothing = known.ready == 0 and known.consumers == 0
    return rules.queue_type == "Quorum" and nothing and seen.ready > 0


def _hold(rules: Rules, seen: Seen, reason: Reason, why: str) -> Decision:
    workers = max(seen.wanted, rules.scaling.min_workers)
    return Decision(workers=workers, reason=reason, message=f"holding {workers} workers: {why}")


def _workers_for(tasks: int, scaling: Scaling) -> int:
    return -(-tasks // scaling.backlog_per_worker)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A decision on a Known reading that is believed."""

    rules: Rules
    seen: Seen
    known: Known
    history: History
    now: float

    def answer(self) -> Decision:
        scaling, wanted = self.rules.scaling, self.seen.wanted
        if wanted < scaling.min_workers and self._need() <= scaling.min_workers:
            return self._say(scaling.min_workers, Reason.BELOW_MINIMUM)
        possible = scaling.clamp(self._possible_need())
        if possible > wanted:
            return self._grow()
        if wanted > scaling.max_workers:
            more = "bounds outrank the busy, who finish their tasks"
            return self._say(scaling.max_workers, Reason.ABOVE_MAXIMUM, more)
        if possible == wanted:
            return self._stay()
        return self._shrink()

    @property
    def _work(self) -> InWork:
        return in_work(self.seen, self.known, self.rules.prefetch)

    def _need(self) -> int:
        """What the backlog surely asks for."""
        return _workers_for(self.known.ready + self._work.tasks, self.rules.scaling)

    def _possible_need(self) -> int:
        """The same, if none of the tasks in work is at a pod that drains."""
        told = self.known.ready == 0 and self.seen.recent_census is not None
        if told or not self._is_unclear():
            return self._need()
        return _workers_for(self.known.ready + self._work.most, self.rules.scaling)

    def _is_unclear(self) -> bool:
        """What draining pods hold is in the broker's count, and only the workers know how much."""
        uncounted = self.known.unacked is None or self.seen.fresh_census is not None
        return self.seen.may_drain and not uncounted

    def _ask_soon(self) -> Literal["soon"] | None:
        """Ask while workers may be kept by nothing but the tasks of draining pods."""
        waiting = self.rules.scaling.clamp(_workers_for(self.known.ready, self.rules.scaling))
        return "soon" if self._is_unclear() and waiting < self.seen.wanted else None

    def _say(
        self,
        workers: int,
        reason: Reason,
        more: str = "",
        ask: Literal["now", "soon"] | None = None,
    ) -> Decision:
        message = f"{self._why()}; {more}" if more else self._why()
        return Decision(workers=workers, reason=reason, message=message, ask=ask)

    def _why(self) -> str:
        work = self._work
        ready, need, scaling = self.known.ready, self._need(), self.rules.scaling
        least = "" if work.exact else "at least "
        bounds = ""
        if need != scaling.clamp(need):
            bounds = f" (bounds {scaling.min_workers} to {scaling.max_workers})"
        return (
            f"backlog {least}{ready + work.tasks} ({ready} ready, {least}{work.tasks} in work), "
            f"target {scaling.backlog_per_worker} per worker: needs {need}{bounds}"
        )

    def _grow(self) -> Decision:
        # What draining pods hold must ask for nobody: what is sure may grow now, the rest may not.
        scaling, wanted = self.rules.scaling, self.seen.wanted
        surely = scaling.clamp(self._need())
        ask: Literal["now"] | None = "now" if self._possible_need() > self._need() else None
        if surely > wanted:
            return self._say(surely, Reason.BACKLOG_GREW, ask=ask)
        return self._say(wanted, Reason.STEADY, "asking the workers who is busy", ask)

    def _stay(self) -> Decision:
        scaling, wanted = self.rules.scaling, self.seen.wanted
        if wanted == self._need() == 0:
            return self._say(wanted, Reason.IDLE)
        at_maximum = self._need() >= scaling.max_workers
        reason = Reason.AT_MAXIMUM if at_maximum else Reason.STEADY
        return self._say(wanted, reason, ask=self._ask_soon())

    def _shrink(self) -> Decision:
        scaling, wanted, window = self.rules.scaling, self.seen.wanted, self.rules.window_seconds
        if self.seen.rolling:
            return self._say(wanted, Reason.ROLLOUT, "nobody leaves while pods are replaced")
        highest = self.history.highest(now=self.now, window_seconds=window)
        if highest is None or scaling.clamp(highest) >= wanted:
            more = f"a lower need must last {window:.0f} s"
            if highest is not None:
                more = f"{highest} were needed or busy in the last {window:.0f} s"
            return self._say(wanted, Reason.COOLING_DOWN, more, self._ask_soon())
        if not self._zero_is_believed():
            more = f"a quorum queue's zero must last {ZERO_PROOF_SECONDS:.0f} s"
            return self._say(wanted, Reason.COOLING_DOWN, more)
        census = self.seen.fresh_census
        if census is None:
            return self._say(wanted, Reason.COOLING_DOWN, "asking the workers who is busy", "soon")
        return self._shrink_to(scaling.clamp(highest), census)

    def _zero_is_believed(self) -> bool:
        if self.rules.queue_type != "Quorum" or self.known.ready > 0:
            return True
        return self.history.zero_is_proven(
            now=self.now, seconds=ZERO_PROOF_SECONDS, readings=ZERO_PROOF_READINGS
        )

    def _shrink_to(self, target: int, census: Census) -> Decision:
        wanted = self.seen.wanted
        silent = census.silent
        if self.known.unacked is not None:
            silent = min(silent, max(0, self.known.unacked - census.tasks - census.draining_tasks))
        keep = max(target, min(census.busy_workers + silent, wanted))
        if keep < wanted:
            drained = self._need() == 0 and keep == self.rules.scaling.min_workers
            return self._say(keep, Reason.DRAINED if drained else Reason.BACKLOG_SHRANK)
        if census.busy_workers >= wanted or self.known.unacked is not None:
            quiet = f", and {silent} that did not answer may" if silent else ""
            more = f"{census.busy_workers} workers hold a task{quiet}"
            return self._say(wanted, Reason.WORKERS_BUSY, more)
        more = f"{silent} workers did not answer /busy, so one leaves at a time"
        return self._say(wanted - 1, Reason.SHRINKING_BLIND, more)
