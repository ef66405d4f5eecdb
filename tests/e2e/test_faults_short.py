"""Workers, broker and operator die at once, and every task is accounted for: the short run.

`make faults` is the long one; docs/reliability.md says what is counted, and how.
"""

from pathlib import Path

import pytest

from faults import blows
from faults.judge import judge
from faults.names import ALL, FAULTS
from faults.scene import scene
from faults.trial import Size, run
from kit.operating import Operator

SIZE = Size(short=2_000, long=40, workers=8)
LIMIT_SECONDS = 900  # a slow machine; usually 240


@pytest.mark.timeout(LIMIT_SECONDS)
def test_no_task_is_lost_and_none_runs_again_without_a_cause(
    operator: Operator, kubeconfig: Path
) -> None:
    # Given a quorum and a classic WorkQueue with 2,000 tasks
    assert operator.is_ready()
    with scene(kubeconfig, SIZE.workers) as here:
        # When every fault strikes, several at a time
        try:
            ending = run(here, ALL, SIZE, once=True)
        finally:
            blows.mend(here)
    struck = {each.fault for seen in ending.seen.values() for each in seen.incidents}
    assert struck == set(FAULTS)
    assert not ending.trouble
    # Then all that was published was confirmed, and all that was confirmed is done or dead
    # And each second start is that of a task which a killed process or a cut connection held
    # And nobody was sent home while tasks waited
    for seen in ending.seen.values():
        verdict = judge(seen)
        assert verdict.complaints() == []
        assert verdict.confirmed == verdict.published == (SIZE.short + SIZE.long) // 2
