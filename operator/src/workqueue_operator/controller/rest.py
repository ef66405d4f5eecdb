"""A queue at rest: the same reading once more changes nothing, and costs a microsecond."""

from dataclasses import dataclass

from workqueue_operator.core.access import Access
from workqueue_operator.core.decision import Decision
from workqueue_operator.core.readings import Known
from workqueue_operator.core.workqueue import WorkQueue
from workqueue_operator.ports import DeploymentState


@dataclass(frozen=True, slots=True)
class Rest:
    """What a decision was made on, that has been told and asks for nothing.

    Everything else that it may depend on is changed by steps only, and each step begins with a
    WorkQueue of its own. until: monotonic seconds.
    """

    access: Access
    reading: Known
    wq: WorkQueue
    deployment: DeploymentState | None
    decided: Decision
    until: float
