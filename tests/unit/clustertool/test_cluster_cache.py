"""The cache of the cluster tool: keys that change with content, folders that are whole."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.cache import cached, content_key, exclusive, write_atomically


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_two_contents_share_a_key_only_when_they_are_equal(one: list[str], two: list[str]) -> None:
    assert (content_key(*one) == content_key(*two)) == (one == two)


def test_given_a_former_build_then_nothing_is_built_again(tmp_path: Path) -> None:
    # Given a folder that was built
    built: list[Path] = []
    first = cached(tmp_path, "tool-1", built.append)
    # When it is asked for again
    second = cached(tmp_path, "tool-1", built.append)
    # Then it is the same, built once
    assert first == second == tmp_path / "tool-1"
    assert len(built) == 1


def test_given_a_build_that_fails_then_nothing_is_left_and_the_next_one_succeeds(
    tmp_path: Path,
) -> None:
    # Given a build that writes half of its files and fails
    def half(target: Path) -> None:
        (target / "half").touch()
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        cached(tmp_path, "tool-1", half)
    # Then no folder is there, whole or partial
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    # And the next build counts
    final = cached(tmp_path, "tool-1", lambda target: (target / "whole").touch())
    assert [path.name for path in final.iterdir()] == ["whole"]


def test_given_a_build_that_was_killed_then_the_next_one_removes_its_remains(
    tmp_path: Path,
) -> None:
    (tmp_path / ".tool-1-x7d2").mkdir()
    cached(tmp_path, "tool-1", lambda _: None)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["tool-1"]


def test_given_two_clones_at_once_then_one_builds_and_the_other_waits(tmp_path: Path) -> None:
    # Given a clone that is in the middle of a build
    begun, go_on = threading.Event(), threading.Event()
    builders: list[str] = []

    def slow(_: Path) -> None:
        builders.append("first")
        begun.set()
        assert go_on.wait(10)

    first = threading.Thread(target=cached, args=(tmp_path, "tool-1", slow))
    first.start()
    assert begun.wait(10)
    # When another one asks for the same
    second = threading.Thread(
        target=cached, args=(tmp_path, "tool-1", lambda _: builders.append("second"))
    )
    second.start()
    second.join(0.2)
    waited = second.is_alive()
    go_on.set()
    first.join(10)
    second.join(10)
    # Then it waited, and built nothing
    assert waited
    assert builders == ["first"]


def test_given_a_lock_that_is_held_then_whoever_waits_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def wait() -> None:
        with exclusive(tmp_path / "lock"):
            pass

    with exclusive(tmp_path / "lock"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join(0.2)
    waiting.join(10)
    assert f"holds {tmp_path / 'lock'}" in capsys.readouterr().out


def test_a_file_is_replaced_whole_and_with_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "new" / "secret"
    write_atomically(target, "one")
    write_atomically(target, "two", mode=0o600)
    assert target.read_text() == "two"
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(target.parent.iterdir()) == [target]
