"""Where the faults happen: a namespace, a vhost, two WorkQueues, a journal, and keys to change."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.stage import place, run_name
from cluster.addresses import RABBITMQ_ADDRESS
from faults.journal import Journal, pod_template
from kit.kube import Json, Kube, wait_for
from kit.ledger import Ledger
from kit.operating import Operator
from kit.rabbit import Broker
from kit.story import Story
from tools import deploy
from tools.crd import REPOSITORY

QUEUES: Mapping[str, str] = {"quorum": "Quorum", "classic": "Classic"}
"""Queue and WorkQueue have the same name; the type of each."""
PER_WORKER = 5
WINDOW_SECONDS = 10
EVIDENCE = REPOSITORY / "build" / "faults"


@dataclass(slots=True)
class Keys:
    """Who operator, workers and producers are to the broker. Each generation is another user."""

    story: Story
    run: str
    folder: Path
    generation: int = 0

    @property
    def files(self) -> Path:
        """The producers' folder, as a mounted Secret."""
        return self.folder / "current"

    @property
    def user(self) -> str:
        """The one in force."""
        return f"{self.run}-{self.generation}"

    def next(self) -> None:
        """Make another user, and tell everybody of it."""
        self.generation += 1
        broker, password = self.story.broker, f"password-of-{self.user}"
        broker.create_user(self.user, password)
        given = {"username": self.user, "password": password}
        gate = f"{self.run}.rabbitmq.svc"
        self.story.kube.apply(
            broker.secret(**given), broker.secret("rabbitmq-worker", host=gate, **given)
        )
        files = given | {"host": RABBITMQ_ADDRESS, "port": str(broker.port)}
        new, link = self.folder / str(self.generation), self.folder / "new"
        new.mkdir()
        for name, text in files.items():
            (new / name).write_text(text)
        link.symlink_to(new.name)  # all at once, as kubelet does it: never half of a key
        link.replace(self.files)


@dataclass(slots=True)
class Scene:
    """All that a fault may touch. workers: the most of each WorkQueue."""

    story: Story
    operator: Operator
    journal: Journal
    keys: Keys
    gate: str  # the address by which workers, and nobody else, reach the broker
    workers: int
    bounds: list[tuple[float, int]] = field(default_factory=list)
    broker_lock: threading.RLock = field(default_factory=threading.RLock)
    rounds: int = 0

    @property
    def broker_kube(self) -> Kube:
        """The broker's namespace."""
        return Kube(self.story.kube.api, "rabbitmq", self.story.kube.connection)

    def begin(self) -> None:
        """Apply both WorkQueues, and wait for their queues."""
        self.bounds.append((time.time(), self.workers))
        for name, kind in QUEUES.items():
            self.story.apply(name, self._spec(kind))
        for name in QUEUES:
            self.story.wait_declared(name, seconds=60)

    def bound(self, most: int) -> None:
        """Change maxWorkers of both."""
        self.bounds.append((time.time(), most))
        for name in QUEUES:
            self.story.set(name, {"scaling": {"maxWorkers": most}})

    def is_whole(self, name: str) -> bool:
        """Whether all workers that are asked for are ready, and none is of an older template."""
        found = self.story.kube.need("Deployment", name)
        wanted, status = found["spec"]["replicas"], found.get("status", {})
        seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
        counts = (status.get(each, 0) for each in ("replicas", "updatedReplicas", "readyReplicas"))
        return seen and all(count == wanted for count in counts)

    def running(self, name: str) -> list[str]:
        """The pods whose worker is at work and was not told to leave."""
        pods = [pod for pod in self.story.pods(name) if "deletionTimestamp" not in pod["metadata"]]
        return [pod["metadata"]["name"] for pod in pods if pod_is_ready(pod)]

    def _spec(self, kind: str) -> Json:
        return {
            "queue": {"type": kind},
            "worker": {
                "handler": {"python": "journal_handler:work"},
                "brokerSecretName": "rabbitmq-worker",
                "taskTimeoutSeconds": 60,
                "podTemplate": pod_template(self.story.kube.namespace),
            },
            "scaling": {
                "maxWorkers": self.workers,
                "target": {"metric": "BacklogPerWorker", "value": PER_WORKER},
                "scaleDown": {"stabilizationSeconds": WINDOW_SECONDS},
            },
        }


@contextmanager
def scene(kubeconfig: Path, workers: int) -> Iterator[Scene]:
    """Set up, and take everything away at the end, whatever happened."""
    run = run_name().replace("bench", "faults")
    operator = Operator(kubeconfig, Kube.open(kubeconfig, deploy.NAMESPACE))
    operator.scale(1)
    images, folder = deploy.images(kubeconfig), Path(tempfile.mkdtemp(prefix=run))
    with place(kubeconfig, run, [run]) as broker:
        kube = Kube.open(kubeconfig, run)
        story = Story(kube, broker, images, Ledger(kube, images["worker"]), bare=True)
        keys = Keys(story, run, folder)
        journal = Journal(kube, images["worker"], EVIDENCE / run / "journal.jsonl")
        outside = Kube.open(kubeconfig, "rabbitmq")
        try:
            keys.next()
            journal.open()
            yield Scene(story, operator, journal, keys, _open_gate(outside, run), workers)
        finally:
            _take_away(outside, broker, run, keys)
            shutil.rmtree(folder)


def _open_gate(outside: Kube, run: str) -> str:
    spec = {
        "selector": {"app.kubernetes.io/name": "rabbitmq"},
        "ports": [{"name": "amqp", "port": 5672}],
    }
    outside.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": run}, "spec": spec})
    found = wait_for("the workers' way", lambda: outside.get("Service", run), seconds=10)
    return str(found["spec"]["clusterIP"])


def _take_away(outside: Kube, broker: Broker, run: str, keys: Keys) -> None:
    for name in QUEUES:  # before their queues: a WorkQueue that goes first declares nothing anew
        keys.story.kube.delete("WorkQueue", name)
    outside.delete("Service", run)
    for number in range(1, keys.generation + 1):
        broker.delete_user(f"{run}-{number}")


def pod_is_ready(pod: Json) -> bool:
    """Whether its condition says so."""
    found = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in found)
