"""Running programs: what is logged, what is shown when they fail, which engine and mirror serve."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from cluster import push
from cluster.commands import output, run_logged, telling_lines
from cluster.console import Step, duration
from cluster.errors import ClusterError, CommandFailedError
from cluster.packages import NODE_TOOLS, missing_packages
from cluster.rootfs import choose_mirror


def test_given_a_command_that_fails_then_its_telling_lines_the_file_and_the_way_out_are_shown(
    tmp_path: Path,
) -> None:
    # Given an older run in the same log, and a command that complains and fails
    log = tmp_path / "build.log"
    log.write_text("error: of yesterday\n")
    program = "print('compiling'); print('E: no space left'); raise SystemExit(3)"
    # When it runs
    with pytest.raises(CommandFailedError) as failed:
        run_logged("building", [sys.executable, "-c", program], log=log, ways_out="free some disk.")
    # Then what matters is shown, and nothing of yesterday
    assert failed.value.report().splitlines() == [
        "error: building failed",
        "  | E: no space left",
        f"  full log: {log}",
        "  what to do: free some disk.",
    ]
    assert "compiling" in log.read_text()


def test_given_a_command_that_succeeds_then_each_line_is_seen_as_it_comes(tmp_path: Path) -> None:
    seen: list[str] = []
    argv = [sys.executable, "-c", "print('one'); print('two')"]
    run_logged("counting", argv, log=tmp_path / "log", on_line=seen.append)
    assert seen == ["one\n", "two\n"]


def test_without_any_telling_line_the_last_ones_are_shown() -> None:
    assert telling_lines("\n".join("abcdef"), limit=2) == ["e", "f"]


def test_a_program_that_is_missing_is_named() -> None:
    with pytest.raises(ClusterError, match="no-such-program is not installed"):
        output(["no-such-program"])


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (59.4, "59 s"), (125, "2 min 5 s")]
)
def test_a_duration_reads_well(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_where_there_is_no_terminal_a_step_is_two_quiet_lines() -> None:
    stream = io.StringIO()
    with Step("Loading", 5, stream):
        pass
    assert stream.getvalue() == "  Loading (usually 5 s)\n  Loading: done in 0 s\n"


def test_a_step_that_fails_says_so() -> None:
    stream = io.StringIO()
    with pytest.raises(ValueError, match="no"), Step("Loading", 5, stream):
        raise ValueError("no")
    assert "Loading: failed after 0 s" in stream.getvalue()


def test_a_package_is_asked_for_once_and_only_when_a_tool_is_missing() -> None:
    missing = {"containerd", "ctr", "/usr/lib/cni/bridge"}
    found = missing_packages(NODE_TOOLS, is_present=lambda tool: tool not in missing)
    assert found == ["containerd", "containernetworking-plugins"]


def test_the_mirror_is_the_whole_archive_and_not_its_updates() -> None:
    lines = (
        "http://mirror.example/debian-security/ oldstable-security main\n"
        "http://mirror.example/debian/ oldstable-updates main\n"
        "http://mirror.example/debian/ oldstable contrib\n"
        "http://other.example/debian/ oldstable main\n"
    )
    assert choose_mirror(lines) == "http://other.example/debian/"


def test_without_a_mirror_the_reader_learns_where_to_look() -> None:
    with pytest.raises(ClusterError) as refused:
        choose_mirror("http://mirror.example/x/ sid-security main\n")
    assert "sources.list" in refused.value.report()


@pytest.mark.parametrize(
    ("usable", "engine"), [({"docker", "buildah"}, "docker"), ({"buildah", "podman"}, "podman")]
)
def test_the_first_engine_that_works_is_taken(usable: set[str], engine: str) -> None:
    assert push.choose_engine(usable.__contains__) == engine


def test_without_an_engine_the_three_are_named() -> None:
    with pytest.raises(ClusterError, match="docker, podman, buildah"):
        push.choose_engine(lambda _: False)


@pytest.mark.parametrize("engine", ["docker", "podman", "buildah"])
def test_the_command_lines_of_a_push(engine: str) -> None:
    image = push.reference("registry.example/team/", "worker", "abc")
    built = push.build_command(
        engine, image, dockerfile=Path("/r/w/Dockerfile"), context=Path("/r"), base="python:3.13"
    )
    assert image == "registry.example/team/workqueue-worker:0.1.0-abc"
    assert built == [
        engine,
        "bud" if engine == "buildah" else "build",
        "--file=/r/w/Dockerfile",
        f"--tag={image}",
        "--build-arg=BASE_IMAGE=python:3.13",
        "/r",
    ]
    assert push.push_command(engine, image) == [engine, "push", image]
