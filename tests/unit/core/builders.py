"""Small worlds for the tests of the core: ordinary, but for what a test is about."""

from collections.abc import Mapping
from typing import Any, Literal

from workqueue_operator.core.decision import Census, Decision, Reason, Rules, Seen
from workqueue_operator.core.history import History
from workqueue_operator.core.need import Need
from workqueue_operator.core.policy import decide, learn
from workqueue_operator.core.readings import Known, Missing, Reading, Unknown
from workqueue_operator.core.scaling import OnUnknown, ScaleDown, ScaleUp, Scaling, Target
from workqueue_operator.core.status import Condition, Report
from workqueue_operator.core.workqueue import WorkQueue

NOW = 1000.0
UNKNOWN = Unknown(reason="BrokerUnreachable", why="rabbitmq:5672 refused", at=NOW)
MISSING = Missing(why="no queue 'mail' in vhost '/'", at=NOW)


def rules(
    *,
    bounds: tuple[int, int] = (0, 50),
    target: int = 10,
    window: int = 60,
    prefetch: int = 1,
    queue_type: Literal["Quorum", "Classic"] = "Quorum",
    **fields: Any,
) -> Rules:
    """The schema's defaults but for the tolerance, which few tests are about.

    fields: of Scaling, or `drain_seconds`, `tolerance`, `up` and `down` for what lies deeper.
    """
    drain, tolerance = fields.pop("drain_seconds", None), fields.pop("tolerance", 0)
    up = {"stabilization_seconds": 0, "max_step": None, "period_seconds": 15}
    down = up | {
        "stabilization_seconds": window,
        "tolerance_percent": tolerance,
        "max_percent": None,
    }
    defaults = {
        "mode": "Auto",
        "fixed_workers": None,
        "min_workers": bounds[0],
        "max_workers": bounds[1],
        "min_active_workers": 0,
        "activation_backlog": 0,
        "idle_seconds": 0,
        "target": Target(
            metric="BacklogPerWorker" if drain is None else "DrainSeconds",
            value=drain or target,
            expected_task_seconds=1.0,
        ),
        "scale_up": ScaleUp(**up | fields.pop("up", {})),
        "scale_down": ScaleDown(**down | fields.pop("down", {})),
        "on_unknown": OnUnknown(after_seconds=60, min_workers=None),
        "floors": (),
    }
    scaling = Scaling(**defaults | fields)
    return Rules(scaling=scaling, prefetch=prefetch, queue_type=queue_type)


def known(ready: int = 0, unacked: int | None = 0, consumers: int | None = None) -> Known:
    """What the broker counted; consumers: as many as hold a task, where that is not the point."""
    return Known(
        ready=ready,
        unacked=unacked,
        consumers=(unacked or 0) if consumers is None else consumers,
        at=NOW,
    )


def census(
    tasks: int = 0, *, busy: int | None = None, silent: int = 0, draining: int = 0, age: float = 0.0
) -> Census:
    """What the workers said; busy: one worker for each task, where that is not the point."""
    busy_workers = tasks if busy is None else busy
    return Census(
        busy_workers=busy_workers,
        tasks=tasks,
        silent=silent,
        draining_tasks=draining,
        staying_pods=busy_workers + silent,
        draining_pods=draining,
        age_seconds=age,
    )


def seen(
    reading: Reading,
    wanted: int,
    *,
    current: int | None = None,
    ready: int | None = None,
    rolling: bool = False,
    may_drain: bool = False,
    asked: Census | None = None,
    **more: Any,
) -> Seen:
    """One look; all workers that are wanted are there and ready, where that is not the point."""
    current = wanted if current is None else current
    return Seen(
        reading=reading,
        wanted=wanted,
        current=current,
        ready=current if ready is None else ready,
        rolling=rolling,
        may_drain=may_drain,
        census=asked,
        **more,
    )


def quiet_since(seconds: float, *, need: int = 0) -> History:
    """A history in which `need` has been enough for so long, read every second."""
    history = History()
    for ago in range(int(seconds), -1, -1):
        history.learn(Need(need, need), empty=need == 0, now=NOW - ago, least=need)
    return history


def decided(by: Rules, look: Seen, past: History | None = None, *, now: float = NOW) -> Decision:
    """Learn and decide, as the controller does after each reading."""
    history = History() if past is None else past
    learn(by, look, history, now=now)
    return decide(by, look, history, now=now)


def body(spec: Mapping[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    """A WorkQueue as the API server stores it, defaults filled in; spec: sections that change."""
    changes = spec or {}
    sections: dict[str, dict[str, Any]] = {
        "broker": {"secretName": "rabbitmq", "vhost": "/"},
        "queue": {"type": "Quorum", "deadLetters": "Declare", "deletionPolicy": "Retain"},
        "worker": {
            "image": "registry.example/thumbnails:1.4",
            "handler": {"command": ["python", "resize.py"]},
            "maxAttempts": 5,
            "taskTimeoutSeconds": 600,
            "prefetch": 1,
            "podTemplate": {},
        },
        "scaling": {
            "mode": "Auto",
            "minWorkers": 0,
            "maxWorkers": 50,
            "minActiveWorkers": 0,
            "activationBacklog": 0,
            "idleSeconds": 0,
            "target": {"metric": "BacklogPerWorker", "value": 10, "expectedTaskSeconds": 1},
            "scaleUp": {"stabilizationSeconds": 0, "periodSeconds": 15},
            "scaleDown": {
                "stabilizationSeconds": 60,
                "tolerancePercent": 25,
                "periodSeconds": 15,
            },
            "onUnknown": {"afterSeconds": 60},
        },
    }
    merged = {name: section | changes.get(name, {}) for name, section in sections.items()}
    meta = {
        "namespace": "shop",
        "name": "thumbnails",
        "uid": "uid-1",
        "generation": 2,
        "resourceVersion": "77",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    return {"metadata": meta | metadata, "spec": merged}


def workqueue(spec: Mapping[str, Any] | None = None, **metadata: Any) -> WorkQueue:
    """The same, read."""
    return WorkQueue.from_body(body(spec, **metadata))


EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z"
READY = Condition(type="Ready", status=True, reason="Steady", message="all is well")
REPORT = Report(
    generation=2,
    conditions=[READY],
    desired=5,
    ready=5,
    busy=3,
    reading=known(ready=40, unacked=3),
    decision=Decision(workers=5, reason=Reason.STEADY, message="needs 5"),
    scaled_at=EARLY,
    selector="workqueue.dev/name=mail",
    queue="mail",
    broker="rabbitmq:5672/",
)
