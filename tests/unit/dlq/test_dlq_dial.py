"""Which way leads to the broker: straight, or through a forwarded port."""

import socket
from collections.abc import Iterator

import pytest
from kubernetes.client.configuration import Configuration

from unit.kube.scripted_server import Answer, api_server
from workqueue_operator.cli.dlq.dial import DIRECT, FORWARDED, way_there
from workqueue_operator.cli.dlq.place import Cluster, Place
from workqueue_operator.cli.dlq.services import PodPort
from workqueue_operator.cli.errors import NotReachedError
from workqueue_operator.cluster.connection import Connection
from workqueue_operator.core.access import Access

NOWHERE = 1  # a port where nobody listens
NO_SERVICE = [Answer(status=404, body={"message": "not found"})]
SERVICE = [
    Answer(body={"spec": {"ports": [{"port": NOWHERE}]}}),
    Answer(
        body={
            "items": [
                {
                    "ports": [{"port": 5673}],
                    "endpoints": [{"targetRef": {"kind": "Pod", "name": "r-0"}}],
                }
            ]
        }
    ),
]
POD = PodPort("shop", "r-0", 5673)


@pytest.fixture
def listening() -> Iterator[int]:
    """A port where somebody answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def way(
    host: str, port: int, answers: list[Answer], forced: str | None = None, *, inside: bool = False
) -> PodPort | None:
    """None: straight. inside: in a pod of the cluster."""
    access = Access(host=host, port=port, tls=False, vhost="/", username="ann", password="pw")
    place = Place(namespace="shop", queue="mail", dead_queue="mail.dead", access=access)
    with api_server(*answers) as (api, _):
        cluster = Cluster(api=api, connection=Connection(Configuration()), namespace="shop")
        return way_there(cluster, place, forced, inside=inside)


def test_a_host_that_answers_is_spoken_to_directly(listening: int) -> None:
    assert way("127.0.0.1", listening, NO_SERVICE) is None


def test_a_service_is_reached_through_a_forwarded_port_though_its_name_may_answer_here(
    listening: int,
) -> None:
    # Given a name that both the cluster and this machine know
    answers = [Answer(body={"spec": {"ports": [{"port": listening}]}}), SERVICE[1]]
    # Then it is the cluster's that is meant, but in the cluster itself, or where we are told so
    assert way("localhost", listening, answers) == POD
    assert way("localhost", listening, list(answers), inside=True) is None
    assert way("localhost", listening, list(answers), DIRECT) is None


def test_a_name_that_the_cluster_does_not_know_is_spoken_to_directly(listening: int) -> None:
    assert way("localhost", listening, NO_SERVICE) is None


@pytest.mark.parametrize("host", ["localhost", "r.shop.svc", "r.shop.svc.cluster.local", "r.shop"])
def test_a_name_of_a_service_leads_to_its_pod(host: str) -> None:
    assert way(host, NOWHERE, list(SERVICE)) == POD


def test_in_the_cluster_a_service_that_does_not_answer_may_still_be_forwarded() -> None:
    assert way("localhost", NOWHERE, list(SERVICE), inside=True) == POD


@pytest.mark.parametrize(
    ("host", "forced"), [("127.0.0.1", None), ("localhost", None), ("127.0.0.1", FORWARDED)]
)
def test_where_no_way_leads_the_ways_out_are_named(host: str, forced: str | None) -> None:
    with pytest.raises(NotReachedError, match="is the name of no Service in the cluster"):
        way(host, NOWHERE, list(NO_SERVICE), forced)


def test_a_way_that_is_forced_is_not_tried_first() -> None:
    assert way("127.0.0.1", NOWHERE, NO_SERVICE, DIRECT) is None
