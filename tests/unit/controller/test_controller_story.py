"""One WorkQueue, from its creation to its workers and back to none."""

from unit.controller.rig import Rig


def test_applied_published_scaled_drained(rig: Rig) -> None:
    # Given a WorkQueue
    given = rig.apply()
    rig.run()
    rig.settle()
    assert rig.broker.has("thumbnails")
    assert rig.broker.has("thumbnails.dead")
    assert rig.deployment().replicas == 0
    assert rig.condition(given)["status"] == "True"
    # When tasks are published
    rig.broker.queue().ready = 195
    rig.sweep()
    # Then there are as many workers as they need, in one step
    assert rig.deployment().replicas == 20
    assert rig.cluster.reasons() == ["QueueDeclared", "ScaledUp"]
    # When all of them are done, and a window has passed
    rig.pods_start()
    rig.broker.queue().ready, rig.broker.queue().consumers = 0, 20
    rig.work(0)
    rig.pass_seconds(80)
    # Then nobody is left
    assert rig.cluster.replicas == [0, 20, 0]
    assert rig.cluster.reasons()[-1] == "ScaledDown"


def test_one_that_asks_for_a_minimum_says_so_when_it_starts(rig: Rig) -> None:
    # Given a new WorkQueue that asks for workers even when there is nothing to do
    rig.apply({"scaling": {"minWorkers": 2}})
    # When it takes its first steps
    rig.run()
    rig.settle()
    # Then they come, for that reason
    assert rig.cluster.replicas == [2]
    assert "from 0 to 2 workers (BelowMinimum)" in rig.cluster.events[-1]["message"]


def test_one_that_is_held_from_the_start_has_what_it_asks_for(rig: Rig) -> None:
    rig.apply({"scaling": {"minWorkers": 2, "mode": "Hold"}})
    rig.run()
    rig.settle()
    assert rig.cluster.replicas == [2]
