"""The step up: at once and all that is needed, unless the rules or the cluster say otherwise."""

from workqueue_operator.core.decision import Decision, Reason
from workqueue_operator.core.look import Ask, Look


def to_minimum(look: Look) -> Decision | None:
    """To the lower bound, whatever else there is; None where it is met or more is needed."""
    if look.seen.wanted >= look.low or look.need() > look.low:
        return None
    floor = look.seen.floor
    if floor is not None and floor.workers > look.rules.scaling.min_workers:
        more = f"floor {floor.what}: {floor.workers} workers"
        return look.say(look.low, Reason.SCHEDULED_FLOOR, more)
    return look.say(look.low, Reason.BELOW_MINIMUM)


def grow(look: Look) -> Decision:
    """More may be needed than there are.

    What draining pods hold must ask for nobody: what is sure may grow now, the rest may not.
    """
    wanted, surely = look.seen.wanted, look.clamp(look.need())
    ask: Ask | None = "now" if look.possible_need() > look.need() else None
    if surely <= wanted:
        return look.say(wanted, Reason.STEADY, "asking the workers who is busy", ask)
    limited = look.seen.limited
    if limited is None:
        return _grow_to(look, surely, ask)
    more = f"no more are asked for, they would not help: {limited.message}"
    workers = max(wanted, look.low, min(surely, limited.few or 0))
    return look.say(workers, Reason.SCALING_LIMITED, more)


def keep_few(look: Look, decision: Decision) -> Decision:
    """While none of them works there are a few workers, and those that are ready, if only now."""
    limited = look.seen.limited
    if limited is None or limited.few is None or look.seen.rolling:
        return decision
    most = max(limited.few, look.low, look.seen.ready)
    if decision.workers <= most:
        return decision
    return look.say(most, Reason.SCALING_LIMITED, f"a few are enough to show it: {limited.message}")


def _grow_to(look: Look, workers: int, ask: Ask | None) -> Decision:
    """As far as spec.scaling.scaleUp allows; up to the lower bound it always does."""
    up, wanted, history = look.rules.scaling.scale_up, look.seen.wanted, look.history
    allowed = workers
    if up.stabilization_seconds:
        lowest = history.lowest(now=look.now, window_seconds=up.stabilization_seconds)
        allowed = wanted if lowest is None else min(allowed, look.clamp(lowest))
    if up.max_step is not None:
        rests = look.now - history.stepped_up_at < up.period_seconds
        allowed = wanted if rests else min(allowed, wanted + up.max_step)
    allowed = max(allowed, look.low)
    if allowed > wanted:
        return look.say(allowed, Reason.BACKLOG_GREW, ask=ask)
    return look.say(wanted, Reason.WAITING_TO_GROW, _what_for(look), ask)


def _what_for(look: Look) -> str:
    up = look.rules.scaling.scale_up
    if up.max_step is not None and look.now - look.history.stepped_up_at < up.period_seconds:
        return f"the next step of {up.max_step} follows {up.period_seconds} s after the last"
    return f"a higher need must last {up.stabilization_seconds} s"
