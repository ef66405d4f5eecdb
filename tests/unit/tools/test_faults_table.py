"""The table of docs/reliability.md says what was measured, and is loud about what must not be."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from faults import record, render
from faults.feed import DEAD_EVERY, FAIL_EVERY, LONG_MS, chunk, lots, tasks
from faults.names import FAULTS
from faults.record import Run
from faults.strikes import KINDS, expected

RUN = Run(
    fault="kill-workers",
    queue="quorum",
    strikes={"kill-workers": 5},
    workers=20,
    seconds=60.0,
    published=1_000,
    confirmed=1_000,
    started=1_000,
    completed=990,
    dead=10,
    lost=[],
    again=[{"task": 1, "attempt": 1, "cause": "interrupted", "by": "kill-workers"}],
    in_flight=3,
    just_done=2,
    completed_twice={},
    scale_downs=4,
    wrong_scale_downs=[],
    recovery_seconds=[3.0, 1.0, 2.0],
    complaints=[],
    machine="a box",
    date="2026-01-02",
)
LINE = (
    "| kill-workers | 5 | quorum | 1,000 | 1,000 | 990 | 10 | 0 | 1 | 3 (2) | 0 | 0 | 0 | 4 | 0 "
    "| 2.0, 3.0 (3) | 20 | 2026-01-02 |"
)


def test_a_run_is_one_line_with_n_and_date() -> None:
    assert LINE in render.table([RUN])


def test_what_must_not_be_is_loud_and_told_below() -> None:
    bad = replace(RUN, lost=[7], complaints=["1 confirmed tasks are lost: 7"])
    told = render.table([bad])

    assert "| **1** |" in told
    assert "- kill-workers, quorum: 1 confirmed tasks are lost: 7" in told


def test_what_was_not_run_is_no_row_of_zeros() -> None:
    told = render.table([RUN])

    assert f"Not measured: {', '.join(FAULTS[1:])}, all together." in told


def test_the_table_needs_its_markers() -> None:
    with pytest.raises(ValueError, match="faults:begin"):
        render.with_table("# Reliability\n", [])


def test_a_new_run_replaces_only_what_it_measured(tmp_path: Path) -> None:
    # Given runs of two queues
    raw = tmp_path / "reliability.json"
    raw.write_text('{"runs": []}')
    record.merge([RUN, replace(RUN, queue="classic")], raw)
    # When one of them is run again
    record.merge([replace(RUN, published=5)], raw)
    # Then the other one is still there
    assert {each.queue: each.published for each in record.load(raw)} == {
        "quorum": 5,
        "classic": 1_000,
    }


def test_every_fault_of_the_table_can_strike() -> None:
    assert set(KINDS) == set(FAULTS)
    assert expected(["kill-broker", "stop-broker"]) > expected(["kill-broker"])


def test_tasks_are_mixed_evenly_and_numbered_without_a_gap() -> None:
    these = tasks(1_010, 10, seed=0)

    assert [task["n"] for task in these] == list(range(1_010))
    long = [task["n"] for task in these if task["ms"] == LONG_MS]
    assert len(long) == 10
    assert max(b - a for a, b in pairwise(long)) == 101
    assert sum(task["then"] == "dead" for task in these) == 1_010 // DEAD_EVERY
    assert sum(task["then"] == "fail" for task in these) == 1_010 // FAIL_EVERY + 1
    assert [task for lot in lots(these, 7) for task in lot] == these


@pytest.mark.parametrize(
    ("summary", "published", "confirmed"),
    [
        pytest.param(
            {"unsent_from": None, "not_confirmed": [], "confirmed": 3},
            {10, 11, 12},
            {10, 11, 12},
            id="all is confirmed",
        ),
        pytest.param(
            {"unsent_from": 3, "not_confirmed": [{"line": 2}], "confirmed": 1},
            {10, 11},
            {10},
            id="the second is unknown and the third was never sent",
        ),
    ],
)
def test_the_producers_own_summary_says_what_is_confirmed(
    summary: dict[str, object], published: set[int], confirmed: set[int]
) -> None:
    found = chunk([10, 11, 12], summary | {"resent": 0}, 1.0)

    assert set(found.published) == published
    assert set(found.confirmed) == confirmed


def test_a_summary_that_names_fewer_than_it_counts_is_not_believed() -> None:
    summary: dict[str, object] = {
        "unsent_from": None,
        "not_confirmed": [],
        "confirmed": 2,
        "resent": 0,
    }

    with pytest.raises(AssertionError, match="confirmed by name"):
        chunk([10, 11, 12], summary, 1.0)
