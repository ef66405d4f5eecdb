"""A task that fails comes back after its delay, and its delays take no worker's time."""

import json
from functools import partial
from itertools import pairwise

from kit.kube import condition, wait_for
from kit.publishing import tasks
from kit.story import Story

DELAYS = (1, 6)
QUEUES = {"replicated": "Quorum", "single": "Classic"}
OTHERS = 10


def test_a_task_that_fails_comes_back_after_its_delays(story: Story) -> None:
    # Given two queues with one worker each, limits that may change later, and a management address
    for name, kind in QUEUES.items():
        story.apply(
            name,
            {
                "broker": {"managementUri": f"http://{story.broker.pod_host}:15672"},
                "queue": {"type": kind, "policy": {"maxLength": 5000}},
                "worker": {"retry": {"delaysSeconds": list(DELAYS)}},
                "scaling": {"minWorkers": 1, "maxWorkers": 1},
            },
        )
    for name in QUEUES:
        story.wait_ready(name)
    # When each gets a task that fails twice, and behind it some that do not
    for first, name in enumerate(QUEUES):
        bad = tasks(1, seconds=0, first=100 * first, then="fail twice")
        good = tasks(OTHERS, seconds=0.1, first=100 * first + 1)
        story.broker.put(name, *(json.dumps(task) for task in (*bad, *good)))
    # Then all are done, each once
    story.wait_completed(len(QUEUES) * (OTHERS + 1), seconds=60)
    assert story.ledger.repeated() == []
    # And those that failed have waited, while the others were done
    for first in range(len(QUEUES)):
        begun = starts(story, 100 * first)
        assert len(begun) == len(DELAYS) + 1
        assert all(b - a >= delay for (a, b), delay in zip(pairwise(begun), DELAYS, strict=True))
        assert (
            max(story.ledger.times("completed")[100 * first + i + 1] for i in range(OTHERS))
            < (begun[-1])
        )
    # And the limits are in force, by a policy of the operator's own
    for name in QUEUES:
        assert_limited(story, name)


def starts(story: Story, task: int) -> list[float]:
    """When it was begun, each time."""
    entries = story.ledger.read().entries
    return [float(e["at"]) for e in entries if (e["n"], e["what"]) == (task, "started")]


def assert_limited(story: Story, name: str) -> None:
    def in_force() -> bool:
        found = story.broker.queue(name) or {}
        return found.get("effective_policy_definition") == {"max-length": 5000}

    wait_for("the policy to be in force", in_force, seconds=20)
    for kind in ("PolicyInSync", "QueueInSync"):
        wait_for(f"{kind} of {name}", partial(is_true, story, name, kind), seconds=30)


def is_true(story: Story, name: str, kind: str) -> bool:
    return condition(story.kube.need("WorkQueue", name), kind).get("status") == "True"
