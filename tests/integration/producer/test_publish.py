"""The producer against a real RabbitMQ: what it says is what is in the queue."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from uuid import UUID

import pytest

from integration.producer.producer_rig import Rig, eventually


@pytest.mark.parametrize("kind", ["quorum", "classic"])
def test_given_5000_lines_when_published_then_all_are_confirmed_and_in_the_queue(
    rig: Rig, kind: str
) -> None:
    rig.broker.declare("tasks", x_queue_type=kind)
    run = rig.publish("--queue", "tasks", "--file", rig.lines(5000))
    assert (run.code, run.err) == (0, "")
    summary = run.summary
    assert (summary["published"], summary["confirmed"], summary["resent"]) == (5000, 5000, 0)
    messages = rig.drain("tasks")
    assert [m.text for m in messages] == [f"task {n}" for n in range(1, 5001)]
    assert len({m.properties.message_id for m in messages}) == 5000


def test_a_task_is_persistent_text_with_an_id_and_the_time_of_its_sending(rig: Rig) -> None:
    rig.broker.declare("tasks", x_queue_type="quorum")
    before = int(time.time())
    assert rig.publish("--queue", "tasks", "Hello...").code == 0
    (message,) = rig.drain("tasks")
    properties = message.properties
    assert (message.text, properties.delivery_mode) == ("Hello...", 2)
    assert properties.content_type == "text/plain"
    assert UUID(properties.message_id).version == 4
    assert before <= properties.timestamp <= time.time()


def test_given_lines_in_a_pipe_that_pauses_then_each_is_published_when_it_comes(rig: Rig) -> None:
    rig.broker.declare("tasks", x_queue_type="quorum")
    command = rig.start("--queue", "tasks")
    command.type("first\n")
    assert eventually(lambda: [m.text for m in rig.drain("tasks")]) == ["first"]
    command.type("second\nlast")
    run = command.wait()
    assert (run.code, run.summary["confirmed"]) == (0, 3)
    assert [m.text for m in rig.drain("tasks")] == ["second", "last"]


def test_given_a_full_queue_that_rejects_then_the_refused_tasks_are_named_and_the_rest_unsent(
    rig: Rig,
) -> None:
    # Given a queue that takes ten tasks
    rig.broker.declare("tasks", x_max_length=10, x_overflow="reject-publish")
    # When a hundred are published, one at a time on their way
    run = rig.publish("--queue", "tasks", "--window", "1", "--file", rig.lines(100))
    # Then it stops at the first that is refused, and says where to go on
    summary = run.summary
    assert run.code == 1
    assert (summary["nacked"], summary["confirmed"] + 1) == (1, summary["published"])
    assert summary["confirmed"] == len(rig.drain("tasks"))
    assert summary["unsent_from"] == summary["published"] + 1
    (refused,) = summary["not_confirmed"]
    assert (refused["outcome"], refused["line"]) == ("nacked", summary["published"])
    assert "is full" in run.err


def test_given_a_full_window_of_refusals_then_every_task_is_counted_once(rig: Rig) -> None:
    rig.broker.declare("tasks", x_max_length=10, x_overflow="reject-publish")
    summary = rig.publish("--queue", "tasks", "--file", rig.lines(2000)).summary
    assert summary["confirmed"] == len(rig.drain("tasks"))
    assert summary["nacked"] == len(summary["not_confirmed"]) > 0
    assert summary["published"] == summary["confirmed"] + summary["nacked"] < 2000


def test_given_the_queue_is_deleted_in_between_then_the_task_comes_back_and_is_named(
    rig: Rig,
) -> None:
    # Given a producer that has found its queue
    rig.broker.declare("tasks", x_queue_type="quorum")
    command = rig.start("--queue", "tasks")
    command.type("kept\n")
    eventually(lambda: rig.drain("tasks"))
    # When the queue goes and a task comes
    rig.broker.delete_queue("tasks")
    command.type("homeless\n")
    # Then it is not called confirmed, although the broker confirms it
    run = command.wait()
    assert run.code == 1
    assert (run.summary["confirmed"], run.summary["returned"]) == (1, 1)
    assert [(t["line"], t["outcome"]) for t in run.summary["not_confirmed"]] == [(2, "returned")]
    assert "queue 'tasks' is gone" in run.err


def test_given_the_connection_is_killed_in_mid_publish_then_nothing_is_lost(rig: Rig) -> None:
    # Given a producer that always has more to publish
    rig.broker.declare("tasks", x_queue_type="quorum")
    command = rig.start("--queue", "tasks")
    numbers = count(1)
    sent: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        # When the broker closes its connection
        killer = pool.submit(eventually, rig.kill_connections)
        while not killer.done():
            lot = [f"task {next(numbers)}" for _ in range(500)]
            command.type("\n".join(lot) + "\n")
            sent += lot
    assert killer.result() == 1
    # Then it comes back, and every task is in the queue, at most the resent ones twice
    run = command.wait()
    assert run.code == 0, run.err
    summary = run.summary
    assert summary["published"] == summary["confirmed"] == len(sent)
    assert "trying again" in run.err
    messages = rig.drain("tasks")
    assert {m.text for m in messages} == set(sent)
    assert 1 <= summary["resent"] <= 256
    assert len(messages) - len(sent) <= summary["resent"]
    ids = {m.properties.message_id for m in messages}
    assert len(ids) == len(sent), "a task that is sent again keeps its id"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_given_a_signal_then_what_was_sent_is_confirmed_and_the_rest_named(
    rig: Rig, number: int
) -> None:
    # Given a producer that waits for more lines
    rig.broker.declare("tasks", x_queue_type="quorum")
    command = rig.start("--queue", "tasks")
    command.type("one\ntwo\n")
    got = eventually(lambda: rig.drain("tasks"))
    # When it is told to stop
    command.signal(number)
    run = command.leave()
    # Then its summary is true, and the exit code says that the input was not read to its end
    assert got
    assert run.code == 1
    assert (run.summary["confirmed"], run.summary["unknown"]) == (2, 0)
    assert run.summary["unsent_from"] == 3
    assert "stopping" in run.err


def test_given_a_signal_while_the_broker_is_away_then_it_leaves_at_once(rig: Rig) -> None:
    command = rig.start("--queue", "tasks", "x", port="1")
    time.sleep(1)
    started = time.monotonic()
    command.signal(signal.SIGTERM)
    run = command.leave()
    assert time.monotonic() - started < 3
    assert (run.code, run.summary["published"], run.summary["unsent_from"]) == (1, 0, 1)
