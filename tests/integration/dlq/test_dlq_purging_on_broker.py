"""Dead letters are thrown away: after a yes, and if asked for only once they are in a file."""

import base64
import json
import os
import pty
import signal
from pathlib import Path

import pytest

from integration.dlq.dlq_rig import DEAD, Rig, body, ended
from kit.kube import wait_for

pytestmark = pytest.mark.timeout(120)
MANY = 3000


def test_those_that_are_meant_are_gone_and_the_others_stay(dlq: Rig) -> None:
    dlq.declare()
    dlq.fill(30)
    dry = dlq.run("purge", "--reason", "DeadLetter", "--dry-run")
    assert dry.out == f"10 would be purged; 20 others stay in '{DEAD}'\n"
    done = dlq.run("purge", "--reason", "DeadLetter", "--yes")
    assert (done.code, done.out) == (0, f"10 purged; 20 others stay in '{DEAD}'\n")
    wait_for("the others in their place", lambda: dlq.ready(DEAD) == 20, seconds=20)
    assert [n for n, _ in dlq.drain(DEAD)] == [n for n in range(30) if n % 3]


@pytest.mark.parametrize(
    ("answer", "code", "left"),
    [
        pytest.param("30", 0, 0, id="the number"),
        pytest.param("yes", 0, 0, id="yes"),
        pytest.param("y", 2, 30, id="too short a word"),
        pytest.param("29", 2, 30, id="another number"),
    ],
)
def test_somebody_has_to_say_yes(dlq: Rig, answer: str, code: int, left: int) -> None:
    dlq.declare()
    dlq.fill(30)
    ours, theirs = pty.openpty()
    try:
        purge = dlq.start("purge", "--all", stdin=theirs)
        os.write(ours, f"{answer}\n".encode())
        done = ended(purge)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (done.code, dlq.ready(DEAD)) == (code, left)
    assert f"30 dead letters will be removed from '{DEAD}' for good" in done.err


def test_what_is_saved_is_what_was_removed(dlq: Rig, tmp_path: Path) -> None:
    dlq.declare()
    dlq.fill(30)
    file = tmp_path / "saved.jsonl"
    done = dlq.run("purge", "--all", "--yes", "--save", str(file))
    assert done.code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    saved = [json.loads(line) for line in file.read_text().splitlines()]
    assert [base64.b64decode(each["body_base64"]) for each in saved] == [body(n) for n in range(30)]
    assert saved[4]["properties"]["message_id"] == "id-4"
    assert saved[4]["headers"]["x-workqueue-attempts"] == 5
    # And a file that is there is never written over
    dlq.fill(3)
    again = dlq.run("purge", "--all", "--yes", "--save", str(file))
    assert again.code == 2
    assert "is there already, and is not overwritten" in again.err
    assert dlq.ready(DEAD) == 3


def test_where_nothing_can_be_saved_nothing_is_removed(dlq: Rig) -> None:
    dlq.declare()
    dlq.fill(30)
    done = dlq.run("purge", "--all", "--yes", "--save", "/dev/full")
    assert done.code == 2  # it is there already
    assert dlq.ready(DEAD) == 30


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_purge_that_is_ended_has_saved_all_that_it_removed(
    dlq: Rig, tmp_path: Path, number: signal.Signals
) -> None:
    # Given a purge that is under way
    dlq.declare()
    dlq.fill(MANY, pad=30_000)
    file = tmp_path / "saved.jsonl"
    purge = dlq.start("purge", "--all", "--yes", "--save", str(file))
    wait_for("the first to be saved", lambda: file.exists() and file.stat().st_size, seconds=30)
    # When it is ended
    purge.send_signal(number)
    purge.wait(60)
    # Then each is in the queue or in the file, whose last line may be torn
    left = MANY - len(_whole_lines(file))
    wait_for("the rest in its place", lambda: dlq.ready(DEAD) >= left, seconds=30)
    saved = {json.loads(line)["id"] for line in _whole_lines(file)}
    kept = [n for n, _ in dlq.drain(DEAD)]
    assert kept == sorted(kept)
    assert saved | {f"id-{n}" for n in kept} == {f"id-{n}" for n in range(MANY)}


def _whole_lines(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]
