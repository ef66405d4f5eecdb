"""A queue that is not there, a Secret that does not work, rights that are missing."""

import time

import pytest

from integration.producer.producer_rig import Rig


def test_given_the_queue_comes_a_little_later_then_the_producer_has_waited_for_it(
    rig: Rig,
) -> None:
    command = rig.start("--queue", "tasks", "patient")
    time.sleep(1)
    rig.broker.declare("tasks", x_queue_type="quorum")
    run = command.wait()
    assert (run.code, run.summary["confirmed"]) == (0, 1)
    assert "trying again" in run.err


def test_given_no_queue_then_it_says_who_declares_it_and_nothing_was_sent(rig: Rig) -> None:
    run = rig.publish("--queue", "nowhere", "--retry-seconds", "0", "x")
    assert (run.code, run.summary["published"]) == (3, 0)
    assert "no queue 'nowhere'" in run.err
    assert "kubectl get workqueue" in run.err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"password": "wrong"}, "check username and password", id="wrong password"),
        pytest.param({"port": "1"}, "no connection to the broker", id="nobody listens"),
    ],
)
def test_given_a_secret_that_does_not_work_then_it_says_what_and_nothing_was_sent(
    rig: Rig, change: dict[str, str], words: str
) -> None:
    rig.broker.declare("tasks", x_queue_type="quorum")
    started = time.monotonic()
    run = rig.publish("--queue", "tasks", "--retry-seconds", "3", "x", **change)
    assert (run.code, run.summary["published"]) == (3, 0)
    assert words in run.err
    assert rig.broker.password not in run.err + run.out
    assert time.monotonic() - started < 10


def test_given_a_vhost_that_is_not_there_then_it_says_so_at_once(rig: Rig) -> None:
    run = rig.publish("--queue", "tasks", "--vhost", "no-such-vhost", "x")
    assert run.code == 3
    assert "refuses vhost 'no-such-vhost'" in run.err
    assert "trying again" not in run.err


def test_the_least_rights_that_a_producer_needs_are_write_on_the_default_exchange(
    rig: Rig,
) -> None:
    rig.broker.declare("tasks", x_queue_type="quorum")
    user = rig.make_user(
        f"{rig.broker.vhost}-least", configure="^$", write=r"^amq\.default$", read="^$"
    )
    run = rig.publish("--queue", "tasks", "x", **user)
    assert (run.code, run.summary["confirmed"]) == (0, 1), run.err


def test_given_no_right_to_write_then_it_names_the_right(rig: Rig) -> None:
    rig.broker.declare("tasks", x_queue_type="quorum")
    user = rig.make_user(f"{rig.broker.vhost}-none", configure="^$", write="^$", read="^$")
    run = rig.publish("--queue", "tasks", "x", **user)
    assert (run.code, run.summary["confirmed"]) == (1, 0)
    assert [t["outcome"] for t in run.summary["not_confirmed"]] == ["unknown"]
    assert "write permission on `amq.default`" in run.err
    assert rig.drain("tasks") == []
