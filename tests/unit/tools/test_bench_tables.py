"""The tables of docs/benchmarks.md say what was measured, and whether it is good enough."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bench import record, render
from bench.figures import Figure
from bench.goals import SIZES, Row, late
from bench.population import Population
from bench.speed_cases import CASES, key

ROW = Row(key="latency", title="p99", told=late, goals={1_000: 0.6})


def figure(*trials: float, key: str = "latency", size: int = 1_000, note: str = "") -> Figure:
    return Figure(
        key=key, size=size, unit="s", trials=trials, note=note, machine="a box", date="2026-01-02"
    )


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        pytest.param(figure(0.2, 0.6), "0.60 (goal 0.6: met)", id="at the goal is met"),
        pytest.param(figure(0.2, 0.7), "**0.70 (goal 0.6: missed)**", id="above it is missed"),
        pytest.param(figure(0.2, size=100), "0.20", id="a size without a goal has none beside it"),
        pytest.param(None, "not measured", id="what was not measured is no zero"),
    ],
)
def test_a_cell_has_the_goal_beside_the_number(measured: Figure | None, expected: str) -> None:
    assert render.cell(ROW, measured) == expected


@pytest.mark.parametrize(
    ("trials", "share", "expected"),
    [
        pytest.param([3, 1, 2], 0.5, 2, id="the median of three"),
        pytest.param(range(1, 101), 0.99, 99, id="one of a hundred may be later than p99"),
        pytest.param([7], 0.99, 7, id="of one trial it is that one"),
    ],
)
def test_quantiles_are_trials_that_happened(
    trials: Sequence[float], share: float, expected: float
) -> None:
    assert figure(*trials).quantile(share) == expected


def test_a_new_run_replaces_only_what_it_measured(tmp_path: Path) -> None:
    # Given a figure at two sizes
    raw = tmp_path / "benchmarks.json"
    raw.write_text('{"figures": []}')
    record.merge([figure(1.0, size=1), figure(2.0, size=100)], raw)
    # When one of them is measured again
    record.merge([figure(3.0, size=100)], raw)
    # Then the other one is still there
    assert {each.size: list(each.trials) for each in record.load(raw)} == {1: [1.0], 100: [3.0]}


def test_tables_go_between_the_markers_and_stay_the_same_when_made_again() -> None:
    figures = [
        figure(0.1, note="half of them classic"),
        figure(2.0, key="ready-operator", size=0),
        figure(4.0, key="ready-kubectl", size=0),
    ]
    page = f"before\n{render.BEGIN}\nold\n{render.END}\nafter\n"

    made = render.with_tables(page, figures)

    assert made.startswith("before\n")
    assert made.endswith("\nafter\n")
    assert "old" not in made
    assert "ratio 0.50 (goal 1.25: met)" in made
    assert "half of them classic" in made
    assert render.with_tables(made, figures) == made


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="bench:begin"):
        render.with_tables("no place for tables", [])


@pytest.mark.parametrize("size", SIZES)
def test_a_population_has_as_many_quorum_queues_as_it_says(size: int) -> None:
    population = Population(run="run", size=size)

    members = population.members()

    assert len({each.key for each in members}) == len({each.name for each in members}) == size
    assert sum(each.queue_type == "Quorum" for each in members) == population.quorum
    assert {each.namespace for each in members} == set(population.namespaces())


def speeds(who: str, rate: float) -> list[Figure]:
    names = [key(who, *case) for case in CASES]
    return [Figure(key=each, size=0, unit="tasks/s", trials=[rate]) for each in names]


def test_a_worker_is_told_beside_the_bare_loop_of_the_same_run() -> None:
    told = render.tables([*speeds("worker", 95), *speeds("bare", 100)])
    assert "| quorum | 1 | 0 | 95.0 | 100.0 | 0.95 (goal 0.9) |" in told
    assert "**0.80**" in render.tables([*speeds("worker", 80), *speeds("bare", 100)])


def test_half_a_comparison_is_not_told() -> None:
    assert "bare loop" not in render.tables(speeds("worker", 95))
