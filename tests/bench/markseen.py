"""How soon the controller of a ReplicaSet has seen a change of a pod: what a mark has to wait for.

It counts pods that have all labels of the template; so a label is changed, and the count watched.
"""

import time

from bench.figures import Figure
from kit.kube import Kube, wait_for
from kit.story import Story
from workqueue_operator.cluster.paths import APPS, CORE, collection, item

TRIALS = 40
LABEL = "app.kubernetes.io/managed-by"
USUAL = "workqueue-operator"


def measure(story: Story, name: str) -> Figure:
    """From the answer to the write until the count has changed, there and back."""
    pods = [each for each in story.pods(name) if "deletionTimestamp" not in each["metadata"]]
    names = [pods[number % len(pods)]["metadata"]["name"] for number in range(TRIALS)]
    seconds = [
        _seen(story.kube, name, pod, value) for pod in names for value in ("somebody", USUAL)
    ]
    return Figure(key="mark-seen", size=0, unit="s", trials=seconds)


def _seen(kube: Kube, name: str, pod: str, value: str) -> float:
    before = _labelled(kube, name)
    kube.api.request(
        "PATCH",
        item(CORE, kube.namespace, "pods", pod),
        body={"metadata": {"labels": {LABEL: value}}},
        content_type="application/merge-patch+json",
    )
    began = time.monotonic()
    wait_for("the count", lambda: _labelled(kube, name) != before, seconds=30, every=0.001)
    return time.monotonic() - began


def _labelled(kube: Kube, name: str) -> int:
    query = {"labelSelector": f"workqueue.dev/name={name}"}
    sets = kube.api.request("GET", collection(APPS, kube.namespace, "replicasets"), query=query)
    return sum(each["status"].get("fullyLabeledReplicas", 0) for each in sets["items"])
