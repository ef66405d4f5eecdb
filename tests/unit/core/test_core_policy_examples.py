"""The worked examples of README, one by one."""

from unit.core.builders import UNKNOWN, census, decided, known, quiet_since, rules, seen
from workqueue_operator.core.decision import Reason
from workqueue_operator.core.history import History
from workqueue_operator.core.learning import Learned
from workqueue_operator.core.scaling import OnUnknown

IN_A_MINUTE = rules(drain_seconds=60, tolerance=25)


def learned(arrivals: float | None) -> Learned:
    return Learned(
        task_seconds=2.0,
        task_samples=40,
        start_seconds=5.0,
        start_samples=20,
        arrivals_per_second=arrivals,
    )


def test_1_a_burst() -> None:
    burst = known(ready=200)

    assert decided(rules(bounds=(0, 20)), seen(burst, 0)).workers == 20
    assert decided(rules(bounds=(0, 15)), seen(burst, 0)).workers == 15
    assert decided(rules(bounds=(0, 15)), seen(burst, 15)).reason is Reason.AT_MAXIMUM


def test_2_the_end_of_it() -> None:
    ending = known(unacked=3, consumers=20)

    early = decided(rules(), seen(ending, 20, asked=census(3)), quiet_since(59, need=1))
    assert (early.workers, early.reason) == (20, Reason.COOLING_DOWN)
    assert "needs 1" in early.message

    past = quiet_since(60, need=1)
    past.zeros, past.zero_since = 60, past.since
    assert decided(rules(), seen(ending, 20, asked=census(3)), past).workers == 3


def test_3_the_broker_is_away() -> None:
    assert decided(rules(), seen(UNKNOWN, 20)).workers == 20

    by = rules(on_unknown=OnUnknown(after_seconds=60, min_workers=25))
    for wanted in (0, 20):
        history = History()
        history.break_off(1000.0 - 60)
        assert decided(by, seen(UNKNOWN, wanted), history).workers == 25


def test_4_a_backlog_to_be_cleared() -> None:
    look = seen(known(ready=600), 0, learned=learned(arrivals=None))

    assert decided(IN_A_MINUTE, look).workers == 22


def test_5_a_steady_flow() -> None:
    look = seen(known(ready=30, unacked=10), 10, learned=learned(arrivals=5.0))

    assert decided(IN_A_MINUTE, look).workers == 12
