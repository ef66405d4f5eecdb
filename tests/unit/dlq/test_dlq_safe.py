"""Nothing that a stranger wrote reaches the terminal as it is."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.cli.dlq.safe import (
    HEX_LIMIT,
    TEXT_LIMIT,
    as_text,
    hex_dump,
    many_lines,
    one_line,
    preview,
    whole,
)

DANGEROUS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
ANYTHING = st.text(alphabet=st.characters())  # surrogates too


def dangerous(shown: str, *, allowed: str = "") -> set[str]:
    return {each for each in shown if unicodedata.category(each) in DANGEROUS} - set(allowed)


@given(ANYTHING, st.one_of(st.none(), st.integers(1, 60)))
def test_one_line_is_one_line_and_no_longer_than_asked(text: str, width: int | None) -> None:
    shown = one_line(text, width)
    assert not dangerous(shown)
    assert width is None or len(shown) <= width


@given(ANYTHING)
def test_many_lines_keep_line_ends_and_tabs_alone(text: str) -> None:
    shown = many_lines(text)
    assert not dangerous(shown, allowed="\n\t")
    assert shown.count("\n") == text.count("\n")


@given(st.binary(max_size=5000), st.integers(1, 60))
def test_no_body_gets_through_unharmed_that_should_not(body: bytes, width: int) -> None:
    assert not dangerous(whole(body), allowed="\n\t")
    assert not dangerous(preview(body, width))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain täxt 日本", "plain täxt 日本", id="what is harmless stays"),
        pytest.param("\x1b]0;title\x07", r"\x1b]0;title\x07", id="an escape sequence"),
        pytest.param("abc\u202egnp.exe", r"abc\u202egnp.exe", id="text that turns its direction"),
        pytest.param("a\nb\r\tc", r"a\nb\r\tc", id="line ends, in one line"),
        pytest.param("\x9b31m", r"\x9b31m", id="an 8-bit control"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert one_line(text) == shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        pytest.param(b"short", "short", id="whole"),
        pytest.param(b"0123456789abc", "012345678…", id="cut"),
        pytest.param("ü".encode() * 50, "üüüüüüüüü…", id="cut within a character"),
        pytest.param(("x" + "ü" * 50).encode(), "xüüüüüüüü…", id="and after an odd one"),
        pytest.param(b"", "", id="empty"),
        pytest.param(b"abc\xff", "(4 bytes, binary)", id="not UTF-8"),
        pytest.param(b"PK\x03\x04\0" * 300, "(1,500 bytes, binary)", id="with zeros in it"),
    ],
)
def test_a_preview(body: bytes, shown: str) -> None:
    assert preview(body, 10) == shown


def test_a_huge_body_is_cut_and_says_so() -> None:
    text, binary = b"a" * (TEXT_LIMIT + 1234), b"\0" * (HEX_LIMIT + 5000)
    assert whole(text).endswith("\n... 1,234 characters more: --raw FILE writes all")
    assert whole(binary).endswith("\n... 5,000 bytes more: --raw FILE writes all")


def test_a_dump_can_be_read_back() -> None:
    body = bytes(range(256)) + b"tail"
    lines = hex_dump(body).split("\n")
    assert bytes.fromhex("".join(line[10:57] for line in lines)) == body
    assert lines[4].startswith("00000040  40 41 42")
    assert lines[4].endswith("|@ABCDEFGHIJKLMNO|")
    assert as_text(body) is None
