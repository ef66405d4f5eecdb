"""Where only the broker tells who is busy: two looks, or nobody is known to be idle."""

from collections.abc import Mapping

import pytest

from workqueue_operator.core.hints import (
    APART_SECONDS,
    KEPT_SECONDS,
    Look,
    tasks_of,
    wait_seconds,
    with_look,
)

PODS = ["mail-a", "mail-b"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({"mail-a": 0}, {"mail-a": 0}, {"mail-a": 0}, id="idle twice is idle"),
        pytest.param({"mail-a": 1}, {"mail-a": 0}, {"mail-a": 1}, id="it was busy just before"),
        pytest.param({"mail-a": 0}, {"mail-a": 2}, {"mail-a": 2}, id="it is busy now"),
        pytest.param({}, {"mail-a": 0}, {}, id="who was not there before is not known"),
        pytest.param({"mail-a": 0}, {}, {}, id="who has no consumer now is not known"),
        pytest.param({"ctag1": 0}, {"ctag1": 0}, {}, id="a tag without a pod's name tells nothing"),
        pytest.param(
            {"mail-a-1": 1, "mail-a-2": 2, "mail-b": 0},
            {"mail-a-1": 0, "mail-a-2": 0, "mail-b": 0},
            {"mail-a": 3, "mail-b": 0},
            id="the consumers of a pod are added up",
        ),
    ],
)
def test_a_pod_is_as_busy_as_in_the_worse_of_two_looks(
    before: Mapping[str, int], after: Mapping[str, int], expected: Mapping[str, int]
) -> None:
    looks = [Look(100.0, before), Look(100.0 + APART_SECONDS, after)]

    assert tasks_of(PODS, looks) == expected


@pytest.mark.parametrize(
    "looks",
    [
        pytest.param([], id="none"),
        pytest.param([Look(100.0, {})], id="one"),
        pytest.param([Look(100.0, {}), Look(105.9, {})], id="two of about the same time"),
    ],
)
def test_looks_that_are_too_close_tell_nothing(looks: list[Look]) -> None:
    assert tasks_of(PODS, looks) is None


def test_the_second_look_waits_and_a_third_may_follow_at_once() -> None:
    # Given nobody has looked
    assert wait_seconds([], 100.0) == 0
    looks = with_look([], {"mail-a": 0}, 100.0)
    # Then the second look is worth while a little later
    assert wait_seconds(looks, 102.0) == pytest.approx(APART_SECONDS - 2)
    looks = with_look(looks, {"mail-a": 0}, 106.0)
    assert tasks_of(["mail-a"], looks) == {"mail-a": 0}
    # And the third at any time: it still sees the first
    assert wait_seconds(looks, 107.0) == 0
    looks = with_look(looks, {"mail-a": 1}, 107.0)
    assert tasks_of(["mail-a"], looks) == {"mail-a": 1}
    # And what is no more needed is forgotten
    looks = with_look(looks, {"mail-a": 0}, 113.5)
    assert [look.at for look in looks] == [107.0, 113.5]


def test_old_looks_count_for_nothing() -> None:
    looks = with_look([], {"mail-a": 0}, 100.0)
    later = 100.0 + KEPT_SECONDS + 1
    assert wait_seconds(looks, later) == 0
    assert tasks_of(["mail-a"], with_look(looks, {"mail-a": 0}, later)) is None
