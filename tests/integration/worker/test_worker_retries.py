"""Failed tasks that wait, tasks that end their workers, and hand-backs that are neither."""

from __future__ import annotations

import pytest

from integration.worker.bench import Bench
from integration.worker.harness import Worker, eventually

TYPES = pytest.mark.parametrize("queue_type", ["Quorum", "Classic"])


def started_at(bench: Bench, body: str) -> list[float]:
    """When each attempt began, in seconds since 1970."""
    lines = (bench.directory / "ledger.times").read_text().splitlines()
    begun = [line.split() for line in lines if line.startswith(f"started {body} ")]
    return [float(seconds) for _, _, seconds in begun]


def await_held(worker: Worker, count: int) -> None:
    eventually(lambda: worker.busy() >= count, what=f"{count} tasks held")


@TYPES
def test_a_failed_task_waits_longer_each_time_and_ends_in_the_dead_letters(
    bench: Bench, queue_type: str
) -> None:
    bench.declare(queue_type).declare_retry(1, 2)
    worker = bench.start(RETRY_DELAYS_SECONDS="1,2", MAX_ATTEMPTS="4").await_ready()
    bench.publish("fail", message_id="id-1", headers={"customer": 7}, priority=2)
    _, headers = bench.await_dead_letter(seconds=30)
    first, second, third, fourth = started_at(bench, "fail")
    # Not one of them earlier than asked for; how much later depends on the machine.
    assert second - first >= 1
    assert third - second >= 2
    assert fourth - third >= 2, "after the last step the delay stays"
    assert headers.pop("x-workqueue-first-failure").startswith("20")
    assert headers == {
        "customer": 7,
        "x-workqueue-attempts": 4,
        "x-workqueue-error": "ValueError: always",
        "x-workqueue-worker": "pod-1",
        "x-workqueue-reason": "MaxAttempts",
        "x-workqueue-queue": "tasks",
    }
    assert worker.count('dead_letters_total{queue="tasks",reason="MaxAttempts"}') == 1
    bench.assert_nothing_left()


def test_a_task_that_waits_holds_up_no_other(bench: Bench) -> None:
    bench.declare().declare_retry(2)
    bench.start(RETRY_DELAYS_SECONDS="2", MAX_ATTEMPTS="2").await_ready()
    bench.publish("fail", *(f"work:0.0{n}" for n in range(1, 6)))
    bench.await_dead_letter(seconds=20)
    lines = bench.ledger("started")
    assert [line.split()[0] for line in lines[1:6]] == [f"work:0.0{n}" for n in range(1, 6)]


def test_given_no_retry_queue_then_the_log_names_it_and_the_task_goes_on(bench: Bench) -> None:
    worker = bench.declare().start(RETRY_DELAYS_SECONDS="5", MAX_ATTEMPTS="2").await_ready()
    bench.publish("fail")
    _, headers = bench.await_dead_letter(seconds=20)
    assert headers["x-workqueue-attempts"] == 2
    assert worker.logged("'tasks.retry.5'")
    first, second = started_at(bench, "fail")
    assert second - first >= 0.4, "no hot loop"
    bench.assert_nothing_left()


def test_a_task_that_ends_its_workers_goes_to_the_dead_letters(bench: Bench) -> None:
    bench.declare()
    bench.publish("crash", "work:0")
    for name in ("pod-1", "pod-2"):
        assert bench.start(name, MAX_CRASHES="2").exit_code(seconds=20) == 9
    bench.start("pod-3", MAX_CRASHES="2").await_ready()
    body, headers = bench.await_dead_letter()
    assert body == "crash"
    assert headers["x-workqueue-reason"] == "MaxCrashes"
    assert headers["x-workqueue-crashes"] == 2
    assert headers["x-workqueue-error"] == "2 workers ended while they had this task"
    assert len(bench.ledger("started")) == 3
    assert bench.await_ledger("completed", 1) == ["work:0 1 pod-3"]
    bench.assert_nothing_left()


def test_given_hand_backs_before_it_then_no_crash_is_counted(bench: Bench) -> None:
    bench.declare()
    bench.publish("work:1.0", "work:1.1", "work:1.2", "work:1.3")
    # Given workers that are told to leave while others than the one at work wait in them
    for name in ("pod-1", "pod-2"):
        worker = bench.start(name, MAX_CRASHES="1", PREFETCH="4").await_ready()
        await_held(worker, 2)
        worker.terminate()
        assert worker.exit_code() == 0
    # Then all are done, and none is taken for one that ends workers
    bench.start("pod-3", MAX_CRASHES="1").await_ready()
    bench.await_ledger("completed", 4)
    assert bench.ready("tasks.dead") == 0
    bench.assert_nothing_left()
