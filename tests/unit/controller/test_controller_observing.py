"""What is read of queues: most of it asks for nothing."""

from dataclasses import replace

from unit.controller.rig import Rig
from workqueue_operator.core.errors import ApiError, QueueMismatchError
from workqueue_operator.core.readings import Known


def at_work(rig: Rig, *, backlog: int = 25, workers: int = 3) -> None:
    """One WorkQueue with its workers ready, and nothing left to do for us."""
    rig.apply()
    rig.run()
    rig.settle()
    rig.broker.queue().ready = backlog
    rig.sweep()
    rig.pods_start()
    rig.broker.queue().consumers = workers
    rig.settle()
    rig.pass_seconds(60)


def test_at_rest_nothing_is_asked_and_nothing_is_written(rig: Rig) -> None:
    # Given a WorkQueue at rest
    rig.apply()
    rig.run()
    rig.settle()
    rig.pass_seconds(60)
    rig.cluster.asked.clear()
    rig.broker.ensured.clear()
    steps = rig.steps
    # When an hour passes, with a sweep every other second
    rig.pass_seconds(3600, every=2)
    # Then there was no write, the Secret was read once a minute, and the broker asked for nothing
    assert rig.steps - steps <= 60
    assert set(rig.cluster.asked) == {"read_secret"}
    assert len(rig.cluster.asked) <= 60
    assert rig.broker.ensured == []


def test_a_thousand_quiet_queues_cause_no_step_and_no_write(rig: Rig) -> None:
    # Given a thousand WorkQueues without tasks
    for number in range(1000):
        rig.apply(name=f"quiet-{number}", uid=f"uid-{number}")
    rig.run()
    rig.pass_seconds(45, every=5)
    steps, rig.cluster.asked = rig.steps, []
    # When their queues are read for five minutes
    rig.pass_seconds(300, every=5)
    # Then nobody took a step, but for the one who looks after their Secret
    assert rig.steps - steps <= 5
    assert set(rig.cluster.asked) == {"read_secret"}


def test_a_backlog_that_flutters_within_its_workers_writes_no_status_each_time(rig: Rig) -> None:
    # Given three workers at a steady load
    at_work(rig)
    steps, writes = rig.steps, len(rig.cluster.writes())
    # When the backlog moves a little, five times a second, for a minute
    for number in range(300):
        rig.broker.queue().ready = 25 + number % 2
        rig.clock.seconds += 0.2
        rig.sweep()
    # Then a few steps looked after the status, and nothing was worth a write
    assert rig.steps - steps <= 4
    assert len(rig.cluster.writes()) == writes


def test_a_reason_that_flutters_asks_for_one_step_a_second(rig: Rig) -> None:
    # Given three workers, and a need that flutters between two and three
    at_work(rig)
    steps = rig.steps
    for number in range(300):
        rig.broker.queue().ready = 25 - 10 * (number % 2)
        rig.clock.seconds += 0.2
        rig.sweep()
    # Then there is no more than one step a second, and no worker came or went
    assert rig.steps - steps <= 61
    assert rig.deployment().replicas == 3


def test_a_refused_deployment_is_not_tried_with_every_sweep(rig: Rig) -> None:
    # Given a Deployment of our name that is not ours
    other = Rig()
    at_work(other)
    rig.cluster.deployments["shop", "thumbnails"] = replace(other.deployment(), owner_uid=None)
    given = rig.apply()
    rig.run()
    rig.settle()
    rig.broker.queue().ready = 95
    rig.sweep()
    assert rig.condition(given)["reason"] == "DeploymentConflict"
    rig.cluster.asked.clear()
    # When the queue is read five times a second for a minute
    rig.pass_seconds(60, every=0.2)
    # Then it was looked for now and then
    assert rig.cluster.asked.count("get_deployment") <= 8
    assert "apply_deployment" not in rig.cluster.asked
    # And once the other is gone, ours is made
    del rig.cluster.deployments["shop", "thumbnails"]
    rig.pass_seconds(31)
    assert rig.deployment().replicas == 10


def test_a_queue_with_other_parameters_is_not_declared_with_every_sweep(rig: Rig) -> None:
    # Given a queue of another type, with tasks in it
    rig.broker.queue().ready = 95
    rig.broker.refusals["thumbnails"] = QueueMismatchError(
        "thumbnails", "x-queue-type", found="classic", wanted="quorum"
    )
    given = rig.apply()
    rig.run()
    rig.settle()
    assert rig.condition(given)["reason"] == "QueueMismatch"
    rig.broker.ensured.clear()
    # When it is read five times a second for a minute
    rig.pass_seconds(60, every=0.2)
    # Then the broker was asked now and then, and nothing was made
    assert len(rig.broker.ensured) <= 8
    assert rig.cluster.deployments == {}
    # And when somebody has deleted it, it is declared at once
    del rig.broker.refusals["thumbnails"]
    del rig.broker.queues["rabbitmq:5672/", "thumbnails"]
    rig.settle()
    assert rig.broker.has("thumbnails")
    assert rig.condition(given)["status"] == "True"
    assert rig.cluster.reasons()[-1] == "Recovered"


def test_a_refusing_api_server_is_asked_less_and_less(rig: Rig) -> None:
    # Given an API server that refuses each Deployment
    at_work(rig)
    rig.cluster.failures["patch_replicas"] = ApiError(403, "exceeded quota")
    rig.broker.queue().ready = 95
    rig.cluster.asked.clear()
    # When the backlog asks for more workers for a minute
    rig.pass_seconds(60, every=0.2)
    # Then there were a few tries, one event, and the reason in status
    assert 4 <= rig.cluster.asked.count("patch_replicas") <= 8
    assert rig.cluster.reasons().count("KubernetesApi") == 1
    # And when it gives in, the workers come within the last pause
    rig.cluster.failures.clear()
    rig.pass_seconds(31)
    assert rig.deployment().replicas == 10
    assert rig.cluster.reasons()[-2:] == ["ScaledUp", "Recovered"]


def test_a_reading_of_a_queue_that_is_not_ours_any_more_changes_nothing(rig: Rig) -> None:
    # Given a sweep that began before the WorkQueue was moved to another queue
    given = rig.apply()
    rig.run()
    rig.settle()
    state = rig.state()
    assert state.target is not None
    access, _ = state.target
    before = state.reading
    rig.controller.stepper.queueing.watches.add("uid-1", (access, "old"))
    # When it ends
    rig.controller.observe(
        access, {"old": Known(ready=500, consumers=0, unacked=0, at=rig.clock.seconds)}
    )
    rig.run()
    # Then nobody believes it
    assert state.reading == before
    assert rig.deployment().replicas == 0
    assert given["status"]["workers"]["desired"] == 0


def test_a_bug_with_one_queue_ends_the_reading_of_no_other(rig: Rig) -> None:
    # Given two WorkQueues, and a state of one of them that nothing can be decided with
    for name in ("mail", "news"):
        rig.apply(name=name, uid=name)
    rig.run()
    rig.settle()
    rig.state("mail").history = None  # type: ignore[assignment]  # a bug, as far as it can be made
    # When both queues are read
    rig.broker.queue("mail").ready = rig.broker.queue("news").ready = 50
    rig.settle()
    # Then the other one is scaled, and the bug is counted
    assert rig.deployment(("shop", "news")).replicas == 5
    assert rig.deployment(("shop", "mail")).replicas == 0
    errors = rig.telemetry.registry.get_sample_value(
        "workqueue_reconcile_errors_total", {"reason": "Bug"}
    )
    assert errors
    assert errors <= 2
