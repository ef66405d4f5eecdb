"""The slim watch on the real API server."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from integration.kube.manifests import deployment
from kit.kube import Kube, wait_for
from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.objects import KubernetesCluster
from workqueue_operator.cluster.stream import Timing
from workqueue_operator.cluster.watch import DeploymentWatch
from workqueue_operator.ports import DeploymentState


@dataclass
class Heard:
    """What the watch told, by owner."""

    states: dict[str, DeploymentState | None] = field(default_factory=dict)

    def hear(self, owner: str, state: DeploymentState | None) -> None:
        self.states[owner] = state

    def has(self, owner: str, replicas: int) -> bool:
        return self.replicas(owner) == replicas

    def replicas(self, owner: str) -> int | None:
        state = self.states.get(owner)
        return None if state is None else state.replicas


@contextmanager
def watching(
    api: Api, *namespaces: str, server_seconds: int = 300
) -> Iterator[tuple[DeploymentWatch, Heard]]:
    heard = Heard()
    timing = Timing(server_seconds=server_seconds)
    watch = DeploymentWatch(api, heard.hear, namespaces=namespaces, timing=timing)
    watch.start()
    try:
        assert watch.synced.wait(10)
        yield watch, heard
    finally:
        watch.stop()


def test_what_is_there_what_changes_and_what_goes_is_told(
    served: Api, cluster: KubernetesCluster, kube: Kube, workqueue: dict[str, Any]
) -> None:
    uid = workqueue["metadata"]["uid"]
    live = cluster.apply_deployment(deployment(kube.namespace, replicas=1, owner=workqueue))
    with watching(served, kube.namespace) as (watch, heard):
        # Given what was there before the watch
        assert heard.replicas(uid) == 1
        # When it changes, and when it is deleted
        cluster.patch_replicas(live, 3)
        wait_for("the change", lambda: heard.replicas(uid) == 3, seconds=5)
        kube.delete("Deployment", "mail")
        # Then both were told
        wait_for("the deletion", lambda: uid in heard.states and not heard.states[uid], seconds=20)
        assert watch.alive()


def test_the_whole_cluster_is_watched_when_no_namespace_is_named(
    served: Api, cluster: KubernetesCluster, namespace: str, workqueue: dict[str, Any]
) -> None:
    uid = workqueue["metadata"]["uid"]
    with watching(served) as (_watch, heard):
        cluster.apply_deployment(deployment(namespace, replicas=2, owner=workqueue))

        wait_for("it", lambda: heard.replicas(uid) == 2, seconds=5)


def test_a_namespace_that_is_not_named_is_not_watched(
    served: Api, cluster: KubernetesCluster, namespace: str, workqueue: dict[str, Any]
) -> None:
    uid = workqueue["metadata"]["uid"]
    with watching(served, namespace) as (_here, near), watching(served, "default") as (_far, other):
        cluster.apply_deployment(deployment(namespace, replicas=2, owner=workqueue))
        wait_for("it, where it is", lambda: near.replicas(uid) == 2, seconds=5)

        assert uid not in other.states


def test_it_goes_on_over_the_ends_of_the_server_s_streams(
    served: Api, cluster: KubernetesCluster, kube: Kube, workqueue: dict[str, Any]
) -> None:
    uid = workqueue["metadata"]["uid"]
    live = cluster.apply_deployment(deployment(kube.namespace, replicas=0, owner=workqueue))
    with watching(served, kube.namespace, server_seconds=1) as (watch, heard):
        for replicas in range(1, 6):
            cluster.patch_replicas(live, replicas)
            wait_for("it", partial(heard.has, uid, replicas), seconds=5)
            time.sleep(0.7)  # so that the server ends a stream between two changes
        assert watch.alive()


def test_given_a_version_that_the_server_has_forgotten_then_what_vanished_is_told_as_gone(
    served: Api, cluster: KubernetesCluster, kube: Kube, workqueue: dict[str, Any]
) -> None:
    uid = workqueue["metadata"]["uid"]
    cluster.apply_deployment(deployment(kube.namespace, replicas=1, owner=workqueue))
    with watching(served, kube.namespace, server_seconds=1) as (watch, heard):
        assert heard.replicas(uid) == 1
        # Given a place in the past that the server cannot go on from, and a deletion meanwhile
        watch._watches[0]._version = "1"
        kube.delete("Deployment", "mail")

        wait_for("the news", lambda: heard.states[uid] is None, seconds=20)
        assert watch.alive()
