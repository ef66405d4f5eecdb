"""Schedules compared with somebody who watches the clock on the wall, minute by minute."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from workqueue_operator.core.schedule import Floor, active_floor, next_change

MINUTE = timedelta(minutes=1)
MOST_SECONDS = 36 * 3600

CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 3, 8, 5, tzinfo=UTC)),  # at midnight
    ("America/Havana", datetime(2026, 11, 1, 5, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),  # half an hour
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Asia/Kolkata", datetime(2026, 2, 28, 23, tzinfo=UTC)),  # none, and the end of a February
    ("Etc/UTC", datetime(2026, 12, 31, 23, tzinfo=UTC)),
]


@dataclass(frozen=True)
class Times:
    """The fields of a schedule as sets; None is a star."""

    minutes: frozenset[int] | None
    hours: frozenset[int] | None
    days: frozenset[int] | None

    @property
    def schedule(self) -> str:
        """The same as a cron expression."""
        fields = (self.minutes, self.hours, self.days)
        words = ["*" if each is None else ",".join(map(str, sorted(each))) for each in fields]
        return " ".join([*words, "*", "*"])

    def match(self, wall: datetime) -> bool:
        """The clock shows a time of the schedule."""
        shown = ((wall.minute, self.minutes), (wall.hour, self.hours), (wall.day, self.days))
        return all(wanted is None or number in wanted for number, wanted in shown)

    def start_at(self, moment: datetime, zone: ZoneInfo) -> bool:
        """The clock comes to such a time at this minute, or jumps over one."""
        wall = moment.astimezone(zone).replace(tzinfo=None)
        before = (moment - MINUTE).astimezone(zone).replace(tzinfo=None)
        skipped = [before + n * MINUTE for n in range(1, (wall - before) // MINUTE)]
        return any(self.match(each) for each in [*skipped, wall])


def numbers(least: int, most: int) -> st.SearchStrategy[frozenset[int] | None]:
    """A star, or some of these numbers."""
    return st.none() | st.frozensets(st.integers(least, most), min_size=1, max_size=4)


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, datetime]:
    """A time zone, and a moment near to where its clock changes."""
    zone, change = draw(st.sampled_from(CHANGES))
    return zone, change + timedelta(seconds=draw(st.integers(-2 * 86_400, 2 * 86_400)))


TIMES = st.builds(Times, numbers(0, 59), numbers(0, 4), numbers(1, 31))
SECONDS = st.integers(60, MOST_SECONDS)


def floor(times: Times, zone: str, seconds: int, workers: int = 1) -> Floor:
    """A floor that opens at these times."""
    return Floor(
        name=None,
        schedule=times.schedule,
        time_zone=zone,
        duration_seconds=seconds,
        min_workers=workers,
    )


@settings(deadline=None)
@given(TIMES, moments(), SECONDS)
def test_a_window_is_open_if_a_scan_finds_a_start_within_its_duration(
    times: Times, moment: tuple[str, datetime], seconds: int
) -> None:
    (zone, now), length = moment, timedelta(seconds=seconds)
    minute, expected = now.replace(second=0), None
    while minute + length > now and expected is None:
        expected = minute + length if times.start_at(minute, ZoneInfo(zone)) else None
        minute -= MINUTE

    assert floor(times, zone, seconds).open_until(now) == expected


@settings(deadline=None)
@given(TIMES, moments())
def test_no_start_is_skipped_on_the_way_to_the_next(
    times: Times, moment: tuple[str, datetime]
) -> None:
    zone, now = moment
    found = floor(times, zone, 60).next_start(now)

    minute = now.replace(second=0) + MINUTE
    last = min(found, minute + timedelta(days=2))
    while minute < last:
        assert not times.start_at(minute, ZoneInfo(zone)), minute
        minute += MINUTE
    assert times.start_at(found, ZoneInfo(zone))


@settings(deadline=None)
@given(st.lists(st.tuples(TIMES, SECONDS, st.integers(1, 3)), max_size=3), moments())
def test_until_the_next_change_the_same_floor_is_active(
    windows: list[tuple[Times, int, int]], moment: tuple[str, datetime]
) -> None:
    zone, now = moment
    floors = [floor(times, zone, seconds, workers) for times, seconds, workers in windows]
    change = next_change(floors, now)

    assert (change is None) == (not floors)
    same = {_who(floors, now)}
    if change:
        assert change > now
        last = min(change, now + timedelta(hours=3))
        steps = range((last - now) // MINUTE)
        same |= {_who(floors, now + n * MINUTE) for n in steps}
        same.add(_who(floors, last - timedelta(microseconds=1)))
    assert len(same) == 1


def _who(floors: list[Floor], now: datetime) -> tuple[str, int] | None:
    found = active_floor(floors, now)
    return (found.what, found.workers) if found else None
