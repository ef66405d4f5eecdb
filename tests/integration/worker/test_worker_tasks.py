"""Tasks through a real worker and a real broker: done, failed, given up, drained."""

from __future__ import annotations

import json
import sys
import time

import pytest

from integration.worker.bench import Bench
from integration.worker.harness import eventually


@pytest.mark.parametrize("queue_type", ["Quorum", "Classic"])
def test_given_a_task_then_it_is_acknowledged_after_its_work_and_not_before(
    bench: Bench, queue_type: str
) -> None:
    worker = bench.declare(queue_type).start().await_ready()
    # Given a task at work
    bench.publish("work:0.7")
    bench.await_ledger("started", 1)
    # Then the broker still has it, and the worker says so
    assert worker.busy() == 1
    assert worker.ready(), "a busy worker stays ready"
    # And once it is done it is gone for good
    bench.await_ledger("completed", 1)
    eventually(lambda: not worker.busy(), what="idle again")
    worked = json.loads(worker.get("/busy")[1])
    assert worked["tasks"] == 1
    assert 0.7 <= worked["seconds"] < 5
    assert worker.count('tasks_total{outcome="ok",queue="tasks"}') == 1
    bench.assert_nothing_left()


def test_given_prefetch_one_then_a_second_task_stays_with_the_broker(bench: Bench) -> None:
    worker = bench.declare().start().await_ready()
    bench.publish("work:1", "work:0")
    bench.await_ledger("started", 1)
    assert (worker.busy(), bench.ready()) == (1, 1)


def test_given_prefetch_three_then_three_are_held(bench: Bench) -> None:
    worker = bench.declare().start(PREFETCH="3").await_ready()
    bench.publish("work:1", "work:0.1", "work:0.2", "work:0.3")
    eventually(lambda: worker.busy() == 3, what="three tasks held")
    assert bench.ready() == 1
    assert len(bench.ledger("started")) == 1, "one at a time all the same"


@pytest.mark.parametrize("queue_type", ["Quorum", "Classic"])
def test_a_task_that_always_fails_ends_in_the_dead_letters_with_its_story(
    bench: Bench, queue_type: str
) -> None:
    worker = bench.declare(queue_type).start("pod-7").await_ready()
    bench.publish("fail", message_id="id-1", headers={"customer": 7}, priority=2)
    bench.publish("work:0")
    body, headers = bench.await_dead_letter()
    assert body == "fail"
    first_failure = headers.pop("x-workqueue-first-failure")
    assert first_failure.startswith("20")
    assert headers == {
        "customer": 7,
        "x-workqueue-attempts": 3,
        "x-workqueue-error": "ValueError: always",
        "x-workqueue-worker": "pod-7",
        "x-workqueue-reason": "MaxAttempts",
        "x-workqueue-queue": "tasks",
    }
    # Tried three times, at the end of its queue: the other did not wait for it.
    started = bench.await_ledger("started", 4)
    assert started.index("work:0 1 pod-7") < started.index("fail 3 pod-7")
    assert worker.count('tasks_total{outcome="retry",queue="tasks"}') == 2
    assert worker.count('tasks_total{outcome="dead",queue="tasks"}') == 1
    bench.assert_nothing_left()


def test_a_hopeless_task_is_given_up_at_once(bench: Bench) -> None:
    bench.declare().start().await_ready()
    bench.publish("hopeless")
    _, headers = bench.await_dead_letter()
    assert (headers["x-workqueue-reason"], headers["x-workqueue-attempts"]) == ("DeadLetter", 1)
    assert bench.ledger("started") == ["hopeless 1 pod-1"]
    bench.assert_nothing_left()


def test_a_program_that_exits_65_gives_its_task_up_at_once(bench: Bench) -> None:
    script = "import sys; print('bad', sys.stdin.read()); sys.exit(65)"
    command = f'{{"command": ["{sys.executable}", "-c", "{script}"]}}'
    worker = bench.declare().start(HANDLER=command).await_ready()
    bench.publish("Hello...")
    _, headers = bench.await_dead_letter()
    assert headers["x-workqueue-error"] == "exit 65: bad Hello..."
    assert [line["task"] for line in worker.logs() if line["message"] == "bad Hello..."]
    bench.assert_nothing_left()


def test_without_dead_letters_nothing_is_ever_given_up(bench: Bench) -> None:
    worker = bench.declare().start(DEAD_LETTER_QUEUE="").await_ready()
    bench.publish("fail")
    attempts = [line.split()[1] for line in bench.await_ledger("started", 10)]
    assert attempts[:10] == [str(number) for number in range(1, 11)]
    worker.terminate()
    assert worker.exit_code() == 0
    eventually(lambda: bench.ready() == 1, what="the task back in its queue")
    assert bench.ready("tasks.dead") == 0


def test_given_no_queue_for_dead_letters_then_the_task_stays_where_it_is(bench: Bench) -> None:
    bench.declare().channel.queue_delete("tasks.dead")
    worker = bench.start().await_ready()
    bench.publish("hopeless")
    eventually(lambda: worker.logged("could not be published"), what="a log line about it")
    worker.end()
    eventually(lambda: bench.ready() == 1, what="the task back in its queue")


def test_sigterm_finishes_the_task_in_hand_and_gives_the_others_back(bench: Bench) -> None:
    worker = bench.declare().start(PREFETCH="3").await_ready()
    bench.publish("work:1.5", "work:0.1", "work:0.2")
    bench.await_ledger("started", 1)
    eventually(lambda: worker.busy() == 3, what="three tasks held")
    worker.terminate()
    # The two that had not begun are there for others long before the first is done.
    eventually(lambda: bench.ready() == 2, seconds=1, what="two tasks back in the queue")
    assert '"draining": true' in worker.get("/busy")[1]
    assert worker.exit_code() == 0
    assert bench.ledger("completed") == ["work:1.5 1 pod-1"]
    assert len(bench.ledger("started")) == 1
    eventually(lambda: not bench.consumers(), what="no consumer any more")
    assert bench.ready() == 2


def test_an_idle_worker_leaves_soon(bench: Bench) -> None:
    worker = bench.declare().start().await_ready()
    told = time.monotonic()
    worker.terminate()
    assert worker.exit_code() == 0
    assert time.monotonic() - told < 5


def test_given_a_function_past_its_limit_then_its_task_fails_and_the_worker_leaves(
    bench: Bench,
) -> None:
    worker = bench.declare().start(TASK_TIMEOUT_SECONDS="1", MAX_ATTEMPTS="1").await_ready()
    bench.publish("stuck:30")
    assert worker.exit_code() == 124
    _, headers = bench.await_dead_letter()
    assert headers["x-workqueue-error"] == "no result after 1 s"
    assert worker.logged("past its hard limit")
    bench.assert_nothing_left()


def test_given_a_program_past_its_limit_then_its_task_fails_and_the_worker_goes_on(
    bench: Bench,
) -> None:
    worker = bench.declare().start(
        TASK_TIMEOUT_SECONDS="1", MAX_ATTEMPTS="1", HANDLER='{"command": ["sleep", "30"]}'
    )
    worker.await_ready()
    bench.publish("Hello")
    _, headers = bench.await_dead_letter()
    assert headers["x-workqueue-error"] == "killed after 1 s"
    assert worker.process.poll() is None
    bench.assert_nothing_left()


def test_a_handler_that_is_not_there_is_one_line_and_exit_code_2(bench: Bench) -> None:
    worker = bench.declare().start(HANDLER='{"python": "nowhere:work"}')
    assert worker.exit_code() == 2
    [line] = worker.logs()
    assert "no module 'nowhere' in this image" in line["message"]
