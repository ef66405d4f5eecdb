"""What workers write into a dead letter is what the command line reads there."""

import pika
import pytest

from workqueue_operator.cli.dlq import letter
from workqueue_operator.cli.dlq.again import again
from workqueue_operator.cli.dlq.letter import Letter
from workqueue_worker import message, republished
from workqueue_worker.message import Delivery


@pytest.mark.parametrize("name", ["ATTEMPTS", "ERROR", "FIRST_FAILURE", "PRIORITY", "REASON"])
def test_both_call_a_header_by_the_same_name(name: str) -> None:
    assert getattr(letter, name) == getattr(message, name)


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({"message_id": "given"}, id="its own"),
        pytest.param({"timestamp": 1_777_000_000}, id="derived from time and body"),
        pytest.param({}, id="derived from the body"),
    ],
)
def test_both_call_a_task_by_the_same_id(properties: dict[str, object]) -> None:
    made, body = pika.BasicProperties(**properties), b"a task"
    shown = Letter(tag=1, body=body, properties=made, queue="mail")
    assert shown.id == Delivery(channel=None, tag=1, body=body, properties=made).task_id


def test_a_replayed_task_is_a_first_attempt_to_the_worker() -> None:
    story = dict.fromkeys((message.ATTEMPTS, message.CRASHES), 5)
    headers = {**story, message.REASON: "MaxAttempts", message.QUEUE: "mail", "tenant": "acme"}
    dead = Letter(tag=1, body=b"", properties=pika.BasicProperties(headers=headers), queue="mail")
    back = again(dead).properties
    delivery = Delivery(channel=None, tag=1, body=b"", properties=back)
    assert delivery.earlier_failures == 0
    assert set(delivery.headers) == {"tenant", letter.REPLAYED}


def test_nothing_of_the_story_is_put_back() -> None:
    names = [value for name, value in vars(message).items() if name.isupper()]
    story = {each: 1 for each in names if isinstance(each, str)}
    story |= dict.fromkeys(republished.NOT_CARRIED_OVER, 1)
    dead = Letter(tag=1, body=b"", properties=pika.BasicProperties(headers=story), queue="mail")
    assert again(dead).properties.headers == {letter.REPLAYED: 1}
