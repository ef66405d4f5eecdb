"""Floors by schedule: they raise while their window is open, the highest counts, and they let go.

There is no node for these workers: their number alone matters.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from kit.kube import Json
from kit.story import NOWHERE, Story
from kit.watching import Replicas

LEFT_SECONDS = 12
"""So much longer the window stays open."""
WINDOW_SECONDS = 3
SOON_SECONDS = 3
ZONE = "Asia/Kolkata"
ALWAYS = {"schedule": "* * * * *", "durationSeconds": 60, "minWorkers": 1}


def test_a_floor_raises_the_number_while_its_window_is_open(bare_story: Story) -> None:
    story = bare_story
    # Given two idle queues
    for name in ("closes", "opens"):
        window = {"scaleDown": {"stabilizationSeconds": WINDOW_SECONDS}}
        story.apply(name, {"worker": NOWHERE, "queue": {"type": "Classic"}, "scaling": window})
        story.wait_ready(name, "Idle")
    with Replicas(story.kube, "closes") as closes, Replicas(story.kube, "opens") as opens:
        # When one gets two floors that are open, and the other one that opens soon
        now = datetime.now(UTC)
        closing = (now + timedelta(seconds=LEFT_SECONDS)).replace(microsecond=0)
        opening = next_minute(now)
        story.set("closes", {"scaling": {"floors": [ALWAYS, open_until(closing, now)]}})
        story.set("opens", {"scaling": {"floors": [open_from(opening)]}})
        # Then the higher one raises the number, and is named
        story.wait_replicas("closes", 3, seconds=SOON_SECONDS)
        assert_told(story, "closes", "from 0 to 3", "floor high: 3 workers")
        # And lets go when it is over, not before: the other one is still there
        story.wait_replicas("closes", 1, seconds=LEFT_SECONDS + WINDOW_SECONDS + SOON_SECONDS)
        let_go = closes.first(1, since=closing.timestamp())
        assert let_go is not None
        assert let_go < WINDOW_SECONDS + SOON_SECONDS
        # And the third opens in its own minute
        story.wait_replicas("opens", 2, seconds=90)
        opened = opens.first(2, since=opening.timestamp())
        assert opened is not None
        assert opened < SOON_SECONDS
        assert_told(story, "opens", "from 0 to 2", "floor morning: 2 workers")
        assert closes.values() == [0, 3, 1]
        assert opens.values() == [0, 2]


def assert_told(story: Story, name: str, step: str, floor: str) -> None:
    """The floor, in the status and in an event."""
    assert floor in story.wait_decision(name, "ScheduledFloor")["message"]
    told = story.wait_event(name, "ScaledUp")["message"]
    assert told.startswith(f"{step} workers (ScheduledFloor): ")
    assert floor in told


def next_minute(now: datetime) -> datetime:
    """The next one that begins late enough to see that nothing happens before."""
    return (now + timedelta(seconds=68)).replace(second=0, microsecond=0)


def open_until(end: datetime, now: datetime) -> Json:
    """A window that opened with the last minute but one, and closes then."""
    began = (now - timedelta(minutes=1)).replace(second=0, microsecond=0)
    schedule = f"{began.minute} {began.hour} * * *"
    seconds = int((end - began).total_seconds())
    return {"name": "high", "schedule": schedule, "durationSeconds": seconds, "minWorkers": 3}


def open_from(start: datetime) -> Json:
    """A window that opens then, as the clocks of another time zone show it."""
    there = start.astimezone(ZoneInfo(ZONE))
    schedule = f"{there.minute} {there.hour} * * {there.isoweekday()}"
    when = {"schedule": schedule, "timeZone": ZONE, "durationSeconds": 600}
    return {"name": "morning", "minWorkers": 2, **when}
