"""How many workers, and why. Pure: the same question gets the same answer.

The shape of every answer:
    need      what the backlog asks for, before bounds, by the target
    up        at once, from zero to N in one step, unless scaleUp or the cluster limits it
    down      to the highest need of the whole stabilisation window, never below the busy
    unknown   nobody is sent home, and after a while there may be a floor
    mode      which part of that is followed
"""

from dataclasses import replace

from workqueue_operator.core.decision import Decision, Reason, Rules, Seen
from workqueue_operator.core.growth import grow, keep_few, to_minimum
from workqueue_operator.core.history import History
from workqueue_operator.core.inwork import in_work
from workqueue_operator.core.look import Look
from workqueue_operator.core.need import need_of
from workqueue_operator.core.readings import Known, Missing, Unknown
from workqueue_operator.core.shrinking import shrink


def learn(rules: Rules, seen: Seen, history: History, *, now: float) -> None:
    """Put one reading into the history; a gap in what is known starts the windows anew."""
    reading = seen.reading
    if not isinstance(reading, Known) or _is_lost_leader(rules, seen, reading):
        history.break_off(now)
        return
    tasks = in_work(seen, reading, rules.prefetch).tasks
    need = need_of(reading.ready, tasks, rules, seen)
    if rules.scaling.target.metric == "DrainSeconds" and seen.fresh_census is not None:
        # What is estimated of the work is less sure than who was seen at it.
        need = need.at_least(seen.fresh_census.busy_workers)
    empty = reading.ready == 0
    history.learn(need, least=need.workers, empty=empty, now=now)
    history.forget_before(
        up_seconds=float(rules.scaling.scale_up.stabilization_seconds),
        down_seconds=rules.window_seconds,
        now=now,
    )


def decide(rules: Rules, seen: Seen, history: History, *, now: float) -> Decision:
    """Choose how many workers should run, and say why. now: monotonic seconds.

    Total, deterministic, and monotone in the backlog. `history` has learned this reading before.
    """
    mode, wanted = rules.scaling.mode, seen.wanted
    if mode == "Hold":
        return Decision(workers=wanted, reason=Reason.HELD, message=_stay("Hold", wanted))
    if mode == "Fixed":
        workers = rules.scaling.fixed_workers or 0
        return Decision(workers=workers, reason=Reason.FIXED, message=_stay("Fixed", workers))
    auto = _auto(rules, seen, history, now)
    if mode == "Advise":
        message = f"mode Advise: {wanted} workers stay, {auto.workers} would run ({auto.message})"
        return replace(
            auto, workers=wanted, advised=auto.workers, reason=Reason.ADVISED, message=message
        )
    if mode == "HoldDown" and auto.workers < wanted:
        return _held(auto, Reason.HELD_DOWN, f"mode HoldDown: {wanted} workers stay", wanted)
    if mode == "HoldUp" and auto.workers > wanted:
        return _held(auto, Reason.HELD_UP, f"mode HoldUp: {wanted} workers stay", wanted)
    return auto


def _stay(mode: str, workers: int) -> str:
    return f"mode {mode}: {workers} workers stay"


def _held(auto: Decision, reason: Reason, what: str, wanted: int) -> Decision:
    message = f"{what} ({auto.workers} would do: {auto.message})"
    return replace(auto, workers=wanted, reason=reason, message=message)


def _auto(rules: Rules, seen: Seen, history: History, now: float) -> Decision:
    reading = seen.reading
    if isinstance(reading, Unknown):
        return _hold(rules, seen, history, now, (Reason.READING_UNKNOWN, reading.why))
    if isinstance(reading, Missing):
        return _hold(rules, seen, history, now, (Reason.QUEUE_MISSING, reading.why))
    if _is_lost_leader(rules, seen, reading):
        why = f"the broker says 0 tasks and 0 consumers while {seen.ready} workers are ready"
        return _hold(rules, seen, history, now, (Reason.ZERO_NOT_BELIEVED, why))
    look = Look(rules=rules, seen=seen, known=reading, history=history, now=now)
    return keep_few(look, _follow(look))


def _is_lost_leader(rules: Rules, seen: Seen, known: Known) -> bool:
    """A quorum queue without a leader counts neither tasks nor consumers; ready workers consume."""
    nothing = known.ready == 0 and known.consumers == 0
    return rules.queue_type == "Quorum" and nothing and seen.ready > 0


def _hold(
    rules: Rules, seen: Seen, history: History, now: float, because: tuple[Reason, str]
) -> Decision:
    """Never fewer than now; after a while at least what the user wants blindly."""
    (reason, why), scaling = because, rules.scaling
    floor = seen.floor.workers if seen.floor else 0
    workers = max(seen.wanted, scaling.clamp(0, floor=floor))
    blind, after = scaling.on_unknown.min_workers, scaling.on_unknown.after_seconds
    left = after - history.unknown_seconds(now)
    if blind is None or workers > blind:
        return Decision(workers=workers, reason=reason, message=_holding(workers, why))
    if left > 0:
        then = f"; {blind} workers in {left:.0f} s" if workers < blind else ""
        message = f"{_holding(workers, why)}{then}"
        return Decision(workers=workers, reason=reason, message=message, again_seconds=left)
    message = f"nothing has been known for {after} s or more, so {blind} workers run: {why}"
    return Decision(workers=blind, reason=Reason.UNKNOWN_FLOOR, message=message)


def _holding(workers: int, why: str) -> str:
    return f"holding {workers} workers: {why}"


def _follow(look: Look) -> Decision:
    """A decision on what was counted."""
    wanted, maximum = look.seen.wanted, look.rules.scaling.max_workers
    raised = to_minimum(look)
    if raised is not None:
        return raised
    possible = look.clamp(look.possible_need())
    if possible > wanted:
        return grow(look)
    if wanted > maximum:
        more = "bounds outrank the busy, who finish their tasks"
        return look.say(maximum, Reason.ABOVE_MAXIMUM, more)
    return _stay_at(look) if possible == wanted else shrink(look)


def _stay_at(look: Look) -> Decision:
    wanted, need = look.seen.wanted, look.need()
    if wanted == need == 0:
        waiting = look.known.ready
        if waiting:
            activation = look.rules.scaling.activation_backlog
            more = f"the first worker comes when more than {activation} wait"
            return look.say(wanted, Reason.BELOW_ACTIVATION, more)
        return look.say(wanted, Reason.IDLE)
    at_maximum = need >= look.rules.scaling.max_workers
    return look.say(wanted, Reason.AT_MAXIMUM if at_maximum else Reason.STEADY, ask=look.ask_soon())
