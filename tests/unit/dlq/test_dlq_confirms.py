"""What the broker says of a window of messages."""

from types import SimpleNamespace
from typing import Any

import pika
from hypothesis import given
from hypothesis import strategies as st
from pika import spec

from workqueue_operator.cli.dlq.again import Message
from workqueue_operator.cli.dlq.confirms import Confirms


def messages(*ids: str) -> list[Message]:
    return [Message(each.encode(), pika.BasicProperties(message_id=each)) for each in ids]


def word(tag: int, *, good: bool = True, multiple: bool = False) -> Any:
    method = spec.Basic.Ack(tag, multiple) if good else spec.Basic.Nack(tag, multiple)
    return SimpleNamespace(method=method)


def returned(confirms: Confirms, message: Message) -> None:
    confirms.on_return(None, None, message.properties, message.body)


def test_a_window_is_known_when_there_is_a_word_on_each() -> None:
    heard: list[int] = []
    confirms = Confirms(lambda: heard.append(1))
    confirms.begin(messages("a", "b", "c"))
    confirms.on_confirm(word(3))
    assert heard == []
    confirms.on_confirm(word(2, multiple=True))
    assert heard == [1]
    assert confirms.all_said
    assert confirms.accepted() == [True, True, True]


def test_the_next_window_has_tags_of_its_own() -> None:
    confirms = Confirms(lambda: None)
    confirms.begin(messages("a", "b"))
    confirms.on_confirm(word(2, multiple=True))
    confirms.begin(messages("c", "d"))
    assert not confirms.all_said
    confirms.on_confirm(word(3, good=False))
    confirms.on_confirm(word(4, multiple=True))  # what was said of 3 stays
    assert confirms.accepted() == [False, True]


def test_one_that_no_queue_took_is_not_accepted_though_it_is_confirmed() -> None:
    confirms, sent = Confirms(lambda: None), messages("a", "b", "b")
    confirms.begin(sent)
    returned(confirms, sent[1])
    confirms.on_confirm(word(3, multiple=True))
    assert confirms.accepted() == [True, False, True]
    returned(confirms, sent[2])
    assert confirms.accepted() == [True, False, False]


@given(st.lists(st.tuples(st.integers(1, 20), st.booleans(), st.booleans())))
def test_nothing_is_accepted_of_which_nothing_good_was_said(
    words: list[tuple[int, bool, bool]],
) -> None:
    confirms = Confirms(lambda: None)
    confirms.begin(messages(*map(str, range(20))))
    good: set[int] = set()
    for tag, is_good, multiple in words:
        confirms.on_confirm(word(tag, good=is_good, multiple=multiple))
        if is_good:
            good |= set(range(1 if multiple else tag, tag + 1))
    accepted = {tag for tag, yes in enumerate(confirms.accepted(), start=1) if yes}
    assert accepted <= good
