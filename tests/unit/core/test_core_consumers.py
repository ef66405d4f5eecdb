"""Consumers of a user's own: how many tasks they take, and whether they acknowledge."""

from typing import Any

import pytest

from workqueue_operator.core.consumers import Consumer, consumers_of, in_order, not_shown

ROW: dict[str, Any] = {
    "consumer_tag": "ctag1.0",
    "prefetch_count": 3,
    "ack_required": True,
    "channel_details": {"peer_host": "10.88.0.5"},
}


def consumer(prefetch: int = 1, *, acknowledges: bool = True, tag: str = "ctag1.0") -> Consumer:
    return Consumer(tag=tag, peer="10.88.0.5", prefetch=prefetch, acknowledges=acknowledges)


@pytest.mark.parametrize(
    ("consumers", "prefetch", "reason"),
    [
        pytest.param([consumer(1)], 1, "InOrder", id="as many as it should"),
        pytest.param([consumer(2)], 5, "InOrder", id="fewer than it may"),
        pytest.param([consumer(0)], 5, "TakesTooMany", id="without any limit"),
        pytest.param([consumer(1), consumer(2)], 1, "TakesTooMany", id="one of two takes more"),
        pytest.param(
            [consumer(0, acknowledges=False)],
            1,
            "AcknowledgedEarly",
            id="what is worse comes first",
        ),
    ],
)
def test_what_is_said(consumers: list[Consumer], prefetch: int, reason: str) -> None:
    said = in_order(consumers, prefetch=prefetch)
    assert (said.reason, said.status) == (reason, reason == "InOrder")


def test_the_first_of_many_are_named_with_their_address_and_limit() -> None:
    said = in_order([consumer(0, tag=f"tag-{i}") for i in range(9)], prefetch=2)
    assert "consumer 'tag-0' at 10.88.0.5 (prefetch any)" in said.message
    assert "and 6 more" in said.message
    assert "prefetch_count 2" in said.message


def test_a_row_is_read_and_what_is_not_told_is_not_guessed() -> None:
    found = consumers_of({"consumer_details": [ROW, {"consumer_tag": "young"}]})
    assert found == [consumer(3)]
    assert consumers_of({"consumer_details": []}) is None
    assert consumers_of({}) is None


def test_nobody_knows() -> None:
    assert not_shown("it answers 401").status is None
