"""The way of a message through its attempts: what is kept, what is added, what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pika
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_worker.message import Delivery
from workqueue_worker.outcome import PublishAgain
from workqueue_worker.republished import Origin, published_again

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ORIGIN = Origin(pod_name="mail-7", queue="mail")
RETRY = PublishAgain(queue="mail", failures=2, error="no route", reason=None)
DEAD = PublishAgain(queue="mail.dead", failures=3, error="no route", reason="MaxAttempts")


def a_delivery(body: bytes = b"Hello", **properties: Any) -> Delivery:
    return Delivery(channel=None, tag=1, body=body, properties=pika.BasicProperties(**properties))


def again(delivery: Delivery, ruling: PublishAgain) -> Any:
    return published_again(delivery, ruling, origin=ORIGIN, now=NOW)


def test_given_a_failure_when_published_again_then_its_story_is_in_the_headers() -> None:
    properties = again(a_delivery(headers={"customer": 7}), RETRY)
    assert properties.headers == {
        "customer": 7,
        "x-workqueue-attempts": 2,
        "x-workqueue-error": "no route",
        "x-workqueue-worker": "mail-7",
        "x-workqueue-first-failure": "2026-03-01T12:00:00.000+00:00",
    }


def test_given_a_second_failure_then_the_time_of_the_first_is_kept() -> None:
    first = {"x-workqueue-first-failure": "2026-01-01T00:00:00.000+00:00"}
    properties = again(a_delivery(headers=first), RETRY)
    assert properties.headers["x-workqueue-first-failure"] == "2026-01-01T00:00:00.000+00:00"


def test_given_a_dead_letter_then_it_says_why_and_where_it_came_from() -> None:
    properties = again(a_delivery(), DEAD)
    assert properties.headers["x-workqueue-reason"] == "MaxAttempts"
    assert properties.headers["x-workqueue-queue"] == "mail"


def test_given_a_dead_letter_moved_back_by_hand_when_it_fails_then_it_is_none_any_more() -> None:
    moved_back = {"x-workqueue-reason": "MaxAttempts", "x-workqueue-queue": "mail"}
    properties = again(a_delivery(headers=moved_back), RETRY)
    assert "x-workqueue-reason" not in properties.headers
    assert "x-workqueue-queue" not in properties.headers


def test_all_that_the_producer_said_is_kept_but_age_and_identity() -> None:
    told: dict[str, Any] = {
        "content_type": "application/json",
        "content_encoding": "gzip",
        "priority": 3,
        "correlation_id": "c",
        "reply_to": "answers",
        "message_id": "id-1",
        "timestamp": 1700000000,
        "type": "resize",
        "app_id": "shop",
    }
    properties = again(a_delivery(**told, expiration="60000", user_id="shop"), RETRY)
    assert {name: getattr(properties, name) for name in told} == told
    assert properties.expiration is None
    assert properties.user_id is None


def test_given_a_priority_then_the_task_waits_without_it_and_gets_it_back() -> None:
    waiting = again(a_delivery(priority=3), replace(RETRY, queue="mail.retry.10"))
    assert waiting.priority is None
    # It comes back with what it was published with, and goes on to its own queue or the dead
    returned = a_delivery(headers=waiting.headers)
    for ruling in (RETRY, DEAD):
        properties = again(returned, ruling)
        assert properties.priority == 3
        assert "x-workqueue-priority" not in properties.headers
    # And a second wait is like the first
    second = again(returned, replace(RETRY, queue="mail.retry.10"))
    assert (second.priority, second.headers["x-workqueue-priority"]) == (None, 3)


def test_a_transient_message_becomes_persistent() -> None:
    assert again(a_delivery(delivery_mode=1), RETRY).delivery_mode == 2


@pytest.mark.parametrize(
    "name",
    [
        "x-delivery-count",
        "x-acquired-count",
        "CC",
        "BCC",
        "x-death",
        "x-first-death-reason",
        "x-last-death-queue",
    ],
)
def test_what_belongs_to_one_delivery_is_not_carried_on(name: str) -> None:
    assert name not in again(a_delivery(headers={name: ["other"]}), RETRY).headers


def test_given_no_message_id_then_every_attempt_has_the_same_derived_one() -> None:
    first = a_delivery(body=b"Hello", timestamp=1700000000)
    properties = again(first, RETRY)
    second = Delivery(channel=None, tag=9, body=b"Hello", properties=properties)
    assert first.task_id.startswith("sha256-")
    assert second.task_id == first.task_id


@pytest.mark.parametrize(
    ("header", "attempt"),
    [
        pytest.param(None, 1, id="no header: the first attempt"),
        pytest.param(2, 3, id="two failures: the third attempt"),
        pytest.param(pika.compat.long(2), 3, id="a number of 64 bits is one as well"),
        pytest.param("2", 1, id="a text is junk of somebody else"),
        pytest.param(True, 1, id="a truth value is no number"),
        pytest.param(-4, 1, id="less than none is none"),
    ],
)
def test_the_attempt_is_counted_from_the_header(header: Any, attempt: int) -> None:
    headers = None if header is None else {"x-workqueue-attempts": header}
    assert a_delivery(headers=headers).task(deadline=NOW).attempt == attempt


def test_a_task_is_settled_once() -> None:
    delivery = a_delivery()
    assert delivery.claim()
    assert not delivery.claim()


@given(body=st.binary(max_size=200), stamp=st.none() | st.integers(0, 2**40))
def test_the_derived_id_depends_on_nothing_else(body: bytes, stamp: int | None) -> None:
    one = a_delivery(body=body, timestamp=stamp, headers={"x-delivery-count": 4})
    other = a_delivery(body=body, timestamp=stamp, priority=5)
    assert one.task_id == other.task_id
