"""A dead letter that goes back: the same task with a clean record."""

from datetime import timedelta
from typing import Any

import pika
import pytest

from unit.dlq.letters import death, failed, letter
from workqueue_operator.cli.dlq.again import again
from workqueue_operator.cli.dlq.letter import Letter

STORY: dict[str, Any] = {
    "x-workqueue-attempts": 5,
    "x-workqueue-crashes": 2,
    "x-workqueue-error": "no",
    "x-workqueue-queue": "mail",
    "x-workqueue-worker": "mail-1",
    "x-workqueue-anything-new": 1,
    "x-death": [death("rejected")],
    "x-first-death-reason": "rejected",
    "x-last-death-queue": "mail",
    "x-delivery-count": 3,
    "x-acquired-count": 4,
    "CC": ["elsewhere"],
    "BCC": ["secretly"],
}


def test_it_loses_its_story_and_keeps_what_its_publisher_wrote() -> None:
    old = failed(timedelta(hours=1), {**STORY, "tenant": "acme", "traceparent": "00-1-2-01"})
    assert again(old).properties.headers == {
        "tenant": "acme",
        "traceparent": "00-1-2-01",
        "x-workqueue-replayed": 1,
    }


def test_it_counts_how_often_it_was_put_back() -> None:
    old = letter(headers={"x-workqueue-replayed": 2})
    assert again(old).properties.headers == {"x-workqueue-replayed": 3}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("content_type", "text/plain"), ("content_encoding", "gzip"), ("priority", 3)),
        *(("correlation_id", "c"), ("reply_to", "r"), ("message_id", "m"), ("timestamp", 9)),
        *(("type", "t"), ("app_id", "a")),
    ],
)
def test_it_keeps_its_properties(name: str, value: Any) -> None:
    assert getattr(again(letter(**{name: value})).properties, name) == value


def test_it_does_not_die_of_age_nor_of_its_users_name_and_is_persistent() -> None:
    made = again(letter(expiration="5", user_id="ann", delivery_mode=1)).properties
    assert (made.expiration, made.user_id, made.delivery_mode) == (None, None, 2)


@pytest.mark.parametrize(
    ("given", "noted", "priority"),
    [
        pytest.param(None, 7, 7, id="put away for the time of a retry"),
        pytest.param(2, 7, 2, id="its own comes first"),
        pytest.param(None, "high", None, id="junk is none"),
        pytest.param(None, None, None, id="none"),
    ],
)
def test_its_priority_is_that_of_its_publisher(
    given: int | None, noted: object, priority: int | None
) -> None:
    old = letter(priority=given, headers={"x-workqueue-priority": noted})
    assert again(old).properties.priority == priority


def test_one_without_an_id_gets_the_one_that_it_was_shown_by() -> None:
    bare = Letter(tag=1, body=b"x", properties=pika.BasicProperties(), queue="mail")
    assert bare.id.startswith("sha256-")
    assert again(bare).properties.message_id == bare.id
    assert again(bare).body == b"x"
