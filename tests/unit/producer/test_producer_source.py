"""Lines become tasks, wherever the reads happen to end; and the choice of the input is clear."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_producer.errors import SettingsError, SourceError
from workqueue_producer.source import (
    LONGEST_TASK_BYTES,
    Arguments,
    Line,
    Source,
    Stream,
    open_source,
    split_lines,
)


def lines_of(*chunks: bytes) -> list[Line]:
    return [line for lot in split_lines(chunks, "here") for line in lot]


def read_all(source: Source) -> list[Line]:
    return [line for lot in source.lots(lambda: False) for line in lot]


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        pytest.param([b"a\nb\n"], [(1, b"a"), (2, b"b")], id="each line is a task"),
        pytest.param(
            [b"a", b"b\nc", b"\n"], [(1, b"ab"), (2, b"c")], id="a line may come in parts"
        ),
        pytest.param([b"a\r\nb\r\n"], [(1, b"a"), (2, b"b")], id="CRLF ends a line too"),
        pytest.param(
            [b"a\n\n  \nb\n"], [(1, b"a"), (4, b"b")], id="blank lines count, and no more"
        ),
        pytest.param([b" a \n"], [(1, b" a ")], id="blanks around a task belong to it"),
        pytest.param([b"\xff\x00\n"], [(1, b"\xff\x00")], id="bytes need not be text"),
    ],
)
def test_a_stream_is_cut_at_its_line_ends(
    chunks: list[bytes], expected: list[tuple[int, bytes]]
) -> None:
    assert lines_of(*chunks) == [Line(number, body) for number, body in expected]


@given(
    words=st.lists(st.binary(max_size=20).filter(lambda b: b"\n" not in b)),
    cuts=st.lists(st.integers(1, 7), min_size=1),
)
def test_the_reads_may_end_anywhere(words: list[bytes], cuts: list[int]) -> None:
    # Given lines, and the same bytes in pieces of any length
    whole = b"".join(word + b"\n" for word in words)
    pieces, at = [], 0
    while at < len(whole):
        length = cuts[at % len(cuts)]
        pieces.append(whole[at : at + length])
        at += length
    # Then the pieces give the tasks that the lines are
    expected = [(n, w.rstrip(b"\r")) for n, w in enumerate(words, start=1) if w.strip()]
    assert [(line.number, line.body) for line in lines_of(*pieces)] == expected


def test_given_a_file_without_line_ends_then_it_is_refused_before_memory_is_full() -> None:
    endless = (b"x" * 65536 for _ in range(10**9))
    with pytest.raises(SourceError, match="line 1 of here is longer than 16 MiB"):
        next(split_lines(endless, "here"))
    assert LONGEST_TASK_BYTES == 16 << 20


def test_given_a_pipe_when_its_writer_leaves_then_the_last_line_needs_no_end(
    pipe: tuple[int, int],
) -> None:
    reader, writer = pipe
    os.write(writer, b"one\ntwo")
    os.close(writer)
    stream = Stream("the pipe", reader)
    assert stream.size is None
    assert read_all(stream) == [Line(1, b"one"), Line(2, b"two")]


def test_given_a_silent_pipe_when_told_to_stop_then_reading_ends(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    asked = iter([False, False, True])
    assert list(Stream("the pipe", reader).lots(lambda: next(asked))) == []
    os.close(writer)


def test_given_a_folder_as_the_input_then_the_error_says_so(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(SourceError, match="cannot read the folder: Is a directory"):
            read_all(Stream("the folder", descriptor))
    finally:
        os.close(descriptor)


def test_arguments_are_one_task_each_whatever_their_bytes() -> None:
    raw = b"caf\xe9"
    with open_source([os.fsdecode(raw), "two words"], None, stdin=0, stdin_is_terminal=False) as s:
        assert read_all(s) == [Line(1, raw), Line(2, b"two words")]
        assert (s.unit, s.size) == ("argument", len(raw) + len(b"two words"))


def test_a_file_is_read_line_by_line_and_tells_its_size(tmp_path: Path) -> None:
    path = tmp_path / "tasks.txt"
    path.write_text("one\ntwo\n")
    with open_source([], path, stdin=0, stdin_is_terminal=True) as source:
        assert read_all(source) == [Line(1, b"one"), Line(2, b"two")]
        assert (source.unit, source.size) == ("line", 8)


@pytest.mark.parametrize(
    ("arguments", "terminal", "kind"),
    [
        pytest.param(["a"], True, Arguments, id="an argument is a task"),
        pytest.param(["-"], True, Stream, id="a dash reads the terminal"),
        pytest.param(["-"], False, Stream, id="a dash reads the pipe"),
        pytest.param([], False, Stream, id="nothing at all in a pipe reads the pipe"),
        pytest.param(["-", "a"], False, Arguments, id="a dash among others is a task"),
    ],
)
def test_the_input_is_chosen_by_what_is_given(
    arguments: list[str], terminal: bool, kind: type, pipe: tuple[int, int]
) -> None:
    with open_source(arguments, None, stdin=pipe[0], stdin_is_terminal=terminal) as source:
        assert isinstance(source, kind)
    os.close(pipe[1])


@pytest.mark.parametrize(
    ("arguments", "file", "message"),
    [
        pytest.param([], None, "nothing to publish", id="a terminal and no task"),
        pytest.param(["a"], Path("x"), "not both", id="arguments and a file"),
        pytest.param(["a", " "], None, "an argument is empty", id="an empty argument"),
        pytest.param([], Path("/no/such"), "cannot open /no/such: No such file", id="no file"),
    ],
)
def test_an_unclear_input_is_refused(arguments: list[str], file: Path | None, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        open_source(arguments, file, stdin=0, stdin_is_terminal=True)
