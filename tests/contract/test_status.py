"""The status that the operator writes is the one that the CRD has: the rest would be dropped."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import jsonschema

from tools.crd import fields, schema
from workqueue_operator.core.decision import Decision, Reason
from workqueue_operator.core.learning import Learned
from workqueue_operator.core.readings import Known
from workqueue_operator.core.status import Condition, Report, render

NOW = "2026-01-01T00:00:00Z"
LEARNED = Learned(
    task_seconds=1.5,
    task_samples=9,
    start_seconds=3.0,
    start_samples=2,
    arrivals_per_second=0.1,
).to_status()


def full_report() -> Report:
    """A report in which nothing is left out."""
    return Report(
        generation=1,
        conditions=[Condition(type="Ready", status=True, reason="Steady", message="as it is")],
        desired=3,
        ready=2,
        busy=1,
        reading=Known(ready=4, consumers=2, unacked=1, at=0.0),
        dead_letters=2,
        learned=LEARNED,
        decision=Decision(workers=3, reason=Reason.STEADY, message="3 workers for 5 tasks"),
        scaled_at=NOW,
        selector="workqueue.dev/name=thumbnails",
        queue="thumbnails",
        broker="rabbitmq:5672/",
    )


def leaves(node: Mapping[str, Any], path: str) -> Iterator[str]:
    """The paths of all values, in the CRD's notation: status.conditions[].type."""
    for key, value in node.items():
        here = f"{path}.{key}"
        match value:
            case {}:
                yield from leaves(value, here)
            case [{}, *_]:
                yield from leaves(value[0], f"{here}[]")
            case _:
                yield here


def described() -> set[str]:
    """The paths of all values of the status that the CRD has."""
    lists = {"status.conditions"}
    status = (field for field in fields(schema()) if field.path.startswith("status."))
    return {field.path for field in status if field.is_leaf} - lists


def uncounted_report() -> Report:
    """The same, where nobody counts the tasks in work."""
    known = Known(ready=4, consumers=2, unacked=None, at=0.0)
    return replace(full_report(), reading=known, unacked_at_most=2)


def test_a_full_status_has_exactly_the_fields_of_the_crd() -> None:
    reports = (full_report(), uncounted_report())
    written = [set(leaves(render(each, {}, now=NOW), "status")) for each in reports]

    assert written[0] | written[1] == described()


def test_a_full_status_keeps_the_types_and_bounds_of_the_crd() -> None:
    status = render(full_report(), {}, now=NOW)

    jsonschema.validate(status, schema()["properties"]["status"])
