"""The step down: to the highest need of the whole window, and never below the busy."""

from workqueue_operator.core.decision import Census, Decision, Reason
from workqueue_operator.core.look import Look

ZERO_PROOF_SECONDS = 10.0
ZERO_PROOF_READINGS = 3
"""A quorum queue that lost its leader answers 0; one zero proves nothing."""


def shrink(look: Look) -> Decision:
    """Fewer are needed than there are."""
    wanted, window = look.seen.wanted, look.rules.window_seconds
    if look.seen.rolling:
        return look.say(wanted, Reason.ROLLOUT, "nobody leaves while pods are replaced")
    highest = look.history.highest(now=look.now, window_seconds=window)
    if highest is None or look.clamp(highest.workers) >= wanted:
        more = f"a lower need must last {window:.0f} s"
        if highest is not None:
            more = f"{highest.workers} were needed or busy in the last {window:.0f} s"
        return look.say(wanted, Reason.COOLING_DOWN, more, look.ask_soon())
    if look.clamp(highest.tolerated) >= wanted:
        more = "one worker more is kept, so close is the load to the border"
        return look.say(wanted, Reason.STEADY, more, look.ask_soon())
    target = _allowed(look, look.clamp(highest.workers))
    if isinstance(target, Decision):
        return target
    census = look.seen.fresh_census
    if census is None:
        return look.say(wanted, Reason.COOLING_DOWN, "asking the workers who is busy", "soon")
    return _shrink_to(look, target, census)


def _allowed(look: Look, target: int) -> int | Decision:
    """As far as the rules let a step go; or why there is none now."""
    down, wanted = look.rules.scaling.scale_down, look.seen.wanted
    if not _zero_is_believed(look):
        more = f"a quorum queue's zero must last {ZERO_PROOF_SECONDS:.0f} s"
        return look.say(wanted, Reason.COOLING_DOWN, more)
    if down.is_limited and look.now - look.history.stepped_down_at < down.period_seconds:
        more = f"the next step down follows {down.period_seconds} s after the last"
        return look.say(wanted, Reason.COOLING_DOWN, more)
    idle_seconds = look.rules.scaling.idle_seconds
    if target <= look.low and look.history.idle_seconds(look.now) < idle_seconds:
        target = look.low + 1
        if target >= wanted:
            more = f"the last worker stays until there was nothing to do for {idle_seconds} s"
            return look.say(wanted, Reason.STAYING_WARM, more)
    return max(target, wanted - down.most_at_once(wanted))


def _zero_is_believed(look: Look) -> bool:
    if look.rules.queue_type != "Quorum" or look.known.ready > 0:
        return True
    return look.history.zero_is_proven(
        now=look.now, seconds=ZERO_PROOF_SECONDS, readings=ZERO_PROOF_READINGS
    )


def _shrink_to(look: Look, target: int, census: Census) -> Decision:
    wanted, unacked, busy = look.seen.wanted, look.known.unacked, census.busy_workers
    silent = census.silent
    if unacked is not None:
        silent = min(silent, max(0, unacked - census.tasks - census.draining_tasks))
    # One of those that say nothing may be the one that holds a task: then all of them stay.
    keep = max(target, min(busy + (census.silent if silent else 0), wanted))
    if keep < wanted:
        drained = look.need() == 0 and keep == look.low
        return look.say(keep, Reason.DRAINED if drained else Reason.BACKLOG_SHRANK)
    if busy >= wanted or (unacked is not None and busy + silent >= wanted):
        quiet = f", and {silent} that did not answer may" if silent else ""
        return look.say(wanted, Reason.WORKERS_BUSY, f"{busy} workers hold a task{quiet}")
    more = f"{census.silent} workers did not say whether they are busy, so one leaves at a time"
    return look.say(wanted - 1, Reason.SHRINKING_BLIND, more)
