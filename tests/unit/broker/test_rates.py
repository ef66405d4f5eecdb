"""What a row of the management API says of the tasks that were finished."""

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.broker.rates import ManagementRates, deliveries, throughput
from workqueue_operator.core.access import Access
from workqueue_operator.ports import Throughput

NOON = 1_700_000_000_000  # milliseconds


def samples(*counts: object, ended: int = NOON) -> dict[str, Any]:
    """One each five seconds, told with the newest first, as the broker does."""
    times = range(ended - 5000 * (len(counts) - 1), ended + 1, 5000)
    told = [{"timestamp": at, "sample": count} for at, count in zip(times, counts, strict=True)]
    return {"avg_rate": 1.0, "samples": told[::-1]}


def row(acknowledged: object, unacked: object) -> dict[str, Any]:
    return {
        "message_stats": {"ack_details": acknowledged, "ack": 7},
        "messages_unacknowledged_details": unacked,
    }


@pytest.mark.parametrize(
    ("acknowledged", "unacked", "expected"),
    [
        pytest.param(
            samples(10, 30, 40),
            samples(4, 4, 1),
            Throughput(finished=30, seconds=10.0, unacked=3.0),
            id="thirty in ten seconds",
        ),
        pytest.param(
            samples(10, 10),
            samples(1, 1),
            Throughput(finished=0, seconds=5.0, unacked=1.0),
            id="a long task",
        ),
        pytest.param(
            samples(10, 30, 40),
            samples(2, 2, 100, ended=NOON + 5000),
            Throughput(finished=30, seconds=10.0, unacked=2.0),
            id="what is in work at another time does not count",
        ),
        pytest.param(samples(40, 10), samples(1, 1), None, id="a count that fell"),
        pytest.param(samples(40), samples(1), None, id="one count is no time"),
        pytest.param(samples(), samples(), None, id="no count"),
        pytest.param(
            samples(1, 9), samples(1, 1, ended=NOON - 60_000), None, id="nothing of that time"
        ),
    ],
)
def test_what_was_finished(
    acknowledged: dict[str, Any], unacked: dict[str, Any], expected: Throughput | None
) -> None:
    assert throughput(row(acknowledged, unacked)) == expected


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(None, id="no answer"),
        pytest.param([], id="a list"),
        pytest.param({}, id="a queue without statistics"),
        pytest.param(row(None, samples(1, 1)), id="nothing was ever acknowledged"),
        pytest.param(row(samples(1, 9), None), id="nobody counts the tasks in work"),
        pytest.param(row({"samples": {}}, samples(1, 1)), id="samples that are no list"),
        pytest.param(row({"samples": [1, 2]}, samples(1, 1)), id="samples that are none"),
        pytest.param(row(samples(None, 9), samples(1, 1)), id="a count that is missing"),
        pytest.param(row(samples(*(True, 9)), samples(1, 1)), id="a flag for a count"),
        pytest.param(row(samples("1", 9), samples(1, 1)), id="a text for a count"),
        pytest.param(row(samples(-1, 9), samples(1, 1)), id="a negative count"),
        pytest.param(row(samples(1, 10**400), samples(1, 1)), id="more than there can be"),
        pytest.param(row([1], samples(1, 1)), id="a list for details"),
    ],
)
def test_what_is_missing_is_unknown(answer: object) -> None:
    assert throughput(answer) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["message_stats", "ack_details", "messages_unacknowledged_details"]
                + ["samples", "sample", "timestamp"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_whatever_it_is_told_it_stays_calm(answer: object) -> None:
    told = throughput(answer)
    assert told is None or (told.finished >= 0 and told.seconds > 0 and told.unacked >= 0)


def access(management_uri: str | None) -> Access:
    return Access(
        host="mq",
        port=5672,
        tls=False,
        vhost="/",
        username="us",
        password="secret",
        management_uri=management_uri,
    )


def test_without_a_management_address_nobody_says() -> None:
    assert ManagementRates().ask(access(None), "mail", seconds=30) is None


def test_given_nobody_at_the_address_then_nobody_says() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert ManagementRates().ask(access(f"http://127.0.0.1:{port}"), "mail", seconds=30) is None


def delivered(all_of_them: object, again: object = None) -> dict[str, Any]:
    return {"message_stats": {"deliver_get_details": all_of_them, "redeliver_details": again}}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(delivered(samples(5, 9, 25), samples(1, 2, 13)), (20, 12), id="both"),
        pytest.param(delivered(samples(5, 25)), (20, 0), id="nothing ever came back"),
        pytest.param(delivered(samples(5)), None, id="one look tells of no time"),
        pytest.param(delivered(samples(25, 5)), None, id="the broker has begun anew"),
        pytest.param(delivered(samples(5, 9), samples(1, 9)), None, id="more than all"),
        pytest.param({}, None, id="nothing was ever delivered"),
        pytest.param(None, None, id="no answer"),
    ],
)
def test_what_was_delivered_and_what_of_it_came_back(
    told: object, expected: tuple[int, int] | None
) -> None:
    assert deliveries(told) == expected
