"""Who is busy, from what the worker pods said."""

import pytest

from workqueue_operator.core.census import Voice, count
from workqueue_operator.core.decision import Census

BUSY = Voice(terminating=False, running=True, tasks=1)
FULL = Voice(terminating=False, running=True, tasks=3)
IDLE = Voice(terminating=False, running=True, tasks=0)
SILENT = Voice(terminating=False, running=True, tasks=None)
STARTING = Voice(terminating=False, running=False, tasks=None)
DRAINING = Voice(terminating=True, running=True, tasks=2)
LEAVING = Voice(terminating=True, running=True, tasks=None)


def counted(**numbers: int) -> Census:
    usual = {
        "busy_workers": 0,
        "tasks": 0,
        "silent": 0,
        "draining_tasks": 0,
        "staying_pods": 0,
        "draining_pods": 0,
    }
    return Census(**(usual | numbers), age_seconds=0.5)


@pytest.mark.parametrize(
    ("voices", "census"),
    [
        pytest.param([], counted(), id="nobody"),
        pytest.param([IDLE, IDLE], counted(staying_pods=2), id="all are idle"),
        pytest.param(
            [BUSY, FULL, IDLE], counted(busy_workers=2, tasks=4, staying_pods=3), id="two are busy"
        ),
        pytest.param([SILENT], counted(silent=1, staying_pods=1), id="silent is not idle"),
        pytest.param([STARTING], counted(staying_pods=1), id="who has not started holds no task"),
        pytest.param(
            [DRAINING, BUSY],
            counted(busy_workers=1, tasks=1, draining_tasks=2, staying_pods=1, draining_pods=1),
            id="who drains is not busy",
        ),
        pytest.param([LEAVING], counted(draining_pods=1), id="nor silent"),
    ],
)
def test_a_census(voices: list[Voice], census: Census) -> None:
    assert count(iter(voices), age_seconds=0.5) == census
