"""A WorkQueue whose spec cannot be read: it is told so, held as it is, and let go when deleted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workqueue_operator.cluster.events import Subject
from workqueue_operator.controller.clock import Clock, rfc3339
from workqueue_operator.controller.reporter import Reporter
from workqueue_operator.core.errors import InvalidSpecError
from workqueue_operator.core.status import Condition, merge_patch, with_condition
from workqueue_operator.core.workqueue import FINALIZER
from workqueue_operator.ports import Cluster

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refusing:
    """Objects older than a rule of the schema, or with an annotation that says nothing."""

    cluster: Cluster
    reporter: Reporter
    clock: Clock

    def step(self, body: Body, error: InvalidSpecError) -> None:
        """Tell why nothing is done; let a deletion go on. Raises ApiError."""
        meta = body["metadata"]
        if "deletionTimestamp" not in meta:
            self._tell(body, error)
        elif FINALIZER in meta.get("finalizers", ()):
            self._let_go(body, error)

    def _tell(self, body: Body, error: InvalidSpecError) -> None:
        old, meta = body.get("status", {}), body["metadata"]
        new = Condition(
            type="Ready",
            status=False,
            reason=error.reason,
            message=f"{error}. Until then its workers stay as they are",
        )
        told = any(_says(each, new, meta["generation"]) for each in old.get("conditions", ()))
        if told:
            return
        conditions = with_condition(
            old.get("conditions", ()),
            new,
            generation=meta["generation"],
            now=rfc3339(self.clock.now()),
        )
        self.reporter.event(Subject.of(body), "Warning", new.reason, new.message)
        status = {**old, "conditions": conditions, "observedGeneration": meta["generation"]}
        self.cluster.patch_status(meta["namespace"], meta["name"], merge_patch(old, status))

    def _let_go(self, body: Body, error: InvalidSpecError) -> None:
        meta = body["metadata"]
        text = f"its queue is left behind on the broker, for the spec cannot be read: {error}"
        self.reporter.event(Subject.of(body), "Warning", "QueueLeftBehind", text)
        left = [each for each in meta["finalizers"] if each != FINALIZER]
        change = {"resourceVersion": meta["resourceVersion"], "finalizers": left}
        self.cluster.patch_workqueue(meta["namespace"], meta["name"], {"metadata": change})


def _says(condition: Mapping[str, Any], new: Condition, generation: int) -> bool:
    kind, reason, message = condition["type"], condition["reason"], condition["message"]
    same = (kind, reason, message) == (new.type, new.reason, new.message)
    return same and condition.get("observedGeneration") == generation
