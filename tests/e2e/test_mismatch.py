"""The tutorial's own trap: the queue exists already, and with other parameters."""

from kit.story import Story


def test_a_queue_that_exists_with_other_parameters_is_left_alone_until_somebody_mends_it(
    bare_story: Story,
) -> None:
    story, broker = bare_story, bare_story.broker
    # Given the tutorial's own queue, which is not durable, one of another type, and two plain ones
    broker.declare("fleeting", durable=False)
    broker.declare("typed", x_queue_type="classic")
    broker.declare("plain")
    broker.declare("plain-quorum", x_queue_type="quorum")
    broker.put("typed", "one task")
    # When WorkQueues ask for queues of these names
    story.apply("fleeting")
    story.apply("typed")
    story.apply("plain", {"queue": {"type": "Classic", "deadLetters": "None"}})
    story.apply("plain-quorum", {"queue": {"deadLetters": "None"}})
    # Then the plain ones are adopted
    story.wait_ready("plain", "Idle")
    story.wait_ready("plain-quorum", "Idle")
    assert broker.queue("plain.dead") is None
    # And the others are not: the argument, both values and the ways out are named
    says = story.wait_not_ready("fleeting", "QueueMismatch")["message"]
    assert "exists with durable = 'false', but this WorkQueue asks for 'true'" in says
    assert_ways_out(says)
    says = story.wait_not_ready("typed", "QueueMismatch")["message"]
    assert "exists with x-queue-type = 'classic', but this WorkQueue asks for 'quorum'" in says
    assert_ways_out(says)
    assert story.wait_event("fleeting", "QueueMismatch")["type"] == "Warning"
    assert story.wait_event("typed", "QueueMismatch")["message"] == says
    # And nothing is deleted or made beside them
    assert broker.waiting("typed") == 1
    assert broker.queue("typed.dead") is None
    assert not (broker.queue("fleeting") or {"durable": None})["durable"]
    # When they are deleted by hand, Then they are declared as asked for, and it says so
    for name in ("fleeting", "typed"):
        broker.delete_queue(name)
        story.wait_ready(name, "Idle")
        found = broker.queue(name)
        assert found is not None
        assert (found["durable"], found["arguments"]["x-queue-type"]) == (True, "quorum")
        assert "QueueMismatch is over" in story.wait_event(name, "Recovered")["message"]


def assert_ways_out(message: str) -> None:
    """All four: empty and delete the queue, or ask for what is there, or for another name."""
    for words in ("drain and delete", "create it with what the queue has", "deadLetters: None"):
        assert words in message
    assert "another spec.queue.name" in message
