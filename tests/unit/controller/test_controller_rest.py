"""A queue at rest costs next to nothing, and is decided for as if each reading were looked at."""

import time
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.controller.rig import Rig
from workqueue_operator.controller.intake import REST_SECONDS
from workqueue_operator.core.shrinking import ZERO_PROOF_READINGS


def at_rest(rig: Rig, spec: dict[str, Any] | None = None) -> None:
    """One WorkQueue without tasks, and with nothing left to do for us."""
    rig.apply(spec)
    rig.run()
    rig.settle()
    rig.pass_seconds(15)
    assert rig.state().rest is not None


class Scene(NamedTuple):
    """For a while the queue holds so many tasks, and so many of its workers are busy."""

    ready: int
    unacked: int | None
    pods_start: bool
    down: bool
    sweeps: int
    every_seconds: float


SCENES = st.builds(
    Scene,
    ready=st.sampled_from([0, 0, 0, 4, 25, 600]),
    unacked=st.sampled_from([0, 0, 2, None]),
    pods_start=st.booleans(),
    down=st.sampled_from([False, False, False, True]),
    sweeps=st.integers(1, 12),
    every_seconds=st.sampled_from([0.2, 1.0, 7.0]),
)
SPECS = st.fixed_dictionaries(
    {
        "queue": st.fixed_dictionaries({"type": st.sampled_from(["Quorum", "Classic"])}),
        "scaling": st.fixed_dictionaries(
            {
                "mode": st.sampled_from(["Auto", "Hold"]),
                "minWorkers": st.sampled_from([0, 2]),
                "maxWorkers": st.sampled_from([3, 50]),
            }
        ),
    }
)


def play(rig: Rig, scene: Scene, *, short_cut: bool) -> list[object]:
    """Returns what is thought of the queue after each sweep."""
    rig.broker.down = None
    if scene.down:
        rig.broker.go_down()
    queue = rig.broker.queue()
    queue.ready, queue.unacked = scene.ready, scene.unacked
    if scene.pods_start:
        rig.pods_start()
        queue.consumers = rig.deployment().replicas
        rig.work(scene.unacked or 0)
    thoughts: list[object] = []
    for _ in range(scene.sweeps):
        rig.clock.seconds += scene.every_seconds
        if not short_cut:
            rig.state().rest = None
        rig.sweep()
        thoughts.append((rig.state().decided, rig.state().reading))
    return thoughts


@settings(deadline=None, max_examples=25)
@given(spec=SPECS, scenes=st.lists(SCENES, min_size=1, max_size=8))
def test_the_same_is_decided_and_written_with_and_without_the_short_cut(
    spec: dict[str, Any], scenes: list[Scene]
) -> None:
    # Given two stages, one of which looks at each reading
    quick, thorough = Rig(), Rig()
    for rig in (quick, thorough):
        rig.apply(spec)
        rig.run()
        rig.settle()
    # When the same happens on both
    for scene in scenes:
        assert play(quick, scene, short_cut=True) == play(thorough, scene, short_cut=False)
    # Then all that was done and told is the same
    assert quick.cluster.replicas == thorough.cluster.replicas
    assert quick.cluster.asked == thorough.cluster.asked
    assert quick.cluster.reasons() == thorough.cluster.reasons()


def test_the_same_reading_over_and_over_is_not_decided_on(rig: Rig) -> None:
    at_rest(rig)
    rest = rig.state().rest
    rig.clock.seconds += 1
    rig.broker.sweep()
    assert rig.state().rest is rest
    reading = rig.state().reading
    assert reading is not None
    assert reading.at == rig.clock.seconds, "it is as fresh as ever"


def test_a_queue_that_learns_rests_when_there_is_nothing_to_learn(rig: Rig) -> None:
    drain = {"metric": "DrainSeconds", "value": 30, "expectedTaskSeconds": 5}
    at_rest(rig, {"scaling": {"target": drain}})


def test_whatever_rests_is_decided_for_now_and_then(rig: Rig) -> None:
    at_rest(rig)
    rest = rig.state().rest
    rig.clock.seconds += REST_SECONDS
    rig.broker.sweep()
    assert rig.state().rest is not rest


@pytest.mark.parametrize("changes", ["ready", "unacked", "consumers"])
def test_each_number_of_a_reading_ends_the_rest(changes: str, rig: Rig) -> None:
    at_rest(rig, {"scaling": {"mode": "Hold"}})
    setattr(rig.broker.queue(), changes, 1)
    rig.broker.sweep()
    rest = rig.state().rest
    assert rest is None or getattr(rest.reading, changes) == 1


def test_zeros_are_counted_until_they_prove_something(rig: Rig) -> None:
    # Given a queue that was read empty for the first time
    rig.apply()
    rig.run()
    while rig.state().rest is None:
        rig.clock.seconds += 1
        rig.sweep()
    # Then it rests only once the zero is believed, as far as the number of readings goes
    assert rig.state().history.zeros >= ZERO_PROOF_READINGS


def test_the_end_of_a_drain_ends_the_rest(rig: Rig) -> None:
    at_rest(rig)
    state = rig.state()
    # Given workers that were sent home 620 s ago, and may take 630 s for their last task
    state.rest, state.last_shrink = None, rig.clock.seconds - 620
    rig.broker.sweep()
    rest = rig.state().rest
    assert rest is not None
    assert rest.until == state.drained_at() < rig.clock.seconds + REST_SECONDS


def test_a_deployment_that_somebody_changed_ends_the_rest(rig: Rig) -> None:
    at_rest(rig)
    rig.pods_start()
    rest = rig.state().rest
    rig.broker.sweep()
    assert rig.state().rest is not rest


def test_queues_at_rest_cost_a_few_microseconds_each(rig: Rig) -> None:
    # Given a thousand queues at rest
    for number in range(1000):
        rig.apply(name=f"quiet-{number}", uid=f"uid-{number}")
    rig.run()
    rig.settle()
    rig.pass_seconds(15)
    access = next(iter(rig.broker.watched))[0]
    # When they are read
    costs = []
    for _ in range(5):
        rig.clock.seconds += 1
        readings = {f"quiet-{n}": rig.broker._reading(access, f"quiet-{n}") for n in range(1000)}
        began = time.thread_time()
        rig.controller.observe(access, readings)
        costs.append(time.thread_time() - began)
    # Then that is quick: a microsecond or two, where a decision costs ten times as much
    assert min(costs) < 0.005
