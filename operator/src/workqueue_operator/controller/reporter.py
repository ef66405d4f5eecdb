"""Tell people: status when it is worth a write, an event for every step and every new trouble."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from workqueue_operator.cluster.events import Subject, build_event
from workqueue_operator.controller.clock import Clock, rfc3339
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.conditions import Findings, conditions, still_in_use
from workqueue_operator.core.decision import Decision
from workqueue_operator.core.errors import ApiError
from workqueue_operator.core.readings import Known
from workqueue_operator.core.status import Report, merge_patch, render
from workqueue_operator.core.statuswrites import write_after_seconds
from workqueue_operator.core.workerpod import NAME_LABEL
from workqueue_operator.core.workqueue import WorkQueue
from workqueue_operator.ports import Cluster, Json
from workqueue_operator.telemetry import Telemetry

_log = logging.getLogger(__name__)

Kind = Literal["Normal", "Warning"]

PUT_OFF_SECONDS = 10.0
"""So long telling may wait while others wait for their first workers."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Writes status and events of WorkQueues."""

    cluster: Cluster
    clock: Clock
    telemetry: Telemetry
    is_crowded: Callable[[], bool]
    """Whether others wait for something more urgent than words."""

    def event(self, wq: WorkQueue | Subject, kind: Kind, reason: str, message: str) -> None:
        """Post one event, and log it. One that the API server refuses is only logged."""
        self._post(self._event(wq, kind, reason, message))

    def tell_untold(self, state: ObjectState) -> None:
        """Post the events that were put off, in the order of what happened."""
        while state.untold:
            self._post(state.untold[0])
            del state.untold[0]

    def _event(self, wq: WorkQueue | Subject, kind: Kind, reason: str, message: str) -> Json:
        level = logging.WARNING if kind == "Warning" else logging.INFO
        _log.log(level, "%s/%s: %s: %s", wq.namespace, wq.name, reason, message)
        return build_event(
            Subject(namespace=wq.namespace, name=wq.name, uid=wq.uid),
            type=kind,
            reason=reason,
            message=message,
            action=reason,
            unique=secrets.token_hex(8),
            now=self.clock.now(),
        )

    def _post(self, event: Json) -> None:
        try:
            self.cluster.post_event(event)
        except ApiError as error:
            whose = "{namespace}/{name}".format_map(event["involvedObject"])
            _log.warning("event %s of %s was not posted: %s", event["reason"], whose, error)

    def step(self, state: ObjectState, before: int, decision: Decision) -> None:
        """Tell of a change of the number of workers: from, to, the numbers, and why."""
        after, up = decision.workers, decision.workers > before
        state.scaled[("up" if up else "down", str(decision.reason))] += 1
        text = f"from {before} to {after} workers ({decision.reason}): {decision.message}"
        reason = "ScaledUp" if up else "ScaledDown"
        state.untold.append(self._event(state.wq, "Normal", reason, text))

    def report(self, state: ObjectState, found: Findings) -> float | None:
        """Write the status if it is time; tell of a trouble once.

        Returns the seconds after which a write that was put off is due, or None. While others
        wait for their first workers nothing is written: state.silent_since says so.
        """
        for error in found.errors():
            self.telemetry.step_failed(error.reason)
        now = self.clock.monotonic()
        if self._may_wait(state, now):
            return None
        self.tell_untold(state)
        self._tell_problem(state, found)
        self._tell_refusal(state, found)
        self._tell_dead(state, found)
        previous = state.status or state.wq.status
        wanted = render(self._report(state, found), previous, now=rfc3339(self.clock.now()))
        after = write_after_seconds(previous, wanted)
        if after is None:
            return None
        left = state.status_at + after - now
        if left > 0:
            return left
        change = merge_patch(previous, wanted)
        self.cluster.patch_status(state.wq.namespace, state.wq.name, change)
        state.status, state.status_at = wanted, now
        return None

    def _may_wait(self, state: ObjectState, now: float) -> bool:
        """Whether telling is put off: then a step of its own follows for it."""
        if not self.is_crowded():
            state.silent_since = None
            return False
        if state.silent_since is None:
            state.silent_since = now
        if now - state.silent_since < PUT_OFF_SECONDS:
            return True
        state.silent_since = None
        return False

    def _tell_problem(self, state: ObjectState, found: Findings) -> None:
        problem = found.problem()
        # Not taken from status once we know: a status that cannot be written must not make it new.
        told = state.problem if state.knows_problem else _problem_in_status(state.wq)
        if problem is not None:
            state.problem, state.knows_problem = problem.reason, True
            if problem.reason != told:
                self.event(state.wq, "Warning", problem.reason, problem.message)
        elif found.decision is not None and found.declared:
            state.problem, state.knows_problem = None, True
            if told is not None:
                text = f"{told} is over: {found.decision.message}"
                self.event(state.wq, "Normal", "Recovered", text)

    def _tell_refusal(self, state: ObjectState, found: Findings) -> None:
        told, state.succession.told = state.succession.told, found.refusal is not None
        if found.refusal is not None and not told:
            text = still_in_use(found.refusal)
            self.event(state.wq, "Warning", "NewCredentialsRefused", text)
        elif told and found.refusal is None and isinstance(found.reading, Known):
            text = "NewCredentialsRefused is over: what the Secret says is in use"
            self.event(state.wq, "Normal", "Recovered", text)

    def _tell_dead(self, state: ObjectState, found: Findings) -> None:
        said, told = found.dead_letters, state.dead.told
        if said is None:
            return
        state.dead.told = bool(said.status)
        if said.status and not told:
            self.event(state.wq, "Warning", said.reason, said.message)

    def _report(self, state: ObjectState, found: Findings) -> Report:
        wq, reading, learned = state.wq, found.reading, state.learned()
        return Report(
            generation=wq.generation,
            conditions=conditions(found),
            desired=found.desired,
            ready=found.ready,
            busy=state.busy(self.clock.monotonic()),
            reading=reading if isinstance(reading, Known) else None,
            unacked_at_most=state.unacked_at_most(self.clock.monotonic()),
            dead_letters=state.dead.total if found.dead_letters else None,
            learned=learned.to_status() if learned else None,
            decision=found.decision,
            scaled_at=state.scaled_at,
            selector=f"{NAME_LABEL}={wq.name}",
            queue=wq.queue.name,
            broker=state.declared[0] if state.declared else None,
        )


def _problem_in_status(wq: WorkQueue) -> str | None:
    """The trouble that a process before this one told of."""
    for condition in wq.status.get("conditions", ()):
        if condition["type"] == "Ready" and condition["status"] == "False":
            return str(condition["reason"])
    return None
