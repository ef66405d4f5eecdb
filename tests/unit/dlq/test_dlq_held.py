"""Acknowledging what is held: with as few words as possible, and never another one."""

from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.cli.dlq.held import Held


def holding(count: int) -> Held:
    held = Held()
    for tag in range(1, count + 1):
        held.add(tag)
    return held


def test_all_from_the_first_one_on_need_one_word() -> None:
    held = holding(5)
    assert list(held.acknowledgements([1, 2, 3])) == [(3, True)]
    assert list(held.acknowledgements([4, 5])) == [(5, True)]


def test_what_is_not_meant_is_never_among_them() -> None:
    held = holding(6)
    assert list(held.acknowledgements([1, 2, 4, 6])) == [(2, True), (4, False), (6, False)]
    assert list(held.acknowledgements([5])) == [(5, False)]
    assert list(held.acknowledgements([3])) == [(3, True)]
    assert list(held.acknowledgements([])) == []


@given(st.lists(st.sets(st.integers(1, 30))), st.integers(30, 40))
def test_exactly_those_that_are_meant_are_acknowledged(meant: list[set[int]], count: int) -> None:
    held, there = holding(count), set(range(1, count + 1))
    for each_time in meant:
        wanted = each_time & there
        for tag, all_before in held.acknowledgements(wanted):
            gone = {each for each in there if each <= tag} if all_before else {tag}
            assert gone <= wanted
            there -= gone
        assert not wanted & there
