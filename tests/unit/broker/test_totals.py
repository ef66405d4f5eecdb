"""Which counts of the management API may be believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.broker.totals import DOUBTED_SECONDS, Totals, unacked_by_queue


def totals(count: int, *, asked_at: float = 100.0) -> Totals:
    return Totals(
        unacked={"mail": count},
        asked_at=asked_at,
        good_until=asked_at + 10,
        calm_until=asked_at + 60,
    )


@pytest.mark.parametrize(
    ("count", "connected_at", "now", "expected"),
    [
        pytest.param(3, 99.0, 101.0, 3, id="tasks are believed at once after a connect"),
        pytest.param(0, 99.0, 101.0, None, id="a zero just after a connect is a broker's dream"),
        pytest.param(0, 80.0, 101.0, 0, id="a zero 20 s after the connect is a zero"),
        pytest.param(0, 80.1, 109.0, None, id="what counts is when it was asked"),
        pytest.param(3, 101.0, 102.0, None, id="an answer from before the connect is void"),
        pytest.param(3, 50.0, 110.0, None, id="an old answer is void"),
    ],
)
def test_a_count_is_believed_or_nobody_knows(
    count: int, connected_at: float, now: float, expected: int | None
) -> None:
    said = totals(count).believed("mail", calm=False, connected_at=connected_at, now=now)
    assert said == expected


@pytest.mark.parametrize(
    ("calm", "now", "expected"),
    [
        pytest.param(True, 159.0, 0, id="without tasks and consumers none is in work, for long"),
        pytest.param(True, 160.0, None, id="but not for ever"),
        pytest.param(False, 159.0, None, id="with some of either, an old answer is void"),
    ],
)
def test_an_answer_holds_longer_where_nothing_can_be_in_work(
    calm: bool, now: float, expected: int | None
) -> None:
    assert totals(0).believed("mail", calm=calm, connected_at=50.0, now=now) == expected


def test_a_queue_that_is_not_in_the_list_is_unknown_and_not_idle() -> None:
    assert totals(3).believed("other", calm=True, connected_at=0, now=101) is None


@given(
    count=st.integers(0, 5),
    calm=st.booleans(),
    asked_at=st.floats(0, 1000),
    connected_at=st.floats(0, 1000),
    now=st.floats(0, 1000),
)
def test_nothing_is_invented_and_no_zero_is_believed_too_early(
    count: int, calm: bool, asked_at: float, connected_at: float, now: float
) -> None:
    answer = totals(count, asked_at=asked_at)
    said = answer.believed("mail", calm=calm, connected_at=connected_at, now=now)
    assert said in {count, None}
    if said == 0:
        assert asked_at - connected_at >= DOUBTED_SECONDS


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([{"name": "a", "messages_unacknowledged": 2}], {"a": 2}, id="a count"),
        pytest.param([{"name": "a"}], {}, id="a field that lacks"),
        pytest.param([{"name": "a", "messages_unacknowledged": None}], {}, id="null"),
        pytest.param([{"name": "a", "messages_unacknowledged": ""}], {}, id="an empty text"),
        pytest.param([{"name": "a", "messages_unacknowledged": True}], {}, id="a truth value"),
        pytest.param([{"name": "a", "messages_unacknowledged": -1}], {}, id="less than nothing"),
        pytest.param([{"messages_unacknowledged": 2}, "x", 3], {}, id="rows without a name"),
        pytest.param({"error": "not_authorised"}, {}, id="no list"),
    ],
)
def test_only_counts_are_read_from_the_list(rows: object, expected: dict[str, int]) -> None:
    assert unacked_by_queue(rows) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(rows=JSON)
def test_no_answer_crashes_the_reader(rows: object) -> None:
    assert all(count >= 0 for count in unacked_by_queue(rows).values())
