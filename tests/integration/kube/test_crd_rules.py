"""The schema's rules on a real API server: each bad example is refused with the words meant for it.

The schema is installed under a group of its own, so that these tests neither need nor touch the
operator's installation in the same cluster.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from kubernetes import client, config

from contract.crd_example import HANDLERS, full_example
from integration.kube.crd_changes import ON_CHANGE
from integration.kube.crd_examples import GOOD, ON_CREATION, OUT_OF_BOUNDS, Bad, merged
from tools.crd import REPOSITORY, load, rules, schema

KUBECONFIG = REPOSITORY / ".cluster" / "kubeconfig"
TESTED_GROUP = "schema-test.workqueue.dev"
NAMESPACE = "default"
SERVED_WITHIN_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Api:
    """WorkQueues of the tested schema."""

    objects: Any  # kubernetes.client.CustomObjectsApi, which has no types
    place = (TESTED_GROUP, "v1alpha1", NAMESPACE, "workqueues")

    def create(self, body: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
        """What the API server would store, or has stored."""
        whole = {"apiVersion": f"{TESTED_GROUP}/v1alpha1", "kind": "WorkQueue"} | body
        options = {"dry_run": "All"} if dry_run else {}
        stored: dict[str, Any] = self.objects.create_namespaced_custom_object(
            *self.place, whole, **options
        )
        return stored

    def try_change(self, name: str, patch: dict[str, Any]) -> None:
        """Merge a patch into an object, as a dry run."""
        self.objects.patch_namespaced_custom_object(*self.place, name, patch, dry_run="All")

    def delete(self, name: str) -> None:
        """Delete one."""
        self.objects.delete_namespaced_custom_object(*self.place, name)


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """The real API server with the schema of this checkout."""
    connection = config.new_client_from_config(str(KUBECONFIG))
    crds: Any = client.ApiextensionsV1Api(connection)
    crd = the_schema_under_a_group_of_its_own()
    name = crd["metadata"]["name"]
    crds.create_custom_resource_definition(crd)
    served = Api(client.CustomObjectsApi(connection))
    try:
        wait_until_served(served)
        yield served
    finally:
        crds.delete_custom_resource_definition(name)
        connection.close()


def the_schema_under_a_group_of_its_own() -> dict[str, Any]:
    """The CRD, renamed, without the short names that the real one may hold already."""
    spec = load()["spec"]
    names = {key: spec["names"][key] for key in ("kind", "listKind", "plural", "singular")}
    metadata = {"name": f"workqueues.{TESTED_GROUP}"}
    return load() | {
        "metadata": metadata,
        "spec": spec | {"group": TESTED_GROUP, "names": names},
    }


def wait_until_served(api: Api) -> None:
    """Try until the API server knows the kind: an established CRD is served a moment later."""
    deadline = time.monotonic() + SERVED_WITHIN_SECONDS
    while True:
        try:
            api.create(dict(GOOD), dry_run=True)
        except client.ApiException as error:
            if error.status != 404 or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def refusal(error: pytest.ExceptionInfo[Any]) -> str:
    """The API server's words, checked to be a refusal of the object and nothing else."""
    assert error.value.status == 422, error.value.body
    return str(json.loads(error.value.body)["message"])


@pytest.mark.parametrize("bad", [*ON_CREATION, *OUT_OF_BOUNDS], ids=lambda bad: bad.id)
def test_a_bad_object_is_refused_and_told_why(api: Api, bad: Bad) -> None:
    with pytest.raises(client.ApiException) as error:
        api.create(merged(GOOD, bad.change), dry_run=True)

    assert bad.message in refusal(error)


@pytest.mark.parametrize("bad", ON_CHANGE, ids=lambda bad: bad.id)
def test_a_change_that_the_broker_cannot_follow_is_refused(api: Api, bad: Bad) -> None:
    # Given an object that is as it should be
    name = f"given-{uuid4().hex[:8]}"
    given = merged(GOOD, merged({"metadata": {"name": name}}, bad.before or {}))
    api.create(given, dry_run=False)
    try:
        # When it is changed in what the broker fixes at creation, Then it is refused
        with pytest.raises(client.ApiException) as error:
            api.try_change(name, dict(bad.change))
    finally:
        api.delete(name)
    assert bad.message in refusal(error)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"spec": {"worker": {"image": "worker:2"}}}, id="another image"),
        pytest.param({"spec": {"queue": {"deletionPolicy": "Delete"}}}, id="a deletion policy"),
        pytest.param({"spec": {"broker": {"secretName": "other"}}}, id="another Secret"),
        pytest.param({"spec": {"scaling": {"mode": "Hold"}}}, id="another mode"),
        pytest.param({"spec": {"queue": {"policy": {"maxLength": 9}}}}, id="a limit by policy"),
        pytest.param({"spec": {"broker": {"caSecretName": "ca"}}}, id="certificates"),
        pytest.param({"spec": {"worker": {"retry": {"delaysSeconds": [1]}}}}, id="a delay"),
        # The effective name stays, so nothing changes for the broker.
        pytest.param({"spec": {"queue": {"name": "good"}}}, id="the queue's name spelled out"),
    ],
)
def test_what_may_change_may_change(api: Api, change: dict[str, Any]) -> None:
    api.create(dict(GOOD), dry_run=False)
    try:
        api.try_change("good", change)
    finally:
        api.delete("good")


def test_every_rule_has_a_bad_example() -> None:
    told = [bad.message for bad in (*ON_CREATION, *ON_CHANGE)]

    for rule in rules(schema()):
        meant = [words for words in told if words in rule.message]
        assert meant, f"no bad example for: {rule.message}"


def test_defaults_are_filled_in(api: Api) -> None:
    stored = api.create(dict(GOOD), dry_run=True)["spec"]

    assert stored == {
        "broker": {"secretName": "rabbitmq", "vhost": "/"},
        "queue": {"type": "Quorum", "deadLetters": "Declare", "deletionPolicy": "Retain"},
        "worker": {
            "image": "worker:1",
            "handler": {"python": "package.module:function"},
            "maxAttempts": 5,
            "taskTimeoutSeconds": 600,
            "prefetch": 1,
            "podTemplate": {},
        },
        "scaling": {
            "mode": "Auto",
            "minWorkers": 0,
            "maxWorkers": 50,
            "minActiveWorkers": 0,
            "activationBacklog": 0,
            "idleSeconds": 0,
            "target": {"metric": "BacklogPerWorker", "value": 10, "expectedTaskSeconds": 1},
            "scaleUp": {"stabilizationSeconds": 0, "periodSeconds": 15},
            "scaleDown": {
                "stabilizationSeconds": 60,
                "tolerancePercent": 25,
                "periodSeconds": 15,
            },
            "onUnknown": {"afterSeconds": 60},
        },
    }


@pytest.mark.parametrize("handler", HANDLERS)
def test_an_object_with_every_field_is_stored_as_it_is(api: Api, handler: str) -> None:
    given = full_example(handler)
    metadata = {"name": given["metadata"]["name"]}

    stored = api.create({"metadata": metadata, "spec": given["spec"]}, dry_run=True)

    assert stored["spec"] == given["spec"]
