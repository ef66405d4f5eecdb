"""The guard against crash loops: a few workers while none works, and all of them once one does."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from unit.core.builders import decided, known, quiet_since, rules, seen
from workqueue_operator.core.crashing import FEW, crash, guard, known_by_name, remembered
from workqueue_operator.core.decision import Reason
from workqueue_operator.core.pods import Trouble

Json = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
BOOM = "Traceback:\n  File a.py\nMemoryError: \x1b[31mno room\n"


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def pod(name: str, state: Json, *, restarts: int, ready_for: float | None, code: int = 1) -> Json:
    """A pod whose worker has ended `restarts` times."""
    ready = {"type": "Ready", "status": "True" if ready_for is not None else "False"}
    if ready_for is not None:
        ready["lastTransitionTime"] = ago(ready_for)
    ended = {"terminated": {"exitCode": code, "reason": "Error", "message": BOOM}}
    worker = {"name": "worker", "image": "x", "restartCount": restarts, "state": state}
    if restarts:
        worker["lastState"] = ended
    status = {"conditions": [ready], "containerStatuses": [worker]}
    return {"metadata": {"name": name}, "status": status}


def waits(name: str, restarts: int = 4, code: int = 1) -> Json:
    """It crashed, and waits to be started again."""
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    return pod(name, state, restarts=restarts, ready_for=None, code=code)


def runs(name: str, restarts: int = 0, ready_for: float = 1.0) -> Json:
    """It is ready, for now."""
    state = {"running": {"startedAt": ago(ready_for)}}
    return pod(name, state, restarts=restarts, ready_for=ready_for)


def guarded(pods: list[Json], finished: Collection[str] = ()) -> Trouble | None:
    return guard(pods, finished, now=NOW)


def test_the_worst_is_named_with_its_exit_and_its_last_lines() -> None:
    trouble = guarded([waits("a", 2), waits("b", 7, 139), runs("c", 3)])

    assert trouble is not None
    assert trouble.reason == "WorkersCrashing"
    assert "no worker has finished a task since they began to crash: pod b ends" in trouble.message
    assert "exit code 139 (SIGSEGV), restarted 7 times" in trouble.message
    assert "last lines: Traceback: | File a.py | MemoryError:  [31mno room" in trouble.message


def test_of_many_words_the_last_are_shown() -> None:
    loud = waits("a")
    words = "x" * 300 + " " + "y" * 300 + "end"
    loud["status"]["containerStatuses"][0]["lastState"]["terminated"]["message"] = words

    trouble = guarded([loud])

    assert trouble is not None
    assert trouble.message.endswith("y" * 97 + "end")
    assert "last lines: ...xxx" in trouble.message
    assert len(trouble.message) < 600


@pytest.mark.parametrize(
    ("pods", "finished"),
    [
        pytest.param([], (), id="nobody is there"),
        pytest.param([runs("a"), runs("b")], (), id="nobody has crashed"),
        pytest.param([runs("a"), pod("b", {}, restarts=1, ready_for=None)], (), id="one crash"),
        pytest.param([waits("a"), runs("b", 9)], ("b",), id="one has finished a task"),
        pytest.param([waits("a"), runs("b", 9, 61)], (), id="one has been ready for a minute"),
    ],
)
def test_there_is_no_guard(pods: list[Json], finished: Collection[str]) -> None:
    assert guarded(pods, finished) is None


def test_a_pod_that_does_not_say_since_when_proves_nothing() -> None:
    unsaid = runs("b")
    del unsaid["status"]["conditions"][0]["lastTransitionTime"]

    assert guarded([waits("a"), unsaid]) is not None


def test_whoever_may_hold_a_task_is_not_one_too_many() -> None:
    trouble = guarded([*(waits(f"w{n}") for n in range(10)), *(runs(f"r{n}") for n in range(6))])

    assert trouble is not None
    assert trouble.few == 6


def test_it_is_worth_asking_who_works_once_somebody_crashes_again_and_again() -> None:
    assert crash([runs("a"), waits("b")])
    assert not crash([runs("a"), pod("b", {}, restarts=1, ready_for=None)])


LOOP = Trouble(reason="WorkersCrashing", message="pod a ends", few=FEW)


@pytest.mark.parametrize(
    ("wanted", "workers"),
    [
        pytest.param(20, 3, id="too many came at once, and all but a few go again"),
        pytest.param(1, 3, id="a few may come"),
        pytest.param(3, 3, id="there are a few"),
    ],
)
def test_while_none_works_there_are_a_few(wanted: int, workers: int) -> None:
    look = seen(known(ready=200, consumers=wanted), wanted, ready=0, limited=LOOP)

    decision = decided(rules(), look)

    assert (decision.workers, decision.reason) == (workers, Reason.SCALING_LIMITED)
    assert decision.message.endswith("pod a ends")


def test_the_users_minimum_stands_all_the_same() -> None:
    look = seen(known(ready=200, consumers=20), 20, ready=0, limited=LOOP)

    assert decided(rules(bounds=(5, 50)), look).workers == 5


def test_fewer_than_a_few_is_what_is_needed() -> None:
    look = seen(known(ready=1, consumers=2), 2, ready=0, limited=LOOP)

    assert decided(rules(), look, quiet_since(60, need=1)).workers <= 2


def test_while_pods_are_replaced_nobody_is_taken_away() -> None:
    look = seen(known(ready=200, consumers=20), 20, ready=0, rolling=True, limited=LOOP)

    assert decided(rules(), look).workers == 20


def told(*conditions: tuple[str, str, str], desired: int = 2) -> Json:
    """A status with these conditions: type, status, reason."""
    rows = [
        {"type": kind, "status": status, "reason": reason, "message": f"{kind}: the story"}
        for kind, status, reason in conditions
    ]
    return {"conditions": rows, "workers": {"desired": desired}}


LIMITED = ("ScalingLimited", "True", "WorkersCrashing")
DEGRADED = ("Degraded", "True", "WorkersCrashing")


@pytest.mark.parametrize(("desired", "few"), [(0, FEW), (2, FEW), (9, 9)])
def test_what_was_told_before_is_remembered_and_sends_nobody_home(desired: int, few: int) -> None:
    trouble = remembered(told(LIMITED, DEGRADED, desired=desired))

    assert trouble == Trouble(reason="WorkersCrashing", message="Degraded: the story", few=few)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({}, id="a new one"),
        pytest.param(told(DEGRADED), id="some crashed, and nothing was limited"),
        pytest.param(told(LIMITED), id="limited by something that is no crash"),
        pytest.param(
            told(("ScalingLimited", "True", "PodsRefused"), DEGRADED), id="limited by a quota"
        ),
        pytest.param(
            told(LIMITED, ("Degraded", "False", "NotDegraded")), id="it was over, and so it stands"
        ),
    ],
)
def test_nothing_is_remembered_that_limits_nobody(status: Json) -> None:
    assert remembered(status) is None


CRASHING = Trouble(reason="WorkersCrashing", message="they end", few=3)
NO_RUNTIME = Trouble(reason="WorkerRuntimeMissing", message="build it FROM ours")
NO_NODE = Trouble(reason="WorkersUnschedulable", message="no room")


@pytest.mark.parametrize(
    ("guarded", "named", "reason", "few"),
    [
        pytest.param(None, None, None, None, id="neither"),
        pytest.param(CRASHING, None, "WorkersCrashing", 3, id="a crash without a name"),
        pytest.param(None, NO_NODE, "WorkersUnschedulable", None, id="no crash"),
        pytest.param(CRASHING, NO_NODE, "WorkersCrashing", 3, id="some crash, some wait"),
        pytest.param(CRASHING, NO_RUNTIME, "WorkerRuntimeMissing", 3, id="the cure is known"),
    ],
)
def test_a_crash_whose_cure_is_known_is_told_by_that(
    guarded: Trouble | None, named: Trouble | None, reason: str | None, few: int | None
) -> None:
    found = known_by_name(guarded, named)
    assert (found.reason if found else None) == reason
    assert (found.few if found else None) == few
