"""python -m faults: let workers, broker and operator die, and account for every task.

python -m faults --faults kill-workers partition --tasks 2000
"""

import argparse
import signal
import sys
from collections.abc import Sequence

from faults import blows, record, report
from faults.judge import judge
from faults.names import ALL, FAULTS
from faults.scene import scene
from faults.trial import Size, run
from tools import deploy

TOGETHER = "all"
TASKS = 20_000
TASKS_PER_LONG_ONE = 100
MANY_WORKERS, FEW_WORKERS = 20, 8
SMALL_RUN = 5_000


def main(words: Sequence[str] | None = None) -> int:
    """Run them one by one; each result is kept at once. Returns the code to leave with."""
    names = [*FAULTS, TOGETHER]
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--faults", nargs="*", default=[], choices=names, metavar="FAULT")
    parser.add_argument("--tasks", type=int, default=TASKS, help="short ones, of both queues")
    parser.add_argument("--long", type=int, help="tasks of 10 s, of both queues")
    parser.add_argument("--workers", type=int, help="the most of each WorkQueue")
    parser.add_argument("--keep", action="store_true", help="write docs/reliability.json")
    given = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was set up is taken away
    size = sized(given.tasks, given.long, given.workers)
    bad = [name for name in given.faults or names if not _one(name, size, keep=given.keep)]
    if bad:
        print(f"error: not all is accounted for: {', '.join(bad)}", file=sys.stderr)
    return 1 if bad else 0


def sized(tasks: int, long: int | None = None, workers: int | None = None) -> Size:
    """200 long tasks for 20,000; fewer workers for few tasks, or nobody would be at work."""
    usual = FEW_WORKERS if tasks < SMALL_RUN else MANY_WORKERS
    few = tasks // TASKS_PER_LONG_ONE if long is None else long
    return Size(short=tasks, long=few, workers=workers or usual)


def _one(name: str, size: Size, *, keep: bool) -> bool:
    """One run; says whether all is well."""
    fault = ALL if name == TOGETHER else name
    print(f"  {fault}: {size.short:,} tasks and {size.long} long ones", flush=True)
    try:
        with scene(deploy.OWN_KUBECONFIG, size.workers) as here:
            try:
                ending = run(here, fault, size)
            finally:
                blows.mend(here)
        verdicts = {queue: judge(seen) for queue, seen in ending.seen.items()}
    except AssertionError as error:
        print(f"error: {fault}: {error}", file=sys.stderr, flush=True)
        return False
    found = report.kept(ending, verdicts, size)
    report.tell(found, verdicts)
    if keep:
        record.merge(found)
    return not any(each.complaints for each in found)


if __name__ == "__main__":
    sys.exit(main())
