"""A new version of the operator renders other pods: not all WorkQueues roll at once.

A change that the user made is applied at once; one that only we made waits its turn.
"""

from collections.abc import Mapping
from enum import Enum

from workqueue_operator.core.manifests import RENDERING, SPEC_HASH

ROLLING_AT_ONCE = 3


class Step(Enum):
    """What to send to the API server."""

    NOTHING = "nothing"
    REPLICAS = "replicas"  # only the number: nothing else differs, or it waits for its turn
    APPLY = "apply"


def is_ours_alone(live: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """The user asked for nothing new, and yet the rendering differs. Both: annotations."""
    same_spec = live.get(SPEC_HASH) == wanted[SPEC_HASH]
    return same_spec and live.get(RENDERING) != wanted[RENDERING]


def next_step(
    live: Mapping[str, str], wanted: Mapping[str, str], *, replicas: tuple[int, int], turn: bool
) -> Step:
    """Choose the smallest write. replicas: as they are, as they should be."""
    now, then = replicas
    if all(live.get(key) == wanted[key] for key in (RENDERING, SPEC_HASH)):
        return Step.NOTHING if now == then else Step.REPLICAS
    # From zero or to zero there is nobody to be rolled.
    if not is_ours_alone(live, wanted) or turn or 0 in replicas:
        return Step.APPLY
    return Step.NOTHING if now == then else Step.REPLICAS
