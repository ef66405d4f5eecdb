"""What make calls says what went wrong, where the rest of it is, and what to do."""

import sys
from pathlib import Path

import pytest

from tools import check, deploy, lock, step

PYTHON = sys.executable


@pytest.fixture(autouse=True)
def logs_go_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_step_that_works_says_so_and_keeps_its_output_in_a_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = step.main(["Some Tests!", "--usual", "5", "--", PYTHON, "-c", "print('all output')"])

    assert code == 0
    assert "Some Tests!: done in" in capfd.readouterr().out
    assert "all output" in (tmp_path / "build/logs/some-tests-.log").read_text()


def test_a_step_that_fails_shows_the_lines_that_matter_the_log_and_the_way_out(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # Given a program that says much, and one line that matters
    program = tmp_path / "program.py"
    program.write_text("print('chatter\\n' * 50); print('FAILED test_it'); raise SystemExit(3)")
    # When it is run as a step
    call = [PYTHON, str(program)]
    code = step.main(["it", "--usual", "1", "--hint", "mend it", "--", *call])
    # Then only that line is shown, with the log and the hint
    told = capfd.readouterr().err
    assert code == 1
    assert "FAILED test_it" in told
    assert "chatter" not in told
    assert "build/logs/it.log" in told
    assert "mend it" in told


@pytest.mark.parametrize(
    ("line", "far"),
    [
        pytest.param("....... [ 45%]", "45 %", id="a line of dots"),
        pytest.param("test_it.py::test PASSED [100%]", "100 %", id="a test's own line"),
        pytest.param("collected 12 items", None, id="a line that says nothing about it"),
    ],
)
def test_progress_is_read_from_pytest(line: str, far: str | None) -> None:
    assert step.how_far(line) == far


def test_a_failed_check_names_its_log_and_how_to_run_it_alone() -> None:
    result = check.run("lint", [PYTHON, "-c", "print('E501 too long'); raise SystemExit(1)"])

    assert not result.passed
    assert "| E501 too long" in result.report()
    assert "build/logs/check-lint.log" in result.report()
    assert "make check ONLY=lint" in result.report()


def test_a_passed_check_is_one_line() -> None:
    result = check.run("lint", [PYTHON, "-c", "print('fine')"])

    assert result.report().startswith("  ok    lint")
    assert "\n" not in result.report()


def test_a_check_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["lints"]) == 2
    assert "['lints']" in capsys.readouterr().out


def test_an_image_reference_becomes_the_charts_values() -> None:
    values = deploy.image_values(
        {"operator": "registry.example:5000/team/workqueue-operator:0.1.0-abc", "worker": "w:1"}
    )

    assert values == [
        "--set-string=image.registry=registry.example:5000/team",
        "--set-string=image.repository=workqueue-operator",
        "--set-string=image.tag=0.1.0-abc",
        "--set-string=workerImage=w:1",
    ]


def test_another_cluster_gets_the_images_that_were_pushed() -> None:
    assert deploy.is_own(deploy.OWN_KUBECONFIG)
    assert not deploy.is_own(Path("/home/me/.kube/config"))


def test_images_are_locked_to_what_the_tests_use() -> None:
    first, *others = lock.commands()

    assert "--output-file=requirements/dev.txt" in first
    assert len(others) == 4
    assert all("--constraints=requirements/dev.txt" in words for words in others)


def test_the_cluster_about_to_be_used_is_told_by_name_and_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given a kubeconfig with two clusters
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text("""
        current-context: mine
        contexts:
        - {name: other, context: {cluster: far}}
        - {name: mine, context: {cluster: near}}
        clusters:
        - {name: far, cluster: {server: "https://far.example"}}
        - {name: near, cluster: {server: "https://near.example"}}
    """)
    # When make asks which one it will use, Then it is the current one
    assert deploy.main(["say", f"--kubeconfig={kubeconfig}"]) == 0
    assert "mine at https://near.example" in capsys.readouterr().out


def test_a_missing_kubeconfig_is_told_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy.main(["say", f"--kubeconfig={tmp_path}/none"]) == 1
    assert "make cluster-up" in capsys.readouterr().out
