"""Which dead letters a call means."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.dlq.letters import NOW, death, failed, letter
from workqueue_operator.cli.dlq.filters import Filter
from workqueue_operator.cli.dlq.letter import Letter

HOUR = timedelta(hours=1)
DAY_OLD = failed(24 * HOUR, {"tenant": "acme", "size": 7, "raw": b"\xff"})
BROKERS = letter(b'{"to": "ann"}', headers={"x-death": [death("delivery_limit")]})


@pytest.mark.parametrize(
    ("wanted", "one", "meant"),
    [
        pytest.param({}, BROKERS, True, id="no filter means all"),
        pytest.param({"ids": frozenset({"id-1", "x"})}, BROKERS, True, id="one of the ids"),
        pytest.param({"ids": frozenset({"id-2"})}, BROKERS, False, id="another id"),
        pytest.param({"reasons": frozenset({"maxattempts"})}, DAY_OLD, True, id="the reason"),
        pytest.param({"reasons": frozenset({"expired"})}, DAY_OLD, False, id="another reason"),
        pytest.param(
            {"reasons": frozenset({"expired", "delivery_limit"})},
            BROKERS,
            True,
            id="one of the reasons, in the broker's words",
        ),
        pytest.param({"reasons": frozenset({"expired"})}, letter(), False, id="no reason is none"),
        pytest.param({"older_than_seconds": 3600.0}, DAY_OLD, True, id="older"),
        pytest.param({"older_than_seconds": 90000.0}, DAY_OLD, False, id="not old enough"),
        pytest.param({"newer_than_seconds": 90000.0}, DAY_OLD, True, id="newer"),
        pytest.param({"newer_than_seconds": 3600.0}, DAY_OLD, False, id="too old"),
        pytest.param({"older_than_seconds": 0.0}, letter(), False, id="without a time: not old"),
        pytest.param({"newer_than_seconds": 9e9}, letter(), False, id="without a time: not new"),
        pytest.param({"headers": (("tenant", "acme"),)}, DAY_OLD, True, id="a header's value"),
        pytest.param({"headers": (("size", "7"),)}, DAY_OLD, True, id="a number in a header"),
        pytest.param({"headers": (("raw", "�"),)}, DAY_OLD, True, id="bytes in a header"),
        pytest.param({"headers": (("tenant", "b"),)}, DAY_OLD, False, id="another value"),
        pytest.param({"headers": (("tenant", None),)}, DAY_OLD, True, id="a header, whatever"),
        pytest.param({"headers": (("nobody", None),)}, DAY_OLD, False, id="no such header"),
        pytest.param({"texts": ("ann",)}, BROKERS, True, id="text in the body"),
        pytest.param({"texts": ("Ann",)}, BROKERS, False, id="another case is another text"),
        pytest.param({"texts": ("ann", "bob")}, BROKERS, False, id="all texts have to be there"),
        pytest.param(
            {"texts": ("refused",)},
            failed(HOUR, {"x-workqueue-error": "connection refused"}),
            True,
            id="text in the error",
        ),
        pytest.param(
            {"reasons": frozenset({"maxattempts"}), "texts": ("x",)},
            DAY_OLD,
            False,
            id="all that is said has to be true",
        ),
    ],
)
def test_a_filter_means(wanted: dict[str, Any], one: Letter, meant: bool) -> None:
    assert Filter(**wanted).matches(one, now=NOW) is meant


@given(st.binary(), st.text(alphabet=st.characters(codec="utf-8")))
def test_text_that_is_put_into_a_body_is_found_there(rest: bytes, text: str) -> None:
    assert Filter(texts=(text,)).matches(letter(rest + text.encode() + rest), now=NOW)


def test_a_filter_that_says_nothing_is_empty_and_no_other_is() -> None:
    assert Filter().is_empty
    assert not Filter(older_than_seconds=0.0).is_empty
