"""Dead letters: counted beside the queue, told once, gone when they are gone."""

from typing import Any

from unit.controller.rig import Rig

DEAD = "thumbnails.dead"


def settled(rig: Rig, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    given = rig.apply(spec)
    rig.run()
    rig.pass_seconds(15)
    return given


def test_the_first_dead_letter_is_told_and_more_of_them_are_counted(rig: Rig) -> None:
    # Given a queue of which it is known that nothing was given up
    given = settled(rig)
    assert given["status"]["deadLetters"] == {"total": 0}
    assert rig.condition(given, "DeadLetters")["status"] == "False"
    # When a task is
    rig.broker.queue(DEAD).ready = 1
    rig.sweep()
    # Then a condition says so, and an event, once
    assert rig.condition(given, "DeadLetters")["reason"] == "TasksGivenUp"
    assert rig.cluster.reasons().count("TasksGivenUp") == 1
    # And when there are more, the number follows
    rig.broker.queue(DEAD).ready = 50
    rig.pass_seconds(61)
    assert given["status"]["deadLetters"] == {"total": 50}
    assert rig.cluster.reasons().count("TasksGivenUp") == 1
    # And it is over when they are gone
    rig.broker.queue(DEAD).ready = 0
    rig.pass_seconds(15)
    assert rig.condition(given, "DeadLetters")["status"] == "False"
    assert given["status"]["deadLetters"] == {"total": 0}


def test_dead_letters_are_no_backlog(rig: Rig) -> None:
    given = settled(rig)
    rig.broker.queue(DEAD).ready = 500
    rig.pass_seconds(40)
    assert given["status"]["backlog"]["total"] == 0
    assert rig.state().wanted() == 0


def test_an_outage_keeps_the_number_and_a_restart_tells_nothing_again(rig: Rig) -> None:
    given = settled(rig)
    rig.broker.queue(DEAD).ready = 5
    rig.pass_seconds(40)
    rig.broker.go_down()
    rig.pass_seconds(40)
    assert given["status"]["deadLetters"] == {"total": 5}
    rig.broker.down = None
    rig.start()
    rig.run()
    rig.pass_seconds(20)
    assert given["status"]["deadLetters"] == {"total": 5}
    assert rig.cluster.reasons().count("TasksGivenUp") == 1


def test_a_queue_for_them_that_was_deleted_by_hand_is_declared_again(rig: Rig) -> None:
    settled(rig)
    del rig.broker.queues["rabbitmq:5672/", DEAD]
    rig.pass_seconds(3)
    assert rig.broker.has(DEAD)


def test_without_dead_letters_nothing_is_counted_and_nothing_said(rig: Rig) -> None:
    given = settled(rig, {"queue": {"deadLetters": "None"}})
    assert rig.broker.seldom == {}
    assert "deadLetters" not in given["status"]
    assert all(each["type"] != "DeadLetters" for each in given["status"]["conditions"])


def test_nobody_counts_for_a_workqueue_that_is_gone(rig: Rig) -> None:
    given = settled(rig)
    assert len(rig.broker.seldom) == 1
    rig.cluster.delete_workqueue(given)
    rig.run()
    assert rig.broker.seldom == {}
