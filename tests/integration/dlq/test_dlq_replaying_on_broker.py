"""Dead letters are put back: each is removed once it is safe, and a kill doubles few of them."""

import re
import signal
import time
from collections.abc import Mapping
from typing import Any

import pytest

from integration.dlq.dlq_rig import CLASSIC, DEAD, QUORUM, WORK, Rig, ended
from kit.kube import wait_for

pytestmark = pytest.mark.timeout(120)
MANY, WINDOW = 4000, 50


def test_those_that_are_meant_go_back_with_a_clean_record_and_the_others_stay(dlq: Rig) -> None:
    dlq.declare()
    dlq.fill(30)
    done = dlq.run("replay", "--reason", "DeadLetter")
    assert (done.code, done.out) == (0, f"10 replayed to '{WORK}'; 20 others stay in '{DEAD}'\n")
    back, dead = dlq.drain(WORK), dlq.drain(DEAD)
    assert [n for n, _ in back] == list(range(0, 30, 3))
    assert back[1][1] == {"tenant": "tenant-1", "x-workqueue-replayed": 1}
    assert [n for n, _ in dead] == [n for n in range(30) if n % 3]


def test_a_dry_run_and_a_limit_do_no_more_than_they_say(dlq: Rig) -> None:
    dlq.declare()
    dlq.fill(30)
    dry = dlq.run("replay", "--all", "--dry-run")
    assert dry.out.startswith("30 would be replayed")
    assert (dlq.ready(WORK), dlq.ready(DEAD)) == (0, 30)
    few = dlq.run("replay", "--all", "--limit", "7")
    assert (few.code, few.out.split()[0]) == (0, "7")
    assert [n for n, _ in dlq.drain(WORK)] == list(range(7))


@pytest.mark.parametrize("arguments", [QUORUM, CLASSIC], ids=["quorum", "classic"])
def test_a_replay_that_is_killed_doubles_at_most_its_window_and_goes_on_when_run_again(
    dlq: Rig, arguments: Mapping[str, Any]
) -> None:
    # Given a replay that is under way
    dlq.declare(arguments)
    dlq.fill(MANY)
    replay = dlq.start("replay", "--all", "--window", str(WINDOW), "--rate", "800")
    wait_for("some to be back", lambda: dlq.ready(WORK) > 300, seconds=30, every=0.01)
    # When it is killed, and run again
    replay.send_signal(signal.SIGKILL)
    replay.wait()
    wait_for("it to be gone", lambda: dlq.ready(DEAD) + dlq.ready(WORK) >= MANY, seconds=30)
    assert 0 < dlq.ready(DEAD) < MANY
    again = dlq.run("replay", "--all")
    # Then all are back, and few of them twice
    assert again.code == 0
    found, dead = dlq.census()
    assert found.keys() == set(range(MANY))
    assert found.total() - MANY <= WINDOW
    assert dead == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_replay_that_is_interrupted_says_how_far_it_came_and_doubles_nothing(
    dlq: Rig, number: signal.Signals
) -> None:
    dlq.declare()
    dlq.fill(MANY)
    replay = dlq.start("replay", "--all", "--rate", "500")
    wait_for("some to be back", lambda: dlq.ready(WORK) > 300, seconds=30, every=0.01)
    replay.send_signal(number)
    done = ended(replay)
    assert done.code == 1
    assert "interrupted: what was begun is done" in done.out
    told = int(done.out.split()[0].replace(",", ""))
    assert 300 < told < MANY
    wait_for("the rest in its place", lambda: dlq.ready(DEAD) == MANY - told, seconds=20)
    found, dead = dlq.census()
    assert found.total() == MANY
    assert dead == list(range(told, MANY))


def test_a_rate_is_kept(dlq: Rig) -> None:
    dlq.declare()
    dlq.fill(100)
    began = time.monotonic()
    done = dlq.run("replay", "--all", "--rate", "20")
    assert done.code == 0
    assert time.monotonic() - began > 4.9
    assert dlq.ready(WORK) == 100


@pytest.mark.parametrize("arguments", [QUORUM, CLASSIC], ids=["quorum", "classic"])
@pytest.mark.parametrize(("verb", "more"), [("replay", ()), ("purge", ("--yes",))])
def test_an_orderly_end_leaves_none_of_them_behind(
    dlq: Rig, arguments: Mapping[str, Any], verb: str, more: tuple[str, ...]
) -> None:
    # Given more of them, between others, than a quorum queue removes in one go
    dlq.declare(arguments)
    dlq.fill(450)
    # When they are worked on
    done = dlq.run(verb, "--reason", "DeadLetter", *more)
    # Then at once each of them is gone, and each other one in its place
    assert (done.code, done.out.split()[0]) == (0, "150")
    wait_for("the others in their place", lambda: dlq.ready(DEAD) >= 300, seconds=20)
    assert [n for n, _ in dlq.drain(DEAD)] == [n for n in range(450) if n % 3]


def test_where_no_queue_takes_them_they_stay(dlq: Rig) -> None:
    dlq.declare()
    dlq.fill(30)
    done = dlq.run("replay", "--all", "--to", "nowhere")
    assert done.code == 1
    assert "the broker did not take 30 for queue 'nowhere', and they stay" in done.out
    wait_for("all in their place", lambda: dlq.ready(DEAD) == 30, seconds=20)
    assert [n for n, _ in dlq.drain(DEAD)] == list(range(30))


def test_a_full_queue_takes_what_it_can_and_the_rest_stays(dlq: Rig) -> None:
    full = {**CLASSIC, "x-max-length": 10, "x-overflow": "reject-publish"}
    dlq.declare(CLASSIC)
    dlq.fill(30)
    with dlq.channel() as channel:
        channel.queue_declare("small", durable=True, arguments=full)
    done = dlq.run("replay", "--all", "--to", "small")
    assert done.code == 1
    assert done.out.startswith("10 replayed to 'small'")
    wait_for("the others in their place", lambda: dlq.ready(DEAD) == 20, seconds=20)
    assert [n for n, _ in dlq.drain(DEAD)] == list(range(10, 30))


def test_who_may_look_but_not_publish_loses_nothing(dlq: Rig) -> None:
    dlq.declare()
    dlq.fill(30)
    user = f"ann-{dlq.broker.vhost}"
    dlq.broker.create_user(user, "pw", write="^$")
    try:
        dlq.user(user, "pw")
        done = dlq.run("replay", "--all")
    finally:
        dlq.broker.delete_user(user)
    assert done.code == 1
    assert "ACCESS_REFUSED" in done.out
    wait_for("all in their place", lambda: dlq.ready(DEAD) == 30, seconds=20)


def test_what_fails_again_meanwhile_waits_for_the_next_replay(dlq: Rig) -> None:
    # Given a replay into the dead letters themselves, so that each one is there again at once
    dlq.declare()
    dlq.fill(200)
    # When it runs
    done = dlq.run("replay", "--all", "--to", DEAD)
    # Then it ends, with each put back once
    assert (done.code, done.out.split()[0]) == (0, "200")
    assert [headers["x-workqueue-replayed"] for _, headers in dlq.drain(DEAD)] == [1] * 200


def test_all_of_it_works_with_the_rights_that_the_docs_name_and_no_more(dlq: Rig) -> None:
    # Given a user who may read the dead letters and publish to the default exchange
    dlq.declare()
    dlq.fill(3)
    user = f"ann-{dlq.broker.vhost}"
    rights = {"configure": "^$", "read": rf"^{re.escape(DEAD)}$", "write": r"^amq\.default$"}
    dlq.broker.create_user(user, "pw", **rights)
    try:
        dlq.user(user, "pw")
        # When that user looks, puts one back, and throws the others away
        runs = [
            dlq.run("list"),
            dlq.run("replay", "--id", "id-0"),
            dlq.run("purge", "--all", "--yes"),
        ]
    finally:
        dlq.broker.delete_user(user)
    # Then all of it is done
    assert [done.code for done in runs] == [0, 0, 0], runs
    assert (dlq.ready(WORK), dlq.ready(DEAD)) == (1, 0)
