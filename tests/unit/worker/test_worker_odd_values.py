"""Headers that pika cannot read or write by itself: read, and written again as they were."""

from __future__ import annotations

import math
import struct
from typing import Any

import pika
import pytest

from workqueue_worker import odd_values

odd_values.install()


def sent_and_read(headers: dict[Any, Any], **properties: Any) -> Any:
    [*pieces] = pika.BasicProperties(headers=headers, **properties).encode()
    read = pika.BasicProperties()
    read.decode(b"".join(pieces))
    return read


@pytest.mark.parametrize(
    "value", [0.5, -1e300, math.inf, 3, 2**40, True, "text", b"\xff", None, [1, {"a": 0.5}]]
)
def test_a_header_is_read_as_it_was_sent(value: Any) -> None:
    assert sent_and_read({"x": value}).headers == {"x": value}


def test_a_number_that_is_none_stays_none() -> None:
    assert math.isnan(sent_and_read({"x": math.nan}).headers["x"])


@pytest.mark.parametrize(
    ("seconds", "read"), [(1_700_000_000_000, 1_700_000_000_000), (2**64 - 1, 2**63 - 1)]
)
def test_a_time_beyond_the_calendar_is_the_number_that_it_is(seconds: int, read: int) -> None:
    encoded = b"T" + struct.pack(">Q", seconds)
    assert odd_values.read(b"..." + encoded, 3) == (read, 12)
    assert sent_and_read({"x": read}).headers == {"x": read}


def test_what_is_no_text_becomes_text_of_the_same_length() -> None:
    read = sent_and_read({b"n\xff": 1}, message_id=b"\xffa" * 127)
    assert (read.message_id, read.headers) == ("?a" * 127, {"n?": 1})
