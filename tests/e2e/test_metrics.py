"""What Prometheus gets to read: well-formed, under the names that people find in the manual."""

import subprocess

from prometheus_client.parser import text_string_to_metric_families

from kit.kube import wait_for
from kit.operating import Operator
from kit.story import Story
from tools.deploy import STATE

OPERATOR_PORT, WORKER_PORT = 8080, 9400
OF_OPERATOR = {
    "workqueue_build_info",
    "workqueue_messages",
    "workqueue_consumers",
    "workqueue_dead_letters",
    "workqueue_workers",
    "workqueue_scale_min",
    "workqueue_scale_max",
    "workqueue_scale_events",
    "workqueue_reconcile_duration_seconds",
    "workqueue_reconcile_errors",
    "workqueue_sweep_duration_seconds",
    "workqueue_sweep_queues",
    "workqueue_broker_up",
    "workqueue_condition",
    "workqueue_loop_lag_seconds",
}
OF_WORKER = {
    f"workqueue_worker_{name}"
    for name in (
        "tasks",
        "task_duration_seconds",
        "task_queue_seconds",
        "inflight",
        "redelivered",
        "broker_reconnects",
        "consumer_cancelled",
        "stale_acks",
        "dead_letters",
        "credentials_refused",
        "drain_seconds",
        "handler_info",
    )
}


def test_metrics_of_operator_and_worker_are_well_formed_and_tell_what_happens(
    bare_story: Story, operator: Operator
) -> None:
    story = bare_story
    # Given a worker that has done a task, and then a queue with tasks that nobody works on
    story.apply("counted", {"scaling": {"minWorkers": 1}})
    story.wait_workers("counted", 1)
    story.broker.put("counted", "no dots, no time")
    worker = wait_for("the task to be counted", lambda: of_worker(story), seconds=30)
    story.apply("waiting", {"scaling": {"mode": "Hold", "maxWorkers": 7}})
    story.wait_ready("waiting", "Held")
    story.broker.put("waiting", "one", "two", "three")
    wait_for("the tasks to be counted", lambda: ready(of_operator(operator), story), seconds=10)
    # When both are asked for their metrics, Then promtool finds nothing to complain of
    told = of_operator(operator)
    for text in (told, worker):
        assert complaints(text) == ""
    # And the names are those of the manual
    assert names(told) == OF_OPERATOR
    assert names(worker) == OF_WORKER
    # And they tell what there is
    mine = {"namespace": story.kube.namespace, "name": "waiting"}
    assert value(told, "workqueue_messages", **mine, state="ready") == 3
    assert value(told, "workqueue_scale_max", **mine) == 7
    assert value(told, "workqueue_condition", **mine, type="Ready") == 1
    grown = {"direction": "up", "reason": "BelowMinimum"}
    counted = mine | {"name": "counted"}
    assert value(told, "workqueue_scale_events_total", **counted, **grown) == 1
    assert value(worker, "workqueue_worker_task_duration_seconds_count", queue="counted") == 1


def of_operator(operator: Operator) -> str:
    """The operator's whole /metrics."""
    (pod,) = operator.pods()
    return operator.kube.pod_text(pod["metadata"]["name"], OPERATOR_PORT, "metrics")


def of_worker(story: Story) -> str | None:
    """The one worker's /metrics, once it has done its task."""
    (pod,) = story.pods("counted")
    text = story.kube.pod_text(pod["metadata"]["name"], WORKER_PORT, "metrics")
    done = value(text, "workqueue_worker_tasks_total", queue="counted", outcome="ok")
    return text if done == 1 else None


def ready(text: str, story: Story) -> bool:
    """Whether three tasks were read in the queue that waits."""
    who = {"namespace": story.kube.namespace, "name": "waiting", "state": "ready"}
    return value(text, "workqueue_messages", **who) == 3


def complaints(text: str) -> str:
    """What promtool says of it: nothing, if all is well."""
    promtool = str(STATE / "bin" / "promtool")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    return said or ("" if done.returncode == 0 else f"exit code {done.returncode}")


def names(text: str) -> set[str]:
    """Our metrics in it; those of the process are the client library's."""
    found = {family.name for family in text_string_to_metric_families(text)}
    return {name for name in found if name.startswith("workqueue_")}


def value(text: str, metric: str, /, **labels: str) -> float | None:
    """One number of it, or None."""
    samples = (each for family in text_string_to_metric_families(text) for each in family.samples)
    found = (each for each in samples if (each.name, each.labels) == (metric, labels))
    return next((each.value for each in found), None)
