"""From the name of a Service to a pod behind it."""

from collections.abc import Mapping
from typing import Any

import pytest

from unit.kube.scripted_server import Answer, api_server
from workqueue_operator.cli.dlq.services import PodPort, pod_behind
from workqueue_operator.cli.errors import NotReachedError

NOT_THERE = Answer(status=404, body={"message": "not found"})
FORBIDDEN = Answer(status=403, body={"message": "ann may not"})
SERVICE = Answer(
    body={"spec": {"ports": [{"name": "amqp", "port": 5672}, {"name": "web", "port": 15672}]}}
)


def endpoints(*pods: tuple[str, bool | None]) -> Mapping[str, Any]:
    return {
        "ports": [{"name": "web", "port": 25672}, {"name": "amqp", "port": 5673}],
        "endpoints": [
            {"targetRef": {"kind": "Pod", "name": name}, "conditions": {"ready": ready}}
            for name, ready in pods
        ],
    }


def behind(host: str, *answers: Answer) -> PodPort | None:
    with api_server(*answers) as (api, _):
        return pod_behind(api, host, 5672, namespace="shop")


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("rabbit", "/api/v1/namespaces/shop/services/rabbit"),
        ("rabbit.mq", "/api/v1/namespaces/mq/services/rabbit"),
        ("rabbit.mq.svc", "/api/v1/namespaces/mq/services/rabbit"),
        ("rabbit.mq.svc.cluster.local.", "/api/v1/namespaces/mq/services/rabbit"),
    ],
)
def test_a_host_is_the_name_of_a_service_and_its_port_is_that_of_a_ready_pod(
    host: str, path: str
) -> None:
    slices = Answer(body={"items": [endpoints(("rabbit-0", False), ("rabbit-1", True))]})
    with api_server(SERVICE, slices) as (api, script):
        found = pod_behind(api, host, 5672, namespace="shop")
    assert script.asked[0].path == path
    assert found == PodPort("shop" if host == "rabbit" else "mq", "rabbit-1", 5673)


def test_a_port_without_a_name_is_found_as_well() -> None:
    slices = Answer(
        body={
            "items": [
                {
                    "ports": [{"port": 5672}],
                    "endpoints": [{"targetRef": {"kind": "Pod", "name": "r-0"}}],
                }
            ]
        }
    )
    service = Answer(body={"spec": {"ports": [{"port": 5672}]}})
    assert behind("rabbit", service, slices) == PodPort("shop", "r-0", 5672)


def test_a_pod_of_a_statefulset_has_a_name_of_its_own() -> None:
    assert behind("rabbit-0.nodes.mq.svc.cluster.local", NOT_THERE) == PodPort(
        "mq", "rabbit-0", 5672
    )


@pytest.mark.parametrize("host", ["10.96.0.50", "rabbit.example.com"])
def test_a_host_of_another_kind_is_no_service_and_is_not_asked_for(host: str) -> None:
    with api_server(NOT_THERE) as (api, script):
        assert pod_behind(api, host, 5672, namespace="shop") is None
    assert script.asked == []


def test_a_name_that_the_cluster_does_not_know_is_no_service() -> None:
    assert behind("rabbit.internal", NOT_THERE) is None


@pytest.mark.parametrize(
    ("answers", "what"),
    [
        pytest.param([FORBIDDEN], "--direct goes without", id="no right on services"),
        pytest.param([SERVICE, FORBIDDEN], "the right to list endpointslices", id="nor on slices"),
        pytest.param(
            [SERVICE, Answer(body={"items": [endpoints(("rabbit-0", False))]})],
            "no pod behind Service shop/rabbit is ready",
            id="no ready pod",
        ),
        pytest.param(
            [SERVICE, Answer(body={"items": [{"ports": None, "endpoints": None}]})],
            "no pod behind Service shop/rabbit is ready",
            id="nothing behind it",
        ),
    ],
)
def test_a_service_that_leads_nowhere_is_said_with_the_way_out(
    answers: list[Answer], what: str
) -> None:
    with pytest.raises(NotReachedError, match=what):
        behind("rabbit", *answers)
