"""Floors by schedule: windows that open at times of day and stay open for so many seconds.

A window is a state, not an occurrence: it is open while its last start is less than its duration
ago. Whoever looked away at the start minute sees it all the same.

Times of day are those that the clock of the time zone shows; durations are seconds that pass. So
when the clock changes:
    spring   a start at a time that the clock skips comes when it jumps
    autumn   a start at a time that the clock shows twice comes twice: such a window ends when the
             clock shows what it shows on any other day, and one that opens every 10 minutes for
             10 minutes has no hole of an hour
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from workqueue_operator.core.errors import InvalidSpecError

_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)
_ANY_TIME = datetime(2000, 1, 1)  # noqa: DTZ001 - what a clock shows, anywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """One of spec.scaling.floors. An instance that exists is valid.

    schedule: a cron expression of five fields. time_zone: a name in the tz database.

    Raises:
        InvalidSpecError: the schedule is none, or never matches; or there is no such time zone.
    """

    name: str | None
    schedule: str
    time_zone: str
    duration_seconds: int
    min_workers: int

    def __post_init__(self) -> None:
        problem = _problem_with(self.schedule)
        if problem:
            raise InvalidSpecError("scaling.floors.schedule", f"{self.schedule!r} {problem}")
        if not _is_time_zone(self.time_zone):
            raise InvalidSpecError(
                "scaling.floors.timeZone",
                f"{self.time_zone!r} is not in the tz database: write a name as it stands there, "
                f"capitals too, for example Europe/Berlin or Etc/UTC",
            )

    @property
    def what(self) -> str:
        """What a sentence calls it."""
        return self.name or f'"{self.schedule}"'

    def open_until(self, now: datetime) -> datetime | None:
        """When the window that is open now closes, unless it opens again before; None: closed."""
        closes = self._last_start(now) + timedelta(seconds=self.duration_seconds)
        return closes if closes > now else None

    def next_start(self, now: datetime) -> datetime:
        """The first start after now."""
        zone = ZoneInfo(self.time_zone)
        wall, repeated = _on_the_wall(now, zone)
        starts, found = CronSim(self.schedule, wall - repeated), list[datetime]()
        while True:
            start = next(starts)
            found += (moment for moment in _moments(start, zone) if moment > now)
            if start > wall:
                return min(found)

    def _last_start(self, now: datetime) -> datetime:
        """The last start, one that is now included."""
        zone = ZoneInfo(self.time_zone)
        wall, repeated = _on_the_wall(now, zone)
        starts = CronSim(self.schedule, wall + repeated + _SECOND, reverse=True)
        found = list[datetime]()
        while True:
            start = next(starts)
            found += (moment for moment in _moments(start, zone) if moment <= now)
            if start <= wall:
                return max(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveFloor:
    """The floor that counts now. until: when its window closes, unless it opens again before."""

    what: str
    workers: int
    until: datetime


def active_floor(floors: Sequence[Floor], now: datetime) -> ActiveFloor | None:
    """The highest of the floors whose windows are open (the first of equals), or None.

    now: aware.
    """
    windows = ((floor, floor.open_until(now)) for floor in floors)
    active = (
        ActiveFloor(what=floor.what, workers=floor.min_workers, until=until)
        for floor, until in windows
        if until is not None
    )
    return max(active, key=lambda each: each.workers, default=None)


def next_change(floors: Sequence[Floor], now: datetime) -> datetime | None:
    """When to look again: until then the same floor is active. None: there is no floor at all.

    A window may open again before it closes, so what is found then may be the same once more.
    """
    changes = (floor.open_until(now) or floor.next_start(now) for floor in floors)
    return min(changes, default=None)


def _on_the_wall(now: datetime, zone: ZoneInfo) -> tuple[datetime, timedelta]:
    """What the zone's clock shows, to the second; and how much of it is being shown twice."""
    local = now.astimezone(zone).replace(microsecond=0)
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return local.replace(tzinfo=None, fold=0), second - first


def _moments(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """When the zone's clock shows this: once, twice, or, where it skips it, when it jumps."""
    while True:
        asked = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        found = [at for at in asked if at.astimezone(zone).replace(tzinfo=None, fold=0) == wall]
        if found:
            return found
        wall += _MINUTE


@lru_cache(maxsize=1024)
def _problem_with(schedule: str) -> str | None:
    """What keeps an expression from being a schedule; None: nothing.

    The calendar repeats itself within 40 years and the library looks 50 ahead: what matches once
    has a next and a last start at any time.
    """
    if len(schedule.split()) != 5:
        return f"is not a schedule: {_FORM}"
    try:
        next(CronSim(schedule, _ANY_TIME))
    except CronSimError as error:
        return f"is not a schedule ({error}): {_FORM}"
    except StopIteration:
        return f"never matches: name a day that exists. A schedule has {_FIELDS}"
    return None


_FIELDS = "five fields: minute, hour, day of the month, month, day of the week"
_FORM = f'write {_FIELDS}, for example "0 8 * * 1-5" for 8 o\'clock from Monday to Friday'


@lru_cache(maxsize=1024)
def _is_time_zone(name: str) -> bool:
    # Beside "not found": ValueError for a path or a file that is none, OSError for a folder.
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
