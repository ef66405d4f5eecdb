"""One story: a namespace, a vhost, a ledger, and the words to tell it with."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kit import publishing
from kit.kube import Json, Kube, condition, wait_for
from kit.ledger import Ledger, handler_pod_template
from kit.publishing import Task
from kit.rabbit import Broker
from workqueue_operator.core.podtemplate import merge

NOWHERE: Json = {"podTemplate": {"spec": {"nodeSelector": {"workqueue.dev/test": "no-such-node"}}}}
"""A worker for which there is no node: its number alone matters, and it costs nothing."""


@dataclass(slots=True)
class Story:
    """Everything lives in one namespace; the Secret is called rabbitmq."""

    kube: Kube
    broker: Broker
    images: Mapping[str, str]
    ledger: Ledger
    bare: bool = False  # without a ledger: workers do the tutorial's task

    def begin(self) -> "Story":
        """Create the Secret and the ledger."""
        self.settle().ledger.open()
        return self

    def settle(self) -> "Story":
        """Create the Secret."""
        self.kube.apply(self.broker.secret())
        return self

    def apply(self, name: str, spec: Mapping[str, Any] | None = None) -> None:
        """Apply a WorkQueue whose handler writes the ledger; `spec` is merged over the default."""
        given = spec or {}
        function = "workqueue_worker.tutorial:work" if self.bare else "ledger_handler:work"
        worker: Json = {"image": self.images["worker"]}
        if "handler" not in given.get("worker", {}):  # there may be one kind of handler only
            worker["handler"] = {"python": function}
        if not self.bare:
            worker["podTemplate"] = handler_pod_template(self.kube.namespace)
        default = {
            "broker": {"secretName": "rabbitmq", "vhost": self.broker.vhost},
            "worker": worker,
            "scaling": {"maxWorkers": 20, "scaleDown": {"stabilizationSeconds": 15}},
        }
        body = {
            "apiVersion": "workqueue.dev/v1alpha1",
            "kind": "WorkQueue",
            "metadata": {"name": name},
            "spec": merge(default, given),
        }
        self.kube.apply(body)

    def publish(self, job: str, queue: str, tasks: Sequence[Task]) -> Json:
        """Publish with the producer's Job; returns its summary."""
        return publishing.publish(
            self.kube,
            job,
            tasks,
            queue=queue,
            vhost=self.broker.vhost,
            image=self.images["producer"],
        )

    def put(self, queue: str, tasks: Sequence[Task]) -> None:
        """Put tasks into the queue by hand, which is quick."""
        self.broker.put(queue, *(json.dumps(task) for task in tasks))

    def set(self, name: str, spec: Mapping[str, Any]) -> None:
        """Change fields of the spec, as kubectl patch would."""
        self.kube.patch("WorkQueue", name, {"spec": spec})

    def annotate(self, name: str, **annotations: str | None) -> None:
        """Set annotations of ours, as mode="Hold"; None removes one."""
        given = {f"workqueue.dev/{key.replace('_', '-')}": v for key, v in annotations.items()}
        self.kube.patch("WorkQueue", name, {"metadata": {"annotations": given}})

    def status(self, name: str) -> Json:
        """The status as it is now."""
        return dict(self.kube.need("WorkQueue", name).get("status", {}))

    def wait_declared(self, name: str, *, seconds: float = 30) -> None:
        """Wait until its queue is there, whatever its workers do."""

        def look() -> bool:
            found = condition(self.kube.get("WorkQueue", name), "QueueReady")
            return found.get("status") == "True"

        wait_for(f"the queue of {name}", look, seconds=seconds)

    def wait_ready(self, name: str, reason: str | None = None, *, seconds: float = 30) -> Json:
        """Wait until Ready is True (for this reason, if one is given); returns the condition."""

        def look() -> Json | None:
            found = condition(self.kube.get("WorkQueue", name))
            good = found.get("status") == "True" and reason in {None, found.get("reason")}
            return found if good else None

        return wait_for(f"{name} to be ready", look, seconds=seconds)

    def wait_not_ready(self, name: str, reason: str, *, seconds: float = 30) -> Json:
        """Wait until Ready is False for this reason; returns the condition."""

        def look() -> Json | None:
            found = condition(self.kube.get("WorkQueue", name))
            bad = found.get("status") == "False" and found.get("reason") == reason
            return found if bad else None

        return wait_for(f"{name} to be not ready: {reason}", look, seconds=seconds)

    def wait_decision(self, name: str, reason: str, *, seconds: float = 30) -> Json:
        """Wait until the last decision has this reason; returns it."""

        def look() -> Json | None:
            found: Json = self.status(name).get("lastDecision", {})
            return found if found.get("reason") == reason else None

        return wait_for(f"{name} to decide {reason}", look, seconds=seconds)

    def wait_advice(self, name: str, workers: int, *, seconds: float = 45) -> Json:
        """Wait until the last decision asks for so many workers; returns it.

        A number alone is told half a minute late.
        """

        def look() -> Json | None:
            found: Json = self.status(name).get("lastDecision", {})
            return found if found.get("workers") == workers else None

        return wait_for(f"{name} to ask for {workers} workers", look, seconds=seconds)

    def wait_limited(self, name: str, reason: str, *, seconds: float = 30) -> Json:
        """Wait until the number of workers is limited for this reason; returns the condition."""

        def look() -> Json | None:
            found = condition(self.kube.get("WorkQueue", name), "ScalingLimited")
            return found if (found.get("status"), found.get("reason")) == ("True", reason) else None

        return wait_for(f"{name} to be limited: {reason}", look, seconds=seconds)

    def wait_event(self, name: str, reason: str, *, seconds: float = 30) -> Json:
        """Wait for an event of this reason on the WorkQueue; returns the last one."""
        found = wait_for(
            f"event {reason} of {name}", lambda: self.kube.events(name, reason), seconds=seconds
        )
        return found[-1]

    def replicas(self, name: str) -> int:
        """spec.replicas of the Deployment; 0 when there is none."""
        found = self.kube.get("Deployment", name)
        return 0 if found is None else int(found["spec"]["replicas"])

    def wait_replicas(self, name: str, count: int, *, seconds: float = 60) -> None:
        """Wait until spec.replicas is this."""
        wait_for(
            f"{name} to have {count} workers",
            lambda: self.replicas(name) == count,
            seconds=seconds,
        )

    def scale(self, name: str, count: int) -> None:
        """Change the Deployment's replicas by hand, as kubectl scale would."""
        self.kube.patch("Deployment", name, {"spec": {"replicas": count}}, "scale")

    def wait_workers(self, name: str, count: int, *, seconds: float = 30) -> None:
        """Wait until so many workers are ready."""

        def are_ready() -> bool:
            found: Json = self.kube.get("Deployment", name) or {}
            return bool(found.get("status", {}).get("readyReplicas", 0) == count)

        wait_for(f"{name} to have {count} ready workers", are_ready, seconds=seconds)

    def wait_completed(self, count: int, *, seconds: float) -> None:
        """Wait until so many different tasks are completed in the ledger."""
        wait_for(
            f"{count} tasks to be completed",
            lambda: self.ledger.read().completed() >= count,
            seconds=seconds,
            every=0.5,
        )

    def wait_in_work(self, count: int, *, seconds: float = 60) -> Mapping[int, str]:
        """Wait until so many tasks are started and not completed; returns task -> pod."""

        def look() -> Mapping[int, str] | None:
            held = self.ledger.read().in_work()
            return held if len(held) >= count else None

        return wait_for(f"{count} tasks in work", look, seconds=seconds)

    def pods(self, name: str) -> Sequence[Json]:
        """The worker pods of a WorkQueue, terminating ones too."""
        return self.kube.list("Pod", labelSelector=f"workqueue.dev/name={name}")

    def stay(self, seconds: float) -> None:
        """Let time pass, where nothing may happen and so nothing can be waited for."""
        time.sleep(seconds)
