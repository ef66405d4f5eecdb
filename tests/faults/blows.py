"""The faults themselves. Each strikes once, and says when it began, when it was over, and whom
it may have interrupted.
"""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from cluster.addresses import NODE
from faults.hands import dropped, kubectl
from faults.notes import Incident
from faults.scene import QUEUES, Scene, pod_is_ready
from kit import processes
from kit.kube import wait_for

KILLED_SHARE = 0.2
AWAY_SECONDS = 8
PARTITION_SECONDS = 55
"""More than two heartbeats of a worker (20 s): both sides give the connection up."""
STALE_SECONDS = 5
"""After a partition the kernel still delivers what was on the way: it belongs to the cut."""
SMALL_SECONDS = 6
SWITCH_SECONDS = 90
"""How long a rotation waits for everybody to use the new key before the old one goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """What happened. is_over: whether the fault can no longer be seen on the cluster."""

    incident: Incident
    is_over: Callable[[], bool] = lambda: True


def kill_workers(scene: Scene) -> Blow:
    """SIGKILL a fifth of the workers of each WorkQueue, at least one."""
    chance = random.SystemRandom()
    pids = processes.workers()
    doomed: list[str] = []
    for name in QUEUES:
        there = sorted(set(scene.running(name)) & pids.keys())
        doomed += chance.sample(there, math.ceil(KILLED_SHARE * len(there)))
    begin = time.time()
    killed = [pod for pod in doomed if processes.kill_if_there(pids[pod])]
    incident = Incident(
        fault="kill-workers",
        begin=begin,
        end=time.time(),
        pods=frozenset(killed),
        interrupts=True,
        told=f"{len(killed)} workers",
    )

    def is_over() -> bool:
        now = processes.workers()
        pods = {pod["metadata"]["name"] for name in QUEUES for pod in scene.story.pods(name)}
        return all(now.get(pod, pids[pod]) != pids[pod] for pod in pods & set(killed))

    return Blow(incident=incident, is_over=is_over)


def stop_broker(scene: Scene) -> Blow:
    """Have the broker's pod end with SIGTERM, and start it again a while later."""
    with scene.broker_lock:
        begin = time.time()
        _scale_broker(scene, 0)
        time.sleep(AWAY_SECONDS)
        _scale_broker(scene, 1)
        return _of_all("stop-broker", begin)


def kill_broker(scene: Scene) -> Blow:
    """SIGKILL the broker: no word to anybody, nothing put in order. Its container comes back."""
    with scene.broker_lock:
        begin = time.time()
        processes.kill_broker()
        time.sleep(1)
        _wait_broker(scene)
        return _of_all("kill-broker", begin, forgets=True)


def partition(scene: Scene) -> Blow:
    """Drop every packet between workers and broker, in silence; operator and producer go on."""
    with scene.broker_lock:
        begin = time.time()
        with dropped(scene.gate):
            time.sleep(PARTITION_SECONDS)
        return _of_all("partition", begin, more_seconds=STALE_SECONDS)


def kill_operator(scene: Scene) -> Blow:
    """SIGKILL the operator, and take its pod away."""
    before = {pod["metadata"]["name"] for pod in scene.operator.pods()}
    begin = time.time()
    scene.operator.kill()

    def is_over() -> bool:
        pods = {pod["metadata"]["name"]: pod for pod in scene.operator.pods()}
        # By the pods: the Deployment still counts the dead one as ready for a moment.
        return bool(pods) and not pods.keys() & before and all(map(pod_is_ready, pods.values()))

    return Blow(incident=_harmless("kill-operator", begin), is_over=is_over)


def drain(scene: Scene) -> Blow:
    """Evict all workers as a node's maintenance does, then let pods onto the node again."""
    begin = time.time()
    chosen = f"--pod-selector=workqueue.dev/name in ({','.join(QUEUES)})"
    try:
        kubectl(
            scene.operator.kubeconfig,
            "drain",
            NODE,
            chosen,
            "--delete-emptydir-data",
            "--timeout=150s",
        )
    finally:
        kubectl(scene.operator.kubeconfig, "uncordon", NODE)
    return Blow(incident=_harmless("drain", begin))


def rollout(scene: Scene) -> Blow:
    """Change the pods' template: every worker is replaced."""
    scene.rounds += 1
    mark, begin = {"faults-round": str(scene.rounds)}, time.time()
    for name in QUEUES:
        scene.story.set(name, {"worker": {"podTemplate": {"metadata": {"annotations": mark}}}})

    def is_over() -> bool:
        found = [scene.story.kube.need("Deployment", name) for name in QUEUES]
        marks = [each["spec"]["template"]["metadata"].get("annotations", {}) for each in found]
        return all(each.get("faults-round") == mark["faults-round"] for each in marks)

    return Blow(incident=_harmless("rollout", begin), is_over=is_over)


def scale_in(scene: Scene) -> Blow:
    """Allow a third of the workers only, and all again a few seconds later."""
    begin, few = time.time(), max(1, scene.workers // 3)
    scene.bound(few)
    time.sleep(SMALL_SECONDS)
    scene.bound(scene.workers)
    return Blow(incident=_harmless("scale-in", begin))


def rotate(scene: Scene) -> Blow:
    """Another user and password in the Secrets; the old user goes when nobody uses it any more."""
    with scene.broker_lock:
        old = scene.keys.user
        scene.keys.next()
        deadline = time.monotonic() + SWITCH_SECONDS
        while (left := scene.story.broker.connections(old)) and time.monotonic() < deadline:
            time.sleep(1)
        begin = time.time()
        scene.story.broker.delete_user(old)
        incident = Incident(
            fault="rotate",
            begin=begin,
            end=time.time(),
            pods=frozenset(name.split()[0] for name in left if name),
            interrupts=True,
            told=f"{len(left)} connections still used the old key",
        )
    return Blow(incident=incident)


def _of_all(fault: str, begin: float, *, more_seconds: float = 0, forgets: bool = False) -> Blow:
    end = time.time() + more_seconds
    incident = Incident(fault=fault, begin=begin, end=end, interrupts=True, forgets=forgets)
    return Blow(incident=incident)


def _harmless(fault: str, begin: float) -> Incident:
    return Incident(fault=fault, begin=begin, end=time.time())


def _scale_broker(scene: Scene, replicas: int) -> None:
    kube = scene.broker_kube
    kube.patch("StatefulSet", "rabbitmq", {"spec": {"replicas": replicas}}, "scale")
    if replicas:
        _wait_broker(scene)
    else:
        label = "app.kubernetes.io/name=rabbitmq"
        gone = lambda: not kube.list("Pod", labelSelector=label)  # noqa: E731 - one use
        wait_for("the broker to be gone", gone, seconds=90)


def _wait_broker(scene: Scene) -> None:
    wait_for("the broker", scene.story.broker.answers, seconds=120)


def mend(scene: Scene) -> None:
    """Put back whatever a fault that failed half-way may have left."""
    kubectl(scene.operator.kubeconfig, "uncordon", NODE)
    scene.operator.scale(1)
    _scale_broker(scene, 1)
