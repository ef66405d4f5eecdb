"""The operator reads an object that says only what it must: the schema fills in the rest."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from contract.crd_example import HANDLERS, METADATA, full_example
from tools.crd import schema
from workqueue_operator.cli.schema import with_defaults
from workqueue_operator.core.manifests import deployment
from workqueue_operator.core.workqueue import WorkQueue

LEAST = {
    "broker": {"secretName": "rabbitmq"},
    "worker": {"image": "shop/app:1", "handler": {"python": "a:b"}},
}


def stored(spec: Mapping[str, Any]) -> dict[str, Any]:
    body = {"metadata": dict(METADATA), "spec": copy.deepcopy(dict(spec))}
    filled: dict[str, Any] = with_defaults(schema(), body)
    return filled


def test_the_least_that_the_schema_lets_through_is_enough() -> None:
    wq = WorkQueue.from_body(stored(LEAST))

    assert (wq.queue.name, wq.broker.management_uri) == (METADATA["name"], None)
    assert wq.worker.broker_secret_name == "rabbitmq"
    assert deployment(wq, replicas=0)["spec"]["replicas"] == 0


@pytest.mark.parametrize("section", ["queue", "scaling"])
def test_an_empty_section_is_as_good_as_none(section: str) -> None:
    assert WorkQueue.from_body(stored(LEAST | {section: {}})) == WorkQueue.from_body(stored(LEAST))


@pytest.mark.parametrize("handler", HANDLERS)
def test_given_every_field_then_the_pods_can_be_rendered(handler: str) -> None:
    wq = WorkQueue.from_body(full_example(handler))

    made = deployment(wq, replicas=3, runtime_image="worker:1")
    assert made["spec"]["replicas"] == 3
