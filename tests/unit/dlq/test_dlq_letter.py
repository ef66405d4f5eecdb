"""What a dead letter tells of its story."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from unit.dlq.letters import NOW, death, failed, letter

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        pytest.param({"x-workqueue-reason": "MaxCrashes"}, "MaxCrashes", id="a worker's word"),
        pytest.param({"x-death": [death("delivery_limit")]}, "delivery_limit", id="the broker's"),
        pytest.param(
            {"x-death": [death("expired", queue="mail.retry.10"), death("rejected")]},
            "rejected",
            id="a wait in a retry queue is no death",
        ),
        pytest.param(
            {"x-workqueue-reason": "DeadLetter", "x-death": [death("expired")]},
            "DeadLetter",
            id="the worker's word comes before the broker's",
        ),
        pytest.param({}, None, id="nobody says"),
        pytest.param({"x-death": "junk"}, None, id="junk says nothing"),
        pytest.param({"x-death": ["junk", 3]}, None, id="junk in a list says nothing"),
    ],
)
def test_the_reason_is_a_workers_word_or_else_the_brokers(
    headers: dict[str, Any], reason: str | None
) -> None:
    assert letter(headers=headers).reason == reason


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        pytest.param(
            {"headers": {"x-workqueue-first-failure": "2026-05-01T11:00:00.123+00:00"}},
            datetime(2026, 5, 1, 11, 0, 0, 123000, tzinfo=UTC),
            id="the first failure",
        ),
        pytest.param(
            {"headers": {"x-death": [death("expired", age=HOUR)]}, "timestamp": 5},
            NOW - HOUR,
            id="the broker's note, in UTC",
        ),
        pytest.param(
            {"timestamp": 1_777_000_000},
            datetime.fromtimestamp(1_777_000_000, UTC),
            id="its publication",
        ),
        pytest.param({"timestamp": 10**17}, None, id="milliseconds of milliseconds"),
        pytest.param(
            {"headers": {"x-workqueue-first-failure": "yesterday"}}, None, id="junk is no time"
        ),
        pytest.param({}, None, id="nobody says"),
    ],
)
def test_a_letter_is_as_old_as_its_first_failure(
    properties: dict[str, Any], expected: datetime | None
) -> None:
    assert letter(**properties).failed_at == expected


@pytest.mark.parametrize(
    ("value", "attempts"), [(5, 5), (0, 0), ("many", None), (-1, None), (True, None)]
)
def test_attempts_that_somebody_filled_with_junk_are_not_known(
    value: object, attempts: int | None
) -> None:
    assert letter(headers={"x-workqueue-attempts": value}).attempts == attempts


def test_a_message_without_headers_tells_nothing_and_is_no_error() -> None:
    bare = letter(headers=None)
    assert (bare.reason, bare.attempts, bare.error, bare.replayed) == (None, None, "", 0)


def test_an_error_is_text_whatever_somebody_wrote() -> None:
    assert failed(HOUR, {"x-workqueue-error": 12}).error == "12"


def test_two_letters_differ_in_their_fingerprints_and_one_is_always_the_same() -> None:
    first, again, other = letter(b"1", tag=1), letter(b"1", tag=1), letter(b"2", tag=1)
    assert first.fingerprint == again.fingerprint != other.fingerprint
