"""workqueue simulate, as a user calls it."""

import json
from pathlib import Path
from typing import Any

import pytest

from workqueue_operator.cli.main import main

WORKQUEUE = """
apiVersion: v1
kind: Secret
metadata: {name: rabbitmq}
---
apiVersion: workqueue.dev/v1alpha1
kind: WorkQueue
metadata:
  name: thumbnails
spec:
  broker: {secretName: rabbitmq}
  worker: {image: thumbnails, handler: {command: [resize]}}
  scaling: {maxWorkers: 7, target: {value: 2}}
"""
POLICIES = ["workqueue", "keda-tuned", "keda", "fixed"]


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """What it says in JSON of the only trace, by policy."""
    assert main(["simulate", "--json", *words]) == 0
    [trace] = json.loads(capsys.readouterr().out)
    return {each["policy"]: each for each in trace["policies"]}


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What it says instead of doing anything."""
    try:
        code: Any = main(["simulate", *words])
    except SystemExit as left:
        code = left.code
    heard = capsys.readouterr()
    assert code == 2
    assert heard.out == ""
    return heard.err


def test_a_trace_is_told_as_a_table(tasks: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--trace", tasks]) == 0

    title, _, _, heads, *rows, verdict, _ = capsys.readouterr().out.rstrip("\n").split("\n") + [""]
    assert title == "tasks.csv: 40 tasks in 0.2 h, 8.75 s each in the mean, 350 s of work"
    assert heads.split() == [
        *("mean", "max"), *("mean", "p50", "p99"), *("mean", "max"), "seconds", "head", "steps",
    ]  # fmt: skip
    assert [row.split()[0] for row in rows] == POLICIES
    assert {len(row.split()) for row in rows} == {11}
    assert verdict.startswith("workqueue beside keda-tuned: waiting p99 ")


def test_a_trace_is_told_as_json(tasks: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--trace", tasks, "--json"]) == 0

    [trace] = json.loads(capsys.readouterr().out)
    assert trace["trace"] == "tasks.csv"
    assert trace["tasks"] == 40
    assert trace["busy_seconds"] == pytest.approx(350)
    assert [each["policy"] for each in trace["policies"]] == POLICIES
    assert trace["policies"][0].keys() == {
        *("policy", "unfinished", "backlog_mean", "backlog_max", "waiting_mean", "waiting_p50"),
        *("waiting_p99", "workers_mean", "workers_max", "worker_seconds", "overhead", "steps"),
    }


def test_all_days_are_generated_where_no_trace_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["simulate", "--tasks", "30", "--policies", "fixed", "--json"]) == 0

    names = [trace["trace"] for trace in json.loads(capsys.readouterr().out)]
    assert names == ["steady", "steps", "daily", "bursts"]


def test_a_seed_tells_the_same_day_again(capsys: pytest.CaptureFixture[str]) -> None:
    day = ("--trace", "steady", "--tasks", "200", "--policies", "keda")

    first, again, other = (told(capsys, *day, "--seed", seed) for seed in ("5", "5", "6"))

    assert first == again != other


@pytest.mark.parametrize(
    ("words", "most"),
    [
        pytest.param([], 7, id="the file's own"),
        pytest.param(["--max-workers", "4"], 4, id="a flag outranks the file"),
        pytest.param(["--set", "maxWorkers=3"], 3, id="any field can be set"),
        pytest.param(["--set", "mode=Fixed", "--set", "fixedWorkers=2"], 2, id="a mode"),
    ],
)
def test_a_workqueue_from_a_file_is_scaled_as_it_says(
    words: list[str], most: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crowd, workqueue = tmp_path / "crowd.csv", tmp_path / "workqueue.yaml"
    crowd.write_text("arrival_seconds,duration_seconds\n" + "0,30\n" * 20)
    workqueue.write_text(WORKQUEUE)
    call = ["--trace", str(crowd), "--workqueue", str(workqueue), "--policies", "workqueue"]

    found = told(capsys, *call, *words)

    assert found["workqueue"]["workers_max"] == most


def test_tasks_that_nobody_does_are_no_figures_but_a_note(
    tasks: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["--trace", tasks, "--max-workers", "0", "--policies", "workqueue"]

    assert told(capsys, *call)["workqueue"]["waiting_p99"] is None
    assert main(["simulate", *call]) == 0
    assert "workqueue: 40 tasks were not done within a day" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--trace", "nowhere.csv"], "--trace nowhere.csv: No such file or directory; generated"),
        (["--trace", "."], "--trace .: Is a directory"),
        (["--tasks", "0"], "argument --tasks: '0' is no whole number above 0"),
        (["--start-seconds", "soon"], "argument --start-seconds: 'soon' is no number of seconds"),
        (["--start-seconds", "-1"], "argument --start-seconds: -1 is below 0"),
        (["--reading-seconds", "0"], "argument --reading-seconds: 0 is not above 0"),
        (["--begins", "noon"], "argument --begins: 'noon' is no time: write it as in 2026"),
        (["--policies", "keda,vpa"], "argument --policies: 'vpa' is none of workqueue, keda"),
        (["--target", "2", "--drain-seconds", "9"], "--drain-seconds: not allowed with"),
        (["--target", "0"], "spec.scaling.target.value is 0: use 1 to 100000"),
        (["--target", "many"], "spec.scaling.target.value is 'many': the schema wants an integer"),
        (["--min-workers", "60"], "scaling.minWorkers is 60, above maxWorkers 50"),
        (["--set", "maxStep"], "--set maxStep: write FIELD=VALUE, as in --set scaleUp.maxStep=5"),
        (["--set", "scaleUp.most=5"], "spec.scaling.scaleUp.most does not exist: there are maxS"),
        (["--set", "maxWorkers.most=5"], "spec.scaling.maxWorkers is {'most': 5}: the schema"),
        (["--set", "mode=Fast"], "spec.scaling.mode is 'Fast': use one of Auto, Hold"),
        (["--set", "mode=Fixed"], "scaling.fixedWorkers is missing"),
        (["--set", "floors=[{}]"], "spec.scaling.floors[0].schedule is missing"),
        (["--workqueue", "nowhere.yaml"], "--workqueue nowhere.yaml: No such file or directory"),
        (["--plot", "day.svg"], "--plot draws one trace: say which with --trace"),
        (["--trace", "daily", "--plot", "day.gif"], "--plot day.gif: the name has to end in .svg"),
        (["--trace", "daily", "--plot", "no/day.svg"], "--plot no/day.svg: there is no folder no"),
    ],
)
def test_a_call_that_is_wrong_is_refused_with_a_way_out(
    words: list[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert what in refusal(capsys, *words)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("kind: Secret\n", "there are 0 WorkQueues in it, leave one", id="none"),
        pytest.param("kind: WorkQueue\n---\nkind: WorkQueue\n", "there are 2 Work", id="two"),
        pytest.param("kind: WorkQueue\n", "the WorkQueue has no spec", id="no spec"),
        pytest.param("kind: [\n", "is no YAML: while parsing", id="no YAML"),
        pytest.param(
            "kind: WorkQueue\nspec: {scaling: [1]}\n",
            "spec.scaling is [1]: the schema wants an object",
            id="scaling is a list",
        ),
    ],
)
def test_a_file_that_is_no_workqueue_is_refused(
    text: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "workqueue.yaml"
    path.write_text(text)

    assert what in refusal(capsys, "--workqueue", str(path))


def test_a_file_that_is_no_trace_is_refused_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tasks.csv"
    path.write_text("arrival_seconds,duration_seconds\n0,1\nlater,1\n")

    said = refusal(capsys, "--trace", str(path))

    assert (
        said == f"error: --trace {path}, line 3: 'later' is no number: write seconds, as in 0.5\n"
    )
