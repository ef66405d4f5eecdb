"""What /metrics shows of each WorkQueue."""

from collections.abc import Iterable, Iterator

from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.readings import Known
from workqueue_operator.telemetry import Sample


def samples(states: Iterable[ObjectState], *, now: float) -> Iterator[Sample]:
    """One sample per WorkQueue; what is not known is left out, not shown as 0.

    now: monotonic seconds.
    """
    for state in states:
        wq, reading, live, busy = state.wq, state.reading, state.deployment, state.busy(now)
        known = reading if isinstance(reading, Known) else None
        messages = {} if known is None else {"ready": known.ready}
        if known is not None and known.unacked is not None:
            messages["unacked"] = known.unacked
        workers = {"desired": state.wanted(), "ready": live.ready if live else 0}
        if busy is not None:
            workers["busy"] = busy
        yield Sample(
            namespace=wq.namespace,
            name=wq.name,
            messages=messages,
            consumers=known.consumers if known else None,
            dead_letters=state.dead.total,
            workers=workers,
            bounds=(wq.scaling.min_workers, wq.scaling.max_workers),
            conditions={
                each["type"]: each["status"] == "True"
                for each in (state.status or wq.status).get("conditions", ())
            },
            scaled=dict(state.scaled),
        )
