"""spec.scaling, and the annotations that outrank it: what the number of workers follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from workqueue_operator.core.errors import InvalidAnnotationError, InvalidSpecError
from workqueue_operator.core.schedule import Floor

Mode = Literal["Auto", "Hold", "HoldDown", "HoldUp", "Fixed", "Advise"]
Metric = Literal["BacklogPerWorker", "DrainSeconds"]

MODE = "workqueue.dev/mode"
FIXED_WORKERS = "workqueue.dev/fixed-workers"
"""Annotations for objects whose spec is kept elsewhere: they outrank it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """spec.scaling.target. value: tasks per worker, or seconds; the guess is for DrainSeconds."""

    metric: Metric
    value: int
    expected_task_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleUp:
    """spec.scaling.scaleUp."""

    stabilization_seconds: int
    max_step: int | None
    period_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleDown:
    """spec.scaling.scaleDown."""

    stabilization_seconds: int
    tolerance_percent: int
    max_step: int | None
    max_percent: int | None
    period_seconds: int

    def most_at_once(self, workers: int) -> int:
        """How many of so many workers one step may remove."""
        if self.max_percent is not None:
            return -(-workers * self.max_percent // 100)
        return workers if self.max_step is None else self.max_step

    @property
    def is_limited(self) -> bool:
        """A step is limited, so that the next has to wait for its period."""
        return self.max_step is not None or self.max_percent is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnUnknown:
    """spec.scaling.onUnknown. min_workers None: simply hold."""

    after_seconds: int
    min_workers: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """spec.scaling. An instance that exists is valid."""

    mode: Mode
    fixed_workers: int | None
    min_workers: int
    max_workers: int
    min_active_workers: int
    activation_backlog: int
    idle_seconds: int
    target: Target
    scale_up: ScaleUp
    scale_down: ScaleDown
    on_unknown: OnUnknown
    floors: tuple[Floor, ...]

    def __post_init__(self) -> None:
        if self.min_workers > self.max_workers:
            raise InvalidSpecError(
                "scaling.minWorkers", f"is {self.min_workers}, above maxWorkers {self.max_workers}"
            )
        if self.mode == "Fixed" and self.fixed_workers is None:
            raise InvalidSpecError(
                "scaling.fixedWorkers", "is missing, and mode Fixed needs it: give the number"
            )

    def clamp(self, workers: int, *, floor: int = 0) -> int:
        """The nearest number of workers within the bounds. floor: another lower bound."""
        return min(self.max_workers, max(self.min_workers, floor, workers))


def read_scaling(spec: Mapping[str, Any], annotations: Mapping[str, str]) -> Scaling:
    """Read spec.scaling as the API server stores it.

    Raises:
        InvalidSpecError: it breaks a rule that its schema did not have yet, or that no schema
            can hold: a time zone that does not exist.
        InvalidAnnotationError: an annotation is not what it should be.
    """
    up, down, unknown = spec["scaleUp"], spec["scaleDown"], spec["onUnknown"]
    return Scaling(
        mode=_mode(spec, annotations),
        fixed_workers=_fixed_workers(spec, annotations),
        min_workers=spec["minWorkers"],
        max_workers=spec["maxWorkers"],
        min_active_workers=spec["minActiveWorkers"],
        activation_backlog=spec["activationBacklog"],
        idle_seconds=spec["idleSeconds"],
        target=_target(spec["target"]),
        scale_up=ScaleUp(
            stabilization_seconds=up["stabilizationSeconds"],
            max_step=up.get("maxStep"),
            period_seconds=up["periodSeconds"],
        ),
        scale_down=ScaleDown(
            stabilization_seconds=down["stabilizationSeconds"],
            tolerance_percent=down["tolerancePercent"],
            max_step=down.get("maxStep"),
            max_percent=down.get("maxPercent"),
            period_seconds=down["periodSeconds"],
        ),
        on_unknown=OnUnknown(
            after_seconds=unknown["afterSeconds"], min_workers=unknown.get("minWorkers")
        ),
        floors=tuple(_floor(each) for each in spec.get("floors", ())),
    )


def _target(spec: Mapping[str, Any]) -> Target:
    metric = spec["metric"]
    if metric not in get_args(Metric):
        raise InvalidSpecError(
            "scaling.target.metric",
            f"is {metric}, which this version of the operator does not know: use one of "
            f"{', '.join(get_args(Metric))}, or run the operator that the schema came with",
        )
    return Target(
        metric=metric,
        value=spec["value"],
        expected_task_seconds=float(spec["expectedTaskSeconds"]),
    )


def _floor(spec: Mapping[str, Any]) -> Floor:
    return Floor(
        name=spec.get("name"),
        schedule=spec["schedule"],
        time_zone=spec["timeZone"],
        duration_seconds=spec["durationSeconds"],
        min_workers=spec["minWorkers"],
    )


def _mode(spec: Mapping[str, Any], annotations: Mapping[str, str]) -> Mode:
    mode = annotations.get(MODE, spec["mode"])
    if mode not in get_args(Mode):
        raise InvalidAnnotationError(MODE, mode, f"use one of {', '.join(get_args(Mode))}")
    return cast("Mode", mode)


def _fixed_workers(spec: Mapping[str, Any], annotations: Mapping[str, str]) -> int | None:
    text = annotations.get(FIXED_WORKERS)
    if text is None:
        return spec.get("fixedWorkers")
    if not (text.isascii() and text.isdecimal()) or int(text) > 10_000:
        raise InvalidAnnotationError(FIXED_WORKERS, text, "use a whole number from 0 to 10000")
    return int(text)
