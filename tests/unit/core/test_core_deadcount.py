"""Dead letters: counted when somebody knows, told when they begin and end, and rarely between."""

from workqueue_operator.core.deadcount import DeadCount
from workqueue_operator.core.readings import Known, Missing, Reading, Unknown
from workqueue_operator.core.shrinking import ZERO_PROOF_READINGS, ZERO_PROOF_SECONDS
from workqueue_operator.core.statuswrites import NUMBERS_EVERY_SECONDS


def dead(ready: int) -> Reading:
    return Known(ready=ready, consumers=0, unacked=None, at=0.0)


def zeros(count: DeadCount, *, begin: float) -> list[bool]:
    """Read zero for as long as it takes to be believed; returns what was news."""
    every = ZERO_PROOF_SECONDS / (ZERO_PROOF_READINGS - 1)
    return [count.learn(dead(0), begin + every * i) for i in range(ZERO_PROOF_READINGS)]


def test_nothing_is_said_before_anything_is_known() -> None:
    count = DeadCount.from_status({})
    assert not count.learn(Unknown(reason="BrokerUnreachable", why="gone", at=0.0), 0.0)
    assert count.total is None
    assert count.condition("mail.dead") is None


def test_the_first_one_is_told_at_once() -> None:
    count = DeadCount()
    assert count.learn(dead(1), 5.0)
    said = count.condition("mail.dead")
    assert said is not None
    assert (said.status, said.reason) == (True, "TasksGivenUp")
    assert "1 tasks" in said.message
    assert "'mail.dead'" in said.message


def test_that_there_are_none_is_believed_when_it_lasts() -> None:
    count = DeadCount()
    assert zeros(count, begin=0.0) == [False] * (ZERO_PROOF_READINGS - 1) + [True]
    said = count.condition("mail.dead")
    assert said is not None
    assert (said.status, said.reason) == (False, "NoDeadLetters")
    assert not count.learn(dead(0), 100.0), "the same is no news"


def test_a_zero_of_a_queue_without_a_leader_is_not_the_end_of_them() -> None:
    count = DeadCount()
    count.learn(dead(7), 0.0)
    assert not count.learn(dead(0), 1.0)
    count.learn(dead(7), 2.0)
    assert not count.learn(dead(0), 2.0 + ZERO_PROOF_SECONDS), "it begins anew"
    assert count.total == 7


def test_that_all_are_gone_is_told() -> None:
    count = DeadCount()
    count.learn(dead(7), 0.0)
    assert zeros(count, begin=1.0)[-1]
    assert count.total == 0


def test_a_number_that_grows_asks_for_a_step_now_and_then() -> None:
    count = DeadCount()
    count.learn(dead(1), 0.0)
    assert not count.learn(dead(2), 1.0)
    assert count.total == 2, "what is shown in metrics is exact"
    assert count.learn(dead(3), NUMBERS_EVERY_SECONDS)
    assert not count.learn(dead(4), NUMBERS_EVERY_SECONDS + 1)


def test_a_queue_of_dead_letters_that_is_gone_asks_for_a_step() -> None:
    count = DeadCount(total=3)
    assert count.learn(Missing(why="no queue 'mail.dead'", at=0.0), 0.0)
    assert count.total == 3


def test_a_process_goes_on_with_what_the_one_before_it_told() -> None:
    count = DeadCount.from_status({"deadLetters": {"total": 4}})
    assert count.told
    assert count.total == 4
    assert not DeadCount.from_status({"deadLetters": {"total": 0}}).told


def test_without_a_queue_for_them_there_is_nothing_to_say() -> None:
    assert DeadCount(total=0).condition(None) is None


def test_a_number_that_changed_too_soon_to_be_told_is_told_by_a_later_reading() -> None:
    count = DeadCount()
    assert count.learn(dead(1), 0.0)
    assert not count.learn(dead(2), 1.0), "the status was just written"
    assert count.learn(dead(2), NUMBERS_EVERY_SECONDS + 1.0)
    assert not count.learn(dead(2), 2 * NUMBERS_EVERY_SECONDS + 2.0), "and then it is no news"
