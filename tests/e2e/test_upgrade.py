"""A new version of the operator renders other pods: a few WorkQueues at a time."""

import json
from typing import Any

from kit.kube import wait_for
from kit.operating import Operator
from kit.publishing import tasks
from kit.story import Story
from kit.watching import Rollouts
from workqueue_operator.cluster import deployments
from workqueue_operator.core.manifests import RENDERING, deployment
from workqueue_operator.core.rollout import ROLLING_AT_ONCE
from workqueue_operator.core.workqueue import WorkQueue

BUSY = [f"busy-{i}" for i in range(ROLLING_AT_ONCE + 2)]
IDLE = ["idle-0", "idle-1"]
GROWS = BUSY[-1]
TASKS_EACH = 8
MORE = 20
OLD = "0123456789abcdef"


def test_a_new_rendering_is_rolled_out_in_turns_while_tasks_run(
    story: Story, operator: Operator
) -> None:
    # Given WorkQueues whose Deployments an older version of the operator has rendered
    for name in (*BUSY, *IDLE):
        story.apply(name, {"scaling": {"mode": "Hold"}})
        story.wait_ready(name, "Held")
    operator.scale(0)
    for name in (*BUSY, *IDLE):
        render_as_before(story, name, replicas=1 if name in BUSY else 0)
        story.set(name, {"scaling": {"mode": "Auto"}})
    # And tasks in work in most of them, in one of them more than its worker should have
    for i, name in enumerate(BUSY):
        story.wait_workers(name, 1)
        put(story, name, TASKS_EACH, first=100 * i)
    put(story, GROWS, MORE, first=1000)
    total = len(BUSY) * TASKS_EACH + MORE
    story.wait_in_work(len(BUSY))
    with Rollouts(story.kube, OLD) as rollouts:
        # When the new version starts
        operator.scale(1)
        everybody = {*BUSY, *IDLE}
        wait_for("all to be new", lambda: everybody == set(rollouts.order()), seconds=60)
        story.wait_completed(total, seconds=90)
    # Then those without workers come first, and of the others only a few roll at a time
    assert set(rollouts.order()[: len(IDLE)]) == set(IDLE)
    assert rollouts.at_once() == ROLLING_AT_ONCE
    # And before its turn came, the number of workers followed the backlog all the same
    assert rollouts.replicas_before(GROWS) == [1, 3]
    # And no task was interrupted
    assert story.ledger.read().lost(story.ledger.count("started")) == []
    assert story.ledger.started_twice() == []


def render_as_before(story: Story, name: str, *, replicas: int) -> None:
    """As the operator would have, had it rendered one variable more."""
    wq = WorkQueue.from_body(story.kube.need("WorkQueue", name))
    manifest: Any = deployment(wq, replicas=replicas)
    manifest["metadata"]["annotations"][RENDERING] = OLD
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    container["env"].append({"name": "OF_AN_OLDER_VERSION", "value": "yes"})
    deployments.apply(story.kube.api, manifest)


def put(story: Story, name: str, count: int, *, first: int) -> None:
    """Tasks of three seconds."""
    story.broker.put(name, *(json.dumps(task) for task in tasks(count, seconds=3, first=first)))
