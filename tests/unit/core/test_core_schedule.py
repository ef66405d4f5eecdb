"""Floors by schedule: what is open when, and what cannot be one."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.core.errors import InvalidSpecError
from workqueue_operator.core.schedule import Floor, active_floor, next_change

HOUR = 3600
DAY = 24 * HOUR


def floor(
    schedule: str, seconds: int, workers: int = 5, *, zone: str = "Etc/UTC", name: str | None = None
) -> Floor:
    """A floor that opens at these times for so long."""
    return Floor(
        name=name,
        schedule=schedule,
        time_zone=zone,
        duration_seconds=seconds,
        min_workers=workers,
    )


def at(text: str) -> datetime:
    """A moment in UTC; 2026-11-24 is a Tuesday."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


OFFICE = floor("0 8 * * 1-5", 10 * HOUR, zone="Europe/Berlin", name="office")


@pytest.mark.parametrize(
    ("now", "until"),
    [
        pytest.param("2026-11-24T06:59:59", None, id="a second before it opens it is closed"),
        pytest.param("2026-11-24T07:00:00", "2026-11-24T17:00", id="it opens on the second"),
        pytest.param(
            "2026-11-24T09:13:37.5", "2026-11-24T17:00", id="whoever missed the minute sees it"
        ),
        pytest.param("2026-11-24T16:59:59.9", "2026-11-24T17:00", id="it is open to its last"),
        pytest.param("2026-11-24T17:00:00", None, id="it closes on the second"),
        pytest.param("2026-11-28T10:00:00", None, id="on a Saturday it stays closed"),
        pytest.param("2026-07-01T06:00:00", "2026-07-01T16:00", id="in summer it opens earlier"),
    ],
)
def test_a_window_is_open_from_its_start_for_its_duration(now: str, until: str | None) -> None:
    assert OFFICE.open_until(at(now)) == (at(until) if until else None)


BERLIN, LORD_HOWE = "Europe/Berlin", "Australia/Lord_Howe"


@pytest.mark.parametrize(
    ("window", "now", "until"),
    [
        pytest.param(
            floor("30 2 * * *", 4 * HOUR, zone=BERLIN),
            "2026-03-29T01:00",
            "2026-03-29T05:00",
            id="spring: a start that the clock skips comes when it jumps",
        ),
        pytest.param(
            floor("30 2 * * *", 4 * HOUR, zone=BERLIN),
            "2026-03-29T00:59:59",
            None,
            id="spring: and not a second before",
        ),
        pytest.param(
            floor("0 1 * * *", 2 * HOUR, zone=BERLIN),
            "2026-03-29T00:30",
            "2026-03-29T02:00",
            id="spring: a window over the gap lasts its seconds and ends later on the clock",
        ),
        pytest.param(
            floor("30 2 * * *", HOUR, zone=BERLIN),
            "2026-10-25T00:30",
            "2026-10-25T01:30",
            id="autumn: a start that comes twice opens at the first",
        ),
        pytest.param(
            floor("30 2 * * *", HOUR, zone=BERLIN),
            "2026-10-25T01:30",
            "2026-10-25T02:30",
            id="autumn: and again at the second, so it ends when the clock shows the usual",
        ),
        pytest.param(
            floor("45 2 * * *", HOUR, zone=BERLIN),
            "2026-10-25T01:20",
            "2026-10-25T01:45",
            id="autumn: in the second hour the first start is not forgotten",
        ),
        pytest.param(
            floor("0 0 * * *", 4 * HOUR, zone=BERLIN),
            "2026-10-25T01:30",
            "2026-10-25T02:00",
            id="autumn: a window over the hour lasts its seconds and ends earlier on the clock",
        ),
        pytest.param(
            floor("*/10 * * * *", 600, zone=BERLIN),
            "2026-10-25T01:15",
            "2026-10-25T01:20",
            id="autumn: a window that opens all the time has no hole",
        ),
        pytest.param(
            floor("15 2 * * *", HOUR, zone=LORD_HOWE),
            "2026-10-03T15:40",
            "2026-10-03T16:30",
            id="a jump of half an hour is one, too",
        ),
        pytest.param(
            floor("59 1 * * *", 60, zone=LORD_HOWE),
            "2026-04-04T15:29:30",
            "2026-04-04T15:30",
            id="and half an hour can come twice",
        ),
        pytest.param(
            floor("0 12 30 12 *", HOUR, zone="Pacific/Apia"),
            "2011-12-30T10:30",
            "2011-12-30T11:00",
            id="a zone may skip a whole day",
        ),
    ],
)
def test_clocks_change(window: Floor, now: str, until: str | None) -> None:
    assert window.open_until(at(now)) == (at(until) if until else None)


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        pytest.param([], None, id="without floors there is none"),
        pytest.param([floor("0 3 * * *", HOUR)], None, id="nor while every window is closed"),
        pytest.param(
            [floor("0 8 * * *", 4 * HOUR, 3), floor("0 9 * * *", 2 * HOUR, 7)],
            ('"0 9 * * *"', 7, "2026-11-24T11:00"),
            id="of several that are open the highest counts",
        ),
        pytest.param(
            [floor("0 8 * * *", 4 * HOUR, 3, name="a"), floor("0 9 * * *", HOUR, 3, name="b")],
            ("a", 3, "2026-11-24T12:00"),
            id="of equals the first",
        ),
        pytest.param(
            [floor("0 * * * *", 3 * HOUR, 2)],
            ('"0 * * * *"', 2, "2026-11-24T12:00"),
            id="a window that opens again before it closes stays open: the last start counts",
        ),
        pytest.param(
            [floor("0 0 1 * *", 31 * DAY, 2)],
            ('"0 0 1 * *"', 2, "2026-12-02T00:00"),
            id="a window longer than its period is never closed",
        ),
    ],
)
def test_highest_open_window_is_the_floor(
    windows: list[Floor], expected: tuple[str, int, str] | None
) -> None:
    found = active_floor(windows, at("2026-11-24T09:30"))

    seen = (found.what, found.workers, found.until) if found else None
    assert seen == ((*expected[:2], at(expected[2])) if expected else None)


@pytest.mark.parametrize(
    ("windows", "change"),
    [
        pytest.param([], None, id="without floors it never changes"),
        pytest.param([OFFICE], "2026-11-25T07:00", id="a closed window opens"),
        pytest.param([floor("0 17 * * *", HOUR)], "2026-11-24T18:00", id="an open one closes"),
        pytest.param(
            [OFFICE, floor("45 17 * * *", 1800)], "2026-11-24T17:45", id="the first of them all"
        ),
        pytest.param(
            [floor("30 17 * * *", HOUR)], "2026-11-24T18:30", id="what opens now closes next"
        ),
    ],
)
def test_next_change_is_when_to_look_again(windows: list[Floor], change: str | None) -> None:
    now = at("2026-11-24T17:30")

    assert next_change(windows, now) == (at(change) if change else None)


def test_given_the_repeated_hour_when_looking_ahead_then_its_second_time_counts() -> None:
    window = floor("5 2 * * *", 60, zone=BERLIN)

    assert window.next_start(at("2026-10-25T00:10")) == at("2026-10-25T01:05")


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        pytest.param("@daily", "five fields", id="a nickname"),
        pytest.param("0 0 8 * * *", "five fields", id="a field for seconds"),
        pytest.param("60 8 * * *", "Bad minute", id="a minute that no hour has"),
        pytest.param("0 8 * * MO", "Bad day-of-week", id="a word that is no day"),
        pytest.param("0 8 30 2 *", "Bad day-of-month", id="the 30th of February"),
        pytest.param("0 8 */31 2 MON#5", "never matches", id="a fifth Monday on the first"),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_way_out(schedule: str, words: str) -> None:
    with pytest.raises(InvalidSpecError, match="minute, hour, day of the month") as refused:
        floor(schedule, HOUR)

    sentence = str(refused.value)
    assert sentence.startswith(f"spec.scaling.floors.schedule {schedule!r}")
    assert words in sentence


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "../etc/passwd", "", "tzdata.zi"])
def test_an_unknown_time_zone_is_refused_with_the_way_out(zone: str) -> None:
    with pytest.raises(InvalidSpecError, match=r"^spec\.scaling\.floors\.timeZone .*Etc/UTC"):
        floor("0 8 * * *", HOUR, zone=zone)


def test_given_a_machine_without_time_zones_then_those_of_the_dependency_serve() -> None:
    program = "from zoneinfo import ZoneInfo, TZPATH; print(TZPATH, ZoneInfo('Europe/Berlin'))"
    call = [sys.executable, "-c", program]

    told = subprocess.run(
        call, env={"PYTHONTZPATH": ""}, capture_output=True, text=True, check=True
    )

    assert told.stdout == "() Europe/Berlin\n"


@given(st.text(st.sampled_from("0123456789*,-/#LW MONabc²"), max_size=20), st.text(max_size=20))
def test_any_text_is_a_floor_or_an_expected_error(schedule: str, zone: str) -> None:
    for window in ((schedule, "Etc/UTC"), ("0 8 * * *", zone)):
        try:
            built = floor(window[0], HOUR, zone=window[1])
        except InvalidSpecError:
            continue
        assert next_change([built], at("2026-11-24T09:30")) is not None
