"""Who holds how many tasks, joined from what the management API says of consumers and channels."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.broker.holders import ManagementHolders, held
from workqueue_operator.core.access import Access

CHANNELS = [
    {"name": "10.0.0.1:1 -> mq (1)", "messages_unacknowledged": 2},
    {"name": "10.0.0.2:1 -> mq (1)", "messages_unacknowledged": 0},
]


def consumer(tag: str, channel: str) -> dict[str, Any]:
    return {"consumer_tag": tag, "channel_details": {"name": channel}}


def queue(*consumers: dict[str, Any]) -> dict[str, Any]:
    return {"consumer_details": list(consumers)}


BUSY, IDLE = consumer("a", "10.0.0.1:1 -> mq (1)"), consumer("b", "10.0.0.2:1 -> mq (1)")


@pytest.mark.parametrize(
    ("row", "channels", "expected"),
    [
        pytest.param(queue(BUSY, IDLE), CHANNELS, {"a": 2, "b": 0}, id="one busy and one idle"),
        pytest.param(queue(BUSY, IDLE), [], {}, id="a user who is told of no channel"),
        pytest.param(queue(BUSY, IDLE), CHANNELS[1:], {"b": 0}, id="a channel that is not told of"),
        pytest.param(
            queue(BUSY, consumer("a", "10.0.0.2:1 -> mq (1)")),
            CHANNELS,
            {"a": 2},
            id="two channels with the same tag",
        ),
        pytest.param(queue(), CHANNELS, {}, id="no consumer"),
        pytest.param(
            queue(BUSY), [{"name": "10.0.0.1:1 -> mq (1)"}], {}, id="a channel without its count"
        ),
        pytest.param({}, CHANNELS, None, id="a queue whose consumers are not told"),
        pytest.param({"error": "x"}, {"error": "x"}, None, id="no list of channels"),
    ],
)
def test_consumers_are_joined_with_their_channels(
    row: object, channels: object, expected: object
) -> None:
    assert held(row, channels) == expected


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["consumer_details", "name", "messages_unacknowledged", "consumer_tag"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(row=ANYTHING, channels=ANYTHING)
def test_whatever_is_answered_is_no_crash(row: object, channels: object) -> None:
    found = held(row, channels)

    assert found is None or all(count >= 0 for count in found.values())


def test_without_a_management_address_nobody_is_asked() -> None:
    access = Access(host="mq", port=5672, tls=False, vhost="/", username="us", password="secret")

    assert ManagementHolders().held(access, "mail") is None
