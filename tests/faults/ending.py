"""The end of a run: wait until nothing is under way, and gather what was seen."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise

import pika

from faults.feed import Feed
from faults.judge import Scaling, Seen, Shrink
from faults.notes import Incident, Note, parse
from faults.scene import PER_WORKER, QUEUES, Scene
from kit.watching import Replicas

STALL_SECONDS = 120
QUIET_SECONDS = 8
"""The broker's counts of tasks in work may be 5 s old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A whole run. recovered: place of the incident -> queue -> when its workers were ready."""

    fault: str
    seen: Mapping[str, Seen]
    recovered: Mapping[int, Mapping[str, float]]
    trouble: Sequence[str]
    seconds: float

    def recoveries(self, queue: str) -> list[float]:
        """Seconds from the end of each incident until work went on and all workers were ready."""
        seen = self.seen[queue]
        return [
            max(whole[queue], _first_end(seen.notes, seen.incidents[place].end))
            - seen.incidents[place].end
            for place, whole in sorted(self.recovered.items())
        ]


def _first_end(notes: Sequence[Note], since: float) -> float:
    """When the first task after `since` was finished; `since` itself when there was none left."""
    ends = (note.at for note in notes if note.what != "started" and note.at >= since)
    return next(ends, since)


def wait_until_done(scene: Scene, feeds: Mapping[str, Feed]) -> None:
    """Until both queues have been empty for a while, or nothing has moved for long."""
    moved_at = quiet_since = time.monotonic()
    last: object = None
    while time.monotonic() - quiet_since < QUIET_SECONDS:
        time.sleep(1)
        state = len(scene.journal.read()), {name: _messages(scene, name) for name in feeds}
        if state != last:
            last, moved_at = state, time.monotonic()
        if any(state[1].values()):
            quiet_since = time.monotonic()
        if time.monotonic() - moved_at > STALL_SECONDS:
            return  # what is left is told by the verdict


def look(scene: Scene, feed: Feed, history: Replicas) -> Seen:
    """Everything about one queue but the incidents."""
    notes = [note for note in parse(scene.journal.read()) if note.queue == feed.queue]
    steps = [
        Shrink(at=after.at, before=before.replicas, after=after.replicas)
        for before, after in pairwise(history.steps)
        if after.replicas < before.replicas
    ]
    return Seen(
        queue=feed.queue,
        chunks=feed.chunks,
        notes=notes,
        dead=_dead(scene, f"{feed.queue}.dead"),
        left=_messages(scene, feed.queue),
        incidents=(),
        scaling=Scaling(per_worker=PER_WORKER, bounds=tuple(scene.bounds), shrinks=steps),
    )


def with_incidents(seen: Seen, incidents: Sequence[Incident]) -> Seen:
    """The same, with the faults that struck: a quorum queue has no excuse to forget."""
    is_classic = QUEUES[seen.queue] == "Classic"
    own = tuple(replace(each, forgets=each.forgets and is_classic) for each in incidents)
    return replace(seen, incidents=own)


def keep_evidence(scene: Scene, incidents: Sequence[Incident]) -> None:
    """Write the faults beside the journal, for whoever wants to know more than the verdict."""
    kept = [asdict(each) | {"pods": sorted(each.pods or ())} for each in incidents]
    text = json.dumps({"incidents": kept, "bounds": scene.bounds}, indent=1)
    (scene.journal.path.parent / "incidents.json").write_text(text + "\n")


def _messages(scene: Scene, queue: str) -> int:
    """Waiting and in work, as the management says."""
    found = scene.story.broker.queue(queue) or {}
    return int(found.get("messages", 0))


def _dead(scene: Scene, queue: str) -> Counter[int]:
    """How often each task lies in the dead letters."""
    broker = scene.story.broker
    who = pika.PlainCredentials(broker.username, broker.password)
    where = pika.ConnectionParameters(broker.host, broker.port, broker.vhost, who)
    found: Counter[int] = Counter()
    with pika.BlockingConnection(where) as connection:
        channel = connection.channel()
        while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
            found[int(json.loads(got[2])["n"])] += 1
    return found
