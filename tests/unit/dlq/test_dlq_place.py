"""Where the dead letters are: read from an API server that answers over real HTTP."""

import base64

import pytest
from kubernetes.client.configuration import Configuration

from unit.kube.scripted_server import Answer, api_server
from workqueue_operator.cli.dlq.place import Cluster, Place, find
from workqueue_operator.cli.errors import CliError
from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.connection import Connection

NOT_THERE = Answer(status=404, body={"message": "not found"})
FORBIDDEN = Answer(status=403, body={"message": "ann may not"})


def workqueue(**queue: str) -> Answer:
    """As an older operator's API server would have stored it: most defaults are missing."""
    meta = {"name": "mail", "namespace": "shop", "uid": "u", "generation": 1}
    dates = {"resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}
    spec = {
        "broker": {"secretName": "rabbitmq", "vhost": "shop"},
        "worker": {"image": "x", "handler": {"own": {}}},
        "queue": queue,
    }
    return Answer(body={"metadata": {**meta, **dates}, "spec": spec})


def secret(**data: str) -> Answer:
    full = {"host": "rabbit.shop.svc", "port": "5672", "username": "ann", "password": "pw", **data}
    return Answer(
        body={"data": {k: base64.b64encode(v.encode()).decode() for k, v in full.items()}}
    )


def cluster(api: Api) -> Cluster:
    return Cluster(api=api, connection=Connection(Configuration()), namespace="shop")


def looked_up(*answers: Answer, secret_name: str | None = None) -> Place:
    with api_server(*answers) as (api, _):
        return find(cluster(api), "mail", secret_name=secret_name)


def test_the_queues_and_the_way_in_are_read_from_the_workqueue_and_its_secret() -> None:
    place = looked_up(workqueue(), secret())
    assert (place.queue, place.dead_queue) == ("mail", "mail.dead")
    assert place.access.address == "rabbit.shop.svc:5672/shop"
    assert place.access.username == "ann"


def test_the_queues_name_is_the_effective_one() -> None:
    assert looked_up(workqueue(name="letters"), secret()).dead_queue == "letters.dead"


def test_another_secret_can_be_named() -> None:
    with api_server(workqueue(), secret(username="bob")) as (api, script):
        place = find(cluster(api), "mail", secret_name="rights")
    assert place.access.username == "bob"
    assert script.asked[-1].path == "/api/v1/namespaces/shop/secrets/rights"


def test_who_may_only_list_finds_it_as_well() -> None:
    found = workqueue().body
    with api_server(FORBIDDEN, Answer(body={"items": [found]}), secret()) as (api, script):
        assert find(cluster(api), "mail", secret_name=None).queue == "mail"
    assert script.asked[1].query == {"fieldSelector": "metadata.name=mail"}


@pytest.mark.parametrize(
    ("answers", "code", "what"),
    [
        pytest.param([NOT_THERE], 2, "there is no WorkQueue shop/mail: `kubectl get", id="absent"),
        pytest.param(
            [FORBIDDEN, Answer(body={"items": []})], 2, "there is no WorkQueue", id="not in a list"
        ),
        pytest.param([FORBIDDEN], 3, "shop/mail cannot be read: ann may not", id="forbidden"),
        pytest.param(
            [workqueue(deadLetters="None")],
            2,
            "WorkQueue shop/mail has no dead letters: its spec.queue.deadLetters is None",
            id="it keeps none",
        ),
        pytest.param(
            [workqueue(), FORBIDDEN],
            3,
            "you may not read Secret shop/rabbitmq (ann may not). --broker-secret NAME",
            id="a Secret that is not for us",
        ),
        pytest.param(
            [workqueue(), NOT_THERE], 3, "Secret shop/rabbitmq does not exist", id="no Secret"
        ),
        pytest.param(
            [workqueue(), secret(port="many")], 3, "has a port that is not", id="a broken Secret"
        ),
        pytest.param(
            [workqueue(), secret(uri="amqp://a:b@c/other")],
            3,
            "has a uri with vhost 'other', but spec.broker.vhost is 'shop'",
            id="another vhost",
        ),
    ],
)
def test_what_is_in_the_way_is_said_with_the_way_out(
    answers: list[Answer], code: int, what: str
) -> None:
    with pytest.raises(CliError) as refused:
        looked_up(*answers)
    assert what in str(refused.value)
    assert refused.value.exit_code == code
