"""What the broker says when it refuses; the texts are those of RabbitMQ 3.10 and 4.0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.broker.lane import refused_reading
from workqueue_operator.broker.refusals import is_absent, refusal
from workqueue_operator.core.errors import (
    AccessRefusedError,
    BrokerDegradedError,
    InvalidQueueError,
    QueueError,
    QueueLockedError,
    QueueMismatchError,
)
from workqueue_operator.core.readings import Missing, Unknown

CLASH = "PRECONDITION_FAILED - inequivalent arg '{}' for queue 'mail' in vhost '/': {}"
NODE_DOWN = (
    "NOT_FOUND - home node 'rabbit@b' of durable queue 'mail' in vhost '/' is down or inaccessible"
)
NO_ANSWER = (  # RabbitMQ 4.0 says this of such a queue, after a minute
    "NOT_FOUND - failed to perform operation on queue 'mail' in vhost '/' due to timeout"
)


@pytest.mark.parametrize(
    ("argument", "tail", "wanted", "found"),
    [
        pytest.param(
            "durable",
            "received 'true' but current is 'false'",
            "'true'",
            "'false'",
            id="a queue that is not durable",
        ),
        pytest.param(
            "x-queue-type",
            "received 'quorum' but current is 'classic'",
            "'quorum'",
            "'classic'",
            id="another type, as RabbitMQ 4 says it",
        ),
        pytest.param(
            "x-queue-type",
            "received the value 'quorum' of type 'longstr' but current is none",
            "'quorum'",
            "none",
            id="another type, as RabbitMQ 3 says it",
        ),
        pytest.param(
            "x-dead-letter-exchange",
            "received none but current is the value '' of type 'longstr'",
            "none",
            "''",
            id="an argument that this WorkQueue does not ask for",
        ),
        pytest.param(
            "x-delivery-limit",
            "received the value '3' of type 'signedint' but current is the value '5' of type "
            "'signedint'",
            "'3'",
            "'5'",
            id="two numbers",
        ),
        pytest.param(
            "x-dead-letter-routing-key",
            "received 'mail.dead' but current is 'it's mine'",
            "'mail.dead'",
            '"it\'s mine"',
            id="a value that holds a quote",
        ),
    ],
)
def test_a_mismatch_names_the_argument_and_both_values(
    argument: str, tail: str, wanted: str, found: str
) -> None:
    error = refusal("mail", 406, CLASH.format(argument, tail), wanted={argument: wanted})

    assert isinstance(error, QueueMismatchError)
    assert f"exists with {argument} = {found}, but this WorkQueue asks for " in str(error)
    asked = "none" if tail.startswith("received none") else wanted
    assert f"asks for {asked}. " in str(error)


def test_a_text_that_was_cut_short_is_a_mismatch_that_says_so() -> None:
    text = f"PRECONDITION_FAILED - inequivalent arg 'durable' for queue '{'l' * 200}..."

    error = refusal("l" * 240, 406, text, wanted={"durable": "'true'"})

    assert isinstance(error, QueueMismatchError)
    assert "durable = another value (the broker's message was cut short)" in str(error)


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        pytest.param(403, "ACCESS_REFUSED - ...", AccessRefusedError, id="a right that lacks"),
        pytest.param(404, NODE_DOWN, BrokerDegradedError, id="a node that is down"),
        pytest.param(405, "RESOURCE_LOCKED - ...", QueueLockedError, id="an exclusive queue"),
        pytest.param(406, "PRECONDITION_FAILED - invalid arg", InvalidQueueError, id="a bad value"),
        pytest.param(540, "NOT_IMPLEMENTED - ...", InvalidQueueError, id="an unknown question"),
        pytest.param(541, "INTERNAL_ERROR - ...", BrokerDegradedError, id="no majority"),
        pytest.param(506, "RESOURCE_ERROR - ...", QueueError, id="a code that we do not know"),
    ],
)
def test_every_code_has_its_error_and_keeps_the_words(
    code: int, text: str, kind: type[QueueError]
) -> None:
    error = refusal("mail", code, text)

    assert type(error) is kind
    assert "'mail'" in str(error)
    assert text.partition(" - ")[0] in str(error)


def test_only_the_words_no_queue_make_a_queue_missing() -> None:
    assert isinstance(refused_reading("mail", 404, "NOT_FOUND - no queue 'mail' in vhost"), Missing)
    for words in (NODE_DOWN, NO_ANSWER):
        down = refused_reading("mail", 404, words)
        assert isinstance(down, Unknown)
        assert down.reason == "BrokerDegraded"


@given(code=st.integers(0, 999), text=st.text())
def test_whatever_the_broker_says_is_an_error_and_never_a_crash(code: int, text: str) -> None:
    assert isinstance(refusal("mail", code, text), QueueError)
    assert not (is_absent(code, text) and code != 404)
