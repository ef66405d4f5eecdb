"""A handler that sleeps, and tells how many tasks a second it was given.

The first tasks are not counted: connections and caches are still cold.
"""

import os
import time
from pathlib import Path

SECONDS = float(os.environ["SLEEPER_SECONDS"])
WARM, COUNTED = int(os.environ["SLEEPER_WARM"]), int(os.environ["SLEEPER_COUNTED"])
RESULT = Path(os.environ["SLEEPER_RESULT"])

_seen = 0
_began = 0.0


def work(_task: object) -> None:
    """Sleep; after the last counted task write the tasks per second."""
    global _seen, _began  # noqa: PLW0603 - one worker, one task at a time
    time.sleep(SECONDS)
    _seen += 1
    if _seen == WARM:
        _began = time.perf_counter()
    elif _seen == WARM + COUNTED:
        RESULT.write_text(str(COUNTED / (time.perf_counter() - _began)))
