"""A redelivery storm, told from what some workers counted."""

import pytest

from workqueue_operator.core.storm import Delivered, since, storm


@pytest.mark.parametrize(
    ("delivered", "already", "is_one"),
    [
        pytest.param([], False, False, id="nobody answered"),
        pytest.param([(10, 6), (10, 5)], False, True, id="more than half came before"),
        pytest.param([(10, 5), (10, 5)], False, False, id="half of them is not most"),
        pytest.param([(19, 19)], False, False, id="a few are those of a lost connection"),
        pytest.param([(3, 3)], True, True, id="in a storm a few are enough for it to go on"),
        pytest.param([(3, 1)], True, False, id="it is over"),
        pytest.param([(0, 0)], True, False, id="nothing moves"),
    ],
)
def test_most_deliveries_came_before(
    delivered: list[Delivered], already: bool, is_one: bool
) -> None:
    assert (storm(delivered, already=already) is not None) == is_one


def test_it_is_told_with_its_numbers_and_stops_the_growth() -> None:
    trouble = storm([(10, 9), (30, 21)], already=False)

    assert trouble is not None
    assert trouble.message.startswith("30 of the last 40 deliveries that were looked at were")
    assert (trouble.limits, trouble.few) == (True, None)


@pytest.mark.parametrize(
    ("before", "now", "meanwhile"),
    [
        pytest.param(None, (5, 1), (5, 1), id="never asked before"),
        pytest.param((5, 1), (9, 4), (4, 3), id="some more"),
        pytest.param((50, 1), (9, 4), (9, 4), id="another process"),
        pytest.param((5, 5), (9, 4), (9, 4), id="another process with more deliveries"),
    ],
)
def test_what_came_meanwhile(
    before: Delivered | None, now: Delivered, meanwhile: Delivered
) -> None:
    assert since(before, now) == meanwhile
