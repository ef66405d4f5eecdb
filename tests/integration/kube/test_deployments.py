"""Deployments on the real API server: who owns which field, and what an apply changes."""

from typing import Any

import pytest

from integration.kube.manifests import deployment
from kit.kube import Kube, wait_for
from workqueue_operator.cluster.objects import KubernetesCluster
from workqueue_operator.core.errors import ApiError


def managers_of_replicas(body: dict[str, Any]) -> set[str]:
    return {
        entry["manager"]
        for entry in body["metadata"]["managedFields"]
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    }


def test_a_second_apply_of_the_same_changes_nothing(
    cluster: KubernetesCluster, kube: Kube, workqueue: dict[str, Any]
) -> None:
    manifest = deployment(kube.namespace, replicas=0, owner=workqueue)
    first = cluster.apply_deployment(manifest)
    wait_for(
        "the controller's own write",
        lambda: kube.need("Deployment", "mail").get("status", {}).get("observedGeneration") == 1,
        seconds=20,
    )
    before = kube.need("Deployment", "mail")["metadata"]["resourceVersion"]

    again = cluster.apply_deployment(manifest)

    assert kube.need("Deployment", "mail")["metadata"]["resourceVersion"] == before
    assert (again.uid, again.generation) == (first.uid, first.generation)


def test_an_owned_deployment_is_read_with_the_fields_that_matter(
    cluster: KubernetesCluster, namespace: str, workqueue: dict[str, Any]
) -> None:
    cluster.apply_deployment(deployment(namespace, replicas=3, owner=workqueue))

    found = cluster.get_deployment(namespace, "mail")

    assert found is not None
    assert found.owner_uid == workqueue["metadata"]["uid"]
    assert found.replicas == 3
    assert found.annotations == {"workqueue.dev/rendering": "r1"}


def test_a_foreign_deployment_has_no_owner_and_an_absent_one_is_none(
    cluster: KubernetesCluster, namespace: str
) -> None:
    assert cluster.get_deployment(namespace, "mail") is None

    cluster.apply_deployment(deployment(namespace))

    found = cluster.get_deployment(namespace, "mail")
    assert found is not None
    assert found.owner_uid is None


def test_replicas_patched_alone_are_kept_and_taken_back_by_the_next_apply(
    cluster: KubernetesCluster, kube: Kube, workqueue: dict[str, Any]
) -> None:
    # Given a Deployment with 2 workers, all fields ours by apply
    manifest = deployment(kube.namespace, replicas=2, owner=workqueue)
    applied = cluster.apply_deployment(manifest)
    # When only the replicas are patched
    patched = cluster.patch_replicas(applied, 5)
    # Then nothing else has changed, and another manager owns that field
    assert patched.replicas == 5
    assert patched.uid == applied.uid
    assert managers_of_replicas(kube.need("Deployment", "mail")) == {"workqueue-operator-replicas"}
    # When another image is applied with the replicas in it
    changed = deployment(kube.namespace, replicas=5, image="localhost/none:2", owner=workqueue)
    after = cluster.apply_deployment(changed)
    # Then they are neither lost nor reset to 1, and they are ours again
    assert after.replicas == 5
    assert "workqueue-operator" in managers_of_replicas(kube.need("Deployment", "mail"))
    # And a later apply decides alone, by force
    assert (
        cluster.apply_deployment(changed | {"spec": changed["spec"] | {"replicas": 7}}).replicas
        == 7
    )
    assert managers_of_replicas(kube.need("Deployment", "mail")) == {"workqueue-operator"}


def test_replicas_that_somebody_scaled_by_hand_are_taken_back_by_force(
    cluster: KubernetesCluster, kube: Kube, workqueue: dict[str, Any]
) -> None:
    manifest = deployment(kube.namespace, replicas=2, owner=workqueue)
    cluster.apply_deployment(manifest)
    kube.patch("Deployment", "mail", {"spec": {"replicas": 9}}, "scale")

    assert cluster.apply_deployment(manifest).replicas == 2


def test_an_apply_that_means_another_uid_is_refused_and_changes_nothing(
    cluster: KubernetesCluster, kube: Kube
) -> None:
    # Given a foreign Deployment, and an apply that says which one it means
    cluster.apply_deployment(deployment(kube.namespace, replicas=1))
    meant = deployment(kube.namespace, replicas=4)
    meant["metadata"]["uid"] = "00000000-0000-0000-0000-000000000000"

    with pytest.raises(ApiError) as refused:
        cluster.apply_deployment(meant)

    assert refused.value.status == 422
    assert kube.need("Deployment", "mail")["spec"]["replicas"] == 1


def test_only_the_deployment_with_this_uid_is_deleted(
    cluster: KubernetesCluster, kube: Kube
) -> None:
    found = cluster.apply_deployment(deployment(kube.namespace))

    cluster.delete_deployment(kube.namespace, "mail", "00000000-0000-0000-0000-000000000000")
    assert kube.get("Deployment", "mail") is not None

    cluster.delete_deployment(kube.namespace, "mail", found.uid)
    wait_for("its end", lambda: kube.get("Deployment", "mail") is None, seconds=20)

    cluster.delete_deployment(kube.namespace, "mail", found.uid)  # absent is fine


def test_a_manifest_that_the_server_refuses_is_told_with_its_words(
    cluster: KubernetesCluster, namespace: str
) -> None:
    manifest = deployment(namespace)
    manifest["spec"]["selector"] = {"matchLabels": {"workqueue.dev/name": "another"}}

    with pytest.raises(ApiError, match="selector") as refused:
        cluster.apply_deployment(manifest)

    assert refused.value.status == 422


def test_one_that_took_its_place_is_not_scaled(
    kube: Kube, cluster: KubernetesCluster, workqueue: dict[str, Any]
) -> None:
    # Given a Deployment that was deleted, and another of the same name
    before = cluster.apply_deployment(deployment(kube.namespace, replicas=1, owner=workqueue))
    cluster.delete_deployment(kube.namespace, "mail", before.uid)
    wait_for("it to be gone", lambda: not kube.get("Deployment", "mail"), seconds=20)
    cluster.apply_deployment(deployment(kube.namespace, replicas=1, owner=workqueue))
    # When the first is to be scaled, then the API server refuses
    with pytest.raises(ApiError) as caught:
        cluster.patch_replicas(before, 5)
    assert caught.value.status == 422
    assert kube.need("Deployment", "mail")["spec"]["replicas"] == 1
