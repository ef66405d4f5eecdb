"""Queues that do not answer, many at once, as when the node that keeps them has died."""

import time
from collections import Counter
from collections.abc import Sequence

import pytest

from unit.broker.conftest import MakeScene
from unit.broker.short_broker import Scene, names
from workqueue_operator.broker.lanes import lanes_for
from workqueue_operator.core.errors import BrokerUnreachableError
from workqueue_operator.core.readings import Known, Reading, Unknown

GOOD = [f"good{index}" for index in range(300)]
QUIET = names(300)


def sweeps(scene: Scene, queues: Sequence[str], kind: type[Reading], limit: float) -> set[str]:
    """Sweep until each of these was told of in this way. Returns who else was."""
    began, told = time.monotonic(), set[str]()
    while not told >= set(queues):
        assert time.monotonic() - began < limit, f"{len(told)} are {kind.__name__}"
        readings = scene.sweeper.sweep([*GOOD, *QUIET])
        told |= {queue for queue, reading in readings.items() if isinstance(reading, kind)}
    return told - set(queues)


def test_many_silent_queues_take_few_channels_and_nobody_else_s_readings(
    scene_of: MakeScene,
) -> None:
    # Given a broker of which half the queues do not answer
    scene = scene_of(answer_seconds=0.6)
    scene.broker.silent = set(QUIET)

    # When it is read, then they are unknown, all of them and nobody else
    assert sweeps(scene, QUIET, Unknown, 20) == set()
    assert sweeps(scene, GOOD, Known, 5) == set()
    assert scene.link.lost is None

    # And from then on they are told of again, and hold up nobody
    asked, channels = Counter(scene.broker.asked), len(scene.broker.channels)
    assert sweeps(scene, QUIET, Unknown, 5) == set()
    assert set(scene.sweeper.sweep([*GOOD, *QUIET])) >= set(GOOD)
    again = Counter(scene.broker.asked)
    assert not [queue for queue in QUIET if again[queue] > asked[queue]], "they are waited for"
    assert len(scene.broker.channels) - channels <= lanes_for(len(GOOD))

    # And once the node is back they are known
    scene.broker.speak()
    sweeps(scene, QUIET, Known, 10)


def test_a_connection_that_falls_silent_while_a_queue_is_waited_for_is_given_up(
    scene_of: MakeScene,
) -> None:
    scene = scene_of(answer_seconds=0.4)
    scene.broker.silent = {"q0"}
    scene.sweeper.sweep(names(1))
    scene.broker.dead = True

    time.sleep(0.3)
    scene.sweeper._look()  # opens a channel, to see who it is that is silent
    time.sleep(0.5)
    with pytest.raises(BrokerUnreachableError, match="did not answer"):
        scene.sweeper._look()
