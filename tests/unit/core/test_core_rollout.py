"""What the user changed is rolled out at once; what only the operator changed waits its turn."""

import pytest

from workqueue_operator.core.manifests import RENDERING, SPEC_HASH
from workqueue_operator.core.rollout import Step, is_ours_alone, next_step

SAME = {SPEC_HASH: "asked", RENDERING: "rendered"}
OUR_CHANGE = {SPEC_HASH: "asked", RENDERING: "by the version before"}
USER_CHANGE = {SPEC_HASH: "asked before", RENDERING: "rendered from that"}
IN_WORDS_ONLY = {SPEC_HASH: "asked before", RENDERING: "rendered"}
NOTHING_WRITTEN: dict[str, str] = {}


@pytest.mark.parametrize(
    ("live", "replicas", "turn", "step"),
    [
        pytest.param(SAME, (5, 5), False, Step.NOTHING, id="nothing differs"),
        pytest.param(SAME, (5, 5), True, Step.NOTHING, id="nothing differs, with a turn"),
        pytest.param(SAME, (5, 20), False, Step.REPLICAS, id="only the number differs"),
        pytest.param(USER_CHANGE, (5, 5), False, Step.APPLY, id="the user's change waits for none"),
        pytest.param(USER_CHANGE, (5, 20), False, Step.APPLY, id="nor with another number"),
        pytest.param(
            IN_WORDS_ONLY, (5, 5), False, Step.APPLY, id="asked in other words: noted, rolls nobody"
        ),
        pytest.param(OUR_CHANGE, (5, 5), False, Step.NOTHING, id="ours waits for its turn"),
        pytest.param(OUR_CHANGE, (5, 20), False, Step.REPLICAS, id="the number does not wait"),
        pytest.param(OUR_CHANGE, (5, 5), True, Step.APPLY, id="ours at its turn"),
        pytest.param(OUR_CHANGE, (5, 20), True, Step.APPLY, id="ours at its turn, with the number"),
        pytest.param(OUR_CHANGE, (0, 0), False, Step.APPLY, id="without workers nobody waits"),
        pytest.param(OUR_CHANGE, (5, 0), False, Step.APPLY, id="down to zero nobody is rolled"),
        pytest.param(OUR_CHANGE, (0, 5), False, Step.APPLY, id="up from zero they start as new"),
        pytest.param(NOTHING_WRITTEN, (5, 5), False, Step.APPLY, id="annotations were removed"),
    ],
)
def test_the_smallest_write(
    live: dict[str, str], replicas: tuple[int, int], turn: bool, step: Step
) -> None:
    assert next_step(live, SAME, replicas=replicas, turn=turn) is step


@pytest.mark.parametrize(
    ("live", "ours"),
    [
        pytest.param(SAME, False, id="nothing differs"),
        pytest.param(OUR_CHANGE, True, id="rendered otherwise"),
        pytest.param(USER_CHANGE, False, id="asked otherwise"),
        pytest.param(IN_WORDS_ONLY, False, id="asked otherwise, rendered the same"),
        pytest.param(NOTHING_WRITTEN, False, id="nothing is known"),
    ],
)
def test_whose_change_it_is(live: dict[str, str], ours: bool) -> None:
    assert is_ours_alone(live, SAME) == ours
