"""N WorkQueues applied at once, as fast as the API server takes them."""

import time
from concurrent.futures import ThreadPoolExecutor

import requests

from bench.figures import Figure
from bench.meters import Bill
from bench.population import Member, body
from bench.requests_seen import count
from bench.scene import Scene
from kit.rabbit import _q
from workqueue_operator.cluster.paths import WORKQUEUES, collection

CONNECTIONS = 16
LIMIT_SECONDS = 1800


def measure(scene: Scene) -> Figure:
    """From the first request to the last of: queue declared, Deployment there, Ready written."""
    crowd, size = scene.crowd, scene.size

    def create(member: Member) -> None:
        made = body(member, scene.population, scene.broker, scene.image)
        path = collection(WORKQUEUES, member.namespace, "workqueues")
        scene.kube.api.request("POST", path, body=made)

    before, bill, began = count(scene.kube), Bill(), time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for _ in pool.map(create, scene.members):
            pass
    created = time.monotonic() - began
    crowd.wait("all Deployments", lambda: len(crowd.there_since) == size, seconds=LIMIT_SECONDS)
    there = max(crowd.there_since.values()) - began
    crowd.wait("all to be Ready", lambda: len(crowd.ready_since) == size, seconds=LIMIT_SECONDS)
    ready = max(crowd.ready_since.values()) - began
    seen, spent = count(scene.kube).since(before), bill.told()
    _check_queues(scene)
    note = (
        f"{scene.population.told()}; created within {created:.1f} s, "
        f"the last Deployment after {there:.1f} s, the last status Ready after {ready:.1f} s; "
        f"{seen.writes} writes, {seen.reads} reads of the operator; CPU seconds: {spent}"
    )
    return Figure(key="applied", size=size, unit="s", trials=[max(there, ready)], note=note)


def _check_queues(scene: Scene) -> None:
    """A status that says Ready is believed, but all queues together are counted."""
    broker = scene.broker
    found = requests.get(
        f"{broker.management_uri}/api/queues/{_q(broker.vhost)}",
        params={"disable_stats": "true", "enable_queue_totals": "true", "columns": "name"},
        auth=(broker.username, broker.password),
        timeout=120,
    ).json()
    missing = {each.name for each in scene.members} - {each["name"] for each in found}
    if missing:
        raise AssertionError(f"{len(missing)} queues are missing, {min(missing)} for one")
