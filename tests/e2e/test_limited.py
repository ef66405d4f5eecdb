"""The cluster gives no more pods: then no more are asked for, and it is told why."""

from functools import partial

from kit.kube import Json, condition, wait_for
from kit.story import NOWHERE, Story

LASTED_SECONDS = 12
"""Beyond the time after which trouble counts."""
TASK = "." * 20  # the tutorial's, of so many seconds
FEW, MORE = 30, 30
ASKED, NEEDED = 3, 6
ALLOWED = 2  # pods, by a quota for those that ask for something
ASKS: Json = {
    "podTemplate": {
        "spec": {"containers": [{"name": "worker", "resources": {"requests": {"cpu": "1m"}}}]}
    }
}


def test_what_would_not_help_is_not_asked_for_until_it_would(bare_story: Story) -> None:
    story = bare_story
    # Given workers for which there is no node, no image, and no room in a quota
    story.kube.apply(quota())
    cases: dict[str, tuple[Json, str, str]] = {
        "nowhere": (NOWHERE, "WorkersUnschedulable", "has no node"),
        "absent": ({"image": "localhost/there-is-no-such:image"}, "ImagePullFailed", "no-such"),
        "refused": (ASKS, "PodsRefused", "exceeded quota: few"),
    }
    for name, (worker, _, _) in cases.items():
        story.apply(name, {"worker": worker, "queue": {"type": "Classic"}})
        story.wait_ready(name, "Idle")
        story.broker.put(name, *[TASK] * FEW)
    # When that has lasted, and twice as many workers are needed
    for name, (_, reason, words) in cases.items():
        story.wait_replicas(name, ASKED, seconds=10)
        assert words in story.wait_not_ready(name, reason)["message"]
        assert story.wait_event(name, reason)["type"] == "Warning"
    story.stay(LASTED_SECONDS)
    for name in cases:
        story.broker.put(name, *[TASK] * MORE)
    # Then no more are asked for, and it is told why
    for name, (_, reason, words) in cases.items():
        says = story.wait_limited(name, reason)["message"]
        assert "no more are asked for, they would not help" in says
        assert words in says
        told = story.wait_decision(name, "ScalingLimited")
        assert (told["workers"], told["message"]) == (ASKED, says)
        assert story.replicas(name) == ASKED
    # When it is mended, Then the rest comes
    story.set("nowhere", {"worker": {"podTemplate": None}})
    story.set("absent", {"worker": {"image": story.images["worker"]}})
    for name in ("nowhere", "absent"):
        story.wait_replicas(name, NEEDED, seconds=60)
        story.wait_workers(name, NEEDED, seconds=60)
        wait_for(f"{name} to be free again", partial(is_free, story, name), seconds=10)
        assert story.wait_event(name, "Recovered")
    assert story.replicas("refused") == ASKED


def quota() -> Json:
    """A quota that only concerns pods which ask for CPU or memory."""
    spec = {"hard": {"pods": str(ALLOWED)}, "scopes": ["NotBestEffort"]}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": spec}


def is_free(story: Story, name: str) -> bool:
    """Nothing limits the number of workers, and all is well."""
    body = story.kube.need("WorkQueue", name)
    limited, ready = condition(body, "ScalingLimited"), condition(body)
    return (limited["status"], limited["reason"], ready["status"]) == (
        "False",
        "NotLimited",
        "True",
    )
