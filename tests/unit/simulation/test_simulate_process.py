"""workqueue simulate in a process of its own: what it imports, and the pictures that it draws."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workqueue_operator.cli.main import main
from workqueue_operator.simulation.compare import POLICIES


@pytest.mark.parametrize(("kind", "begin"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_a_picture_is_the_same_each_time(
    kind: str, begin: bytes, tasks: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [tmp_path / f"{name}.{kind}" for name in ("first", "second")]
    for picture in pictures:
        assert main(["simulate", "--trace", tasks, "--plot", str(picture)]) == 0

    first, second = (picture.read_bytes() for picture in pictures)
    assert first.startswith(begin)
    assert first == second
    assert len(first) < 150_000
    if kind == "svg":
        assert all(policy.encode() in first for policy in POLICIES)


def run(code: str, *words: str, path: str = "") -> "subprocess.CompletedProcess[str]":
    """In a process of its own, with nothing imported yet. path: searched first."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([path, *sys.path])}
    call = [sys.executable, "-c", code, *words]
    return subprocess.run(call, capture_output=True, text=True, check=False, env=environment)


def test_the_command_starts_without_the_libraries_of_a_cluster(tasks: str) -> None:
    code = (
        "import sys; from workqueue_operator.cli.main import main; main(sys.argv[1:]); "
        "print({'kopf', 'kubernetes', 'pika', 'aiohttp', 'matplotlib'} & set(sys.modules))"
    )

    done = run(code, "simulate", "--trace", tasks, "--policies", "workqueue")

    assert done.stdout.rstrip().endswith("set()"), done.stderr


def test_without_matplotlib_a_picture_is_refused_and_all_else_works(
    tasks: str, tmp_path: Path
) -> None:
    # Given a matplotlib that cannot be imported
    (tmp_path / "matplotlib.py").write_text("raise ImportError('not here')")
    code = "import sys; from workqueue_operator.cli.main import main; sys.exit(main(sys.argv[1:]))"
    call = ("simulate", "--trace", tasks, "--policies", "fixed")

    plotted = run(code, *call, "--plot", str(tmp_path / "day.svg"), path=str(tmp_path))
    told_only = run(code, *call, path=str(tmp_path))

    assert plotted.returncode == 2
    assert plotted.stderr == (
        "error: --plot needs matplotlib (not here): pip install 'workqueue-operator[plot]'\n"
    )
    assert told_only.returncode == 0, told_only.stderr


def test_a_reader_that_leaves_early_is_no_error(tasks: str) -> None:
    code = (
        "import os, sys; from workqueue_operator.cli.main import main; "
        "reading, writing = os.pipe(); os.close(reading); os.dup2(writing, 1); "
        "sys.exit(main(sys.argv[1:]))"
    )

    done = run(code, "simulate", "--trace", tasks, "--policies", "fixed")

    assert done.returncode == 1
    assert done.stderr == ""
