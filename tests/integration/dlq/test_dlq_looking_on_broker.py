"""Dead letters are looked at: nothing is removed, and nothing changes its place."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from integration.dlq.dlq_rig import CLASSIC, DEAD, QUORUM, Rig, body
from kit.kube import wait_for

pytestmark = pytest.mark.timeout(120)
MANY = 1500  # more than one block of them


@pytest.mark.parametrize("arguments", [QUORUM, CLASSIC], ids=["quorum", "classic"])
def test_looking_removes_nothing_and_keeps_the_order(
    dlq: Rig, arguments: Mapping[str, Any]
) -> None:
    # Given more dead letters than are looked at in one go
    dlq.declare(arguments)
    dlq.fill(MANY)
    # When they are looked at from both ends, and through and through for one that is not there
    oldest = dlq.run("list", "--limit", "3")
    newest = dlq.run("list", "--limit", "3", "--newest-first")
    nobody = dlq.run("list", "--match", "not there")
    # Then they are told in order
    assert ids(oldest.out) == ["id-0", "id-1", "id-2"]
    assert ids(newest.out) == [f"id-{MANY - n}" for n in (1, 2, 3)]
    assert f"3 shown, 3 of {MANY:,} looked at" in oldest.err
    assert nobody.out == ""
    assert f"0 shown, {MANY:,} of {MANY:,} looked at" in nobody.err
    # And all are there, in their order
    wait_for("all to be back", lambda: dlq.ready(DEAD) == MANY, seconds=20)
    assert [n for n, _ in dlq.drain(DEAD)] == list(range(MANY))


@pytest.mark.parametrize("arguments", [QUORUM, CLASSIC], ids=["quorum", "classic"])
def test_a_look_that_is_killed_loses_nothing_and_keeps_the_order(
    dlq: Rig, arguments: Mapping[str, Any]
) -> None:
    # Given a look that holds some of many
    dlq.declare(arguments)
    dlq.fill(MANY, pad=3000)
    # When it is killed
    assert any(killed_while_it_holds_some(dlq) for _ in range(20))
    # Then all are there, in their order
    wait_for("all to be back", lambda: dlq.ready(DEAD) == MANY, seconds=30)
    assert [n for n, _ in dlq.drain(DEAD)] == list(range(MANY))


def test_a_list_can_be_filtered_and_read_by_programs(dlq: Rig) -> None:
    dlq.declare()
    dlq.fill(30)
    words = ("--reason", "deadletter", "--header", "tenant=tenant-1", "--older-than", "1h")
    lines = dlq.run("list", *words, "-o", "json").out.splitlines()
    told = [json.loads(line) for line in lines]
    assert [each["id"] for each in told] == [f"id-{n}" for n in range(3, 30, 6)]
    assert {each["reason"] for each in told} == {"DeadLetter"}
    assert told[0]["headers"]["tenant"] == "tenant-1"


def test_one_is_shown_whole_and_safely_and_its_bytes_can_be_had(dlq: Rig, tmp_path: Path) -> None:
    dlq.declare()
    dlq.fill(10)
    text, binary, raw = dlq.run("show", "id-3"), dlq.run("show", "id-9"), tmp_path / "body"
    assert "reason:    DeadLetter" in text.out
    assert '\n\n{"task": 3}\n' in text.out
    assert r"ValueError: \x1b[31mno" in text.out
    assert "\x1b" not in text.out
    assert "00000000  ff 00 39" in binary.out
    assert dlq.run("show", "id-9", "--raw", str(raw)).code == 0
    assert raw.read_bytes() == body(9)
    missing = dlq.run("show", "id-10")
    assert (missing.code, missing.out) == (1, "")
    assert "no dead letter has the id id-10; 10 of 10 were looked at" in missing.err


def test_a_queue_that_is_not_there_is_said_with_the_way_out(dlq: Rig) -> None:
    done = dlq.run("list")
    assert done.code == 3
    assert f"there is no queue '{DEAD}'" in done.err


def test_a_login_that_is_refused_is_said_with_the_way_out(dlq: Rig) -> None:
    dlq.declare()
    dlq.user(dlq.broker.username, "wrong")
    done = dlq.run("list")
    assert done.code == 3
    assert "refused user 'admin'" in done.err
    assert "--broker-secret NAME takes another Secret" in done.err
    assert "wrong" not in done.err


def test_a_user_without_rights_on_dead_letters_is_told_which_are_needed(dlq: Rig) -> None:
    dlq.declare()
    dlq.fill(3)
    user = f"ann-{dlq.broker.vhost}"
    dlq.broker.create_user(user, "pw", read=f"^{'mail'}$")
    try:
        dlq.user(user, "pw")
        done = dlq.run("list")
    finally:
        dlq.broker.delete_user(user)
    assert done.code == 3
    assert "looking needs read on the dead letters" in done.err


def killed_while_it_holds_some(dlq: Rig) -> bool:
    """Whether it could be caught."""
    looking = dlq.start("list", "--match", "not there")
    while looking.poll() is None:
        if dlq.ready(DEAD) < MANY:
            looking.kill()
            return bool(looking.wait() < 0)
    return False


def ids(table: str) -> list[str]:
    """The first column, without its head."""
    return [line.split()[0] for line in table.splitlines()[1:]]
