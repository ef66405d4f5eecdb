"""Who was told to leave wrongly: busy, while an idle one was there."""

import pytest

from kit.departures import Departure, Shifts

SHIFTS = Shifts((("busy", 10.0, 20.0), ("also busy", 5.0, float("inf"))))


@pytest.mark.parametrize(
    ("left", "wrong"),
    [
        pytest.param(Departure("busy", 15.0, frozenset({"idle"})), True, id="an idle one stays"),
        pytest.param(Departure("busy", 15.0, frozenset({"also busy"})), False, id="all are busy"),
        pytest.param(Departure("busy", 15.0, frozenset()), False, id="nobody stays"),
        pytest.param(Departure("busy", 9.9, frozenset({"idle"})), False, id="before its task"),
        pytest.param(Departure("busy", 20.0, frozenset({"idle"})), False, id="after its task"),
        pytest.param(Departure("idle", 15.0, frozenset({"other"})), False, id="an idle one left"),
    ],
)
def test_a_busy_worker_is_wrong_while_an_idle_one_is_there(left: Departure, wrong: bool) -> None:
    assert SHIFTS.is_wrong(left) is wrong
