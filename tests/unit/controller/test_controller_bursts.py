"""Many queues at once: workers first, words later; nothing that was to be told is lost."""

from collections.abc import Iterable

from unit.controller.rig import Rig
from workqueue_operator.controller.reporter import PUT_OFF_SECONDS

COUNT = 20


def many_at_rest(rig: Rig) -> list[str]:
    """Some WorkQueues without tasks."""
    names = [f"mail-{number:02}" for number in range(COUNT)]
    for name in names:
        rig.apply(name=name, uid=name)
    rig.run()
    rig.settle()
    rig.pass_seconds(15)
    rig.cluster.asked.clear()
    rig.cluster.events.clear()
    return names


def all_at_once(rig: Rig, names: Iterable[str]) -> None:
    for name in names:
        rig.broker.queue(name).ready = 55
    rig.clock.seconds += 1
    rig.broker.sweep()


def test_all_get_their_workers_before_anything_is_told(rig: Rig) -> None:
    names = many_at_rest(rig)
    # When all their queues receive tasks in the same second
    all_at_once(rig, names)
    rig.run()
    # Then every Deployment is written first (the last one finds nobody behind it)
    writes = rig.cluster.writes()
    assert writes[:COUNT] == ["patch_replicas"] * COUNT
    # And each is told about in two more writes
    assert sorted(writes[COUNT:]) == ["patch_status"] * COUNT + ["post_event"] * COUNT
    told = {event["involvedObject"]["name"] for event in rig.cluster.events}
    assert told == set(names)
    states = [rig.state(name) for name in names]
    assert all(state.silent_since is None and not state.untold for state in states)
    statuses = [rig.cluster.workqueues["shop", name]["status"] for name in names]
    assert {status["workers"]["desired"] for status in statuses} == {6}


def test_a_single_one_is_told_about_at_once(rig: Rig) -> None:
    names = many_at_rest(rig)
    all_at_once(rig, names[:1])
    rig.run()
    assert rig.cluster.writes() == ["patch_replicas", "post_event", "patch_status"]


def test_what_was_put_off_is_told_in_order_and_with_the_times_of_then(rig: Rig) -> None:
    # Given one that takes two steps while others wait
    names = many_at_rest(rig)
    rig.pending.crowded = True
    all_at_once(rig, names[:1])
    rig.run_once()
    began = rig.clock.rfc3339()
    rig.broker.queue(names[0]).ready = 95
    rig.clock.seconds += 1
    rig.broker.sweep()
    rig.run_once()
    assert rig.cluster.events == []
    # When they have been served
    rig.pending.crowded = False
    rig.run()
    # Then both are told
    first, second = rig.cluster.events
    assert first["message"].startswith("from 0 to 6 workers")
    assert second["message"].startswith("from 6 to 10 workers")
    assert first["firstTimestamp"] == began < second["firstTimestamp"]


def test_a_crowd_that_does_not_end_puts_words_off_for_some_seconds_only(rig: Rig) -> None:
    names = many_at_rest(rig)
    rig.pending.crowded = True
    all_at_once(rig, names[:1])
    rig.run_once()
    assert rig.cluster.events == []
    rig.clock.seconds += PUT_OFF_SECONDS
    rig.run_once()
    assert rig.cluster.reasons() == ["ScaledUp"]
