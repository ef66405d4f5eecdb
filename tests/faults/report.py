"""A run as it is kept, and as it is told."""

import sys
from collections.abc import Mapping, Sequence

from faults.ending import Ending
from faults.judge import Verdict
from faults.record import Run
from faults.trial import Size


def kept(ending: Ending, verdicts: Mapping[str, Verdict], size: Size) -> list[Run]:
    """What is kept of a run."""
    return [_of(ending, queue, verdict, size) for queue, verdict in verdicts.items()]


def _of(ending: Ending, queue: str, verdict: Verdict, size: Size) -> Run:
    struck = [each.fault for each in ending.seen[queue].incidents]
    again = [
        {"task": each.n, "attempt": each.attempt, "cause": each.cause, "by": each.incident}
        for each in verdict.repeats
    ]
    return Run(
        fault=ending.fault,
        queue=queue,
        strikes={name: struck.count(name) for name in dict.fromkeys(struck)},
        workers=size.workers,
        seconds=round(ending.seconds, 1),
        published=verdict.published,
        confirmed=verdict.confirmed,
        started=verdict.started,
        completed=verdict.completed,
        dead=verdict.dead,
        lost=verdict.lost,
        again=again,
        in_flight=verdict.in_flight,
        just_done=verdict.just_done,
        completed_twice={str(n): times for n, times in verdict.completed_twice.items()},
        scale_downs=verdict.scale_downs,
        wrong_scale_downs=verdict.wrong,
        recovery_seconds=[round(each, 2) for each in ending.recoveries(queue)],
        complaints=[*verdict.complaints(), *ending.trouble],
    )


def tell(runs: Sequence[Run], verdicts: Mapping[str, Verdict]) -> None:
    """Print the numbers; what must not be goes to standard error, with the names."""
    for each in runs:
        verdict = verdicts[each.queue]
        print(
            f"    {each.queue}: published {each.published:,}, confirmed {each.confirmed:,}, "
            f"completed {each.completed:,}, dead {each.dead}, lost {len(each.lost)}; started "
            f"again {len(each.again)} (in flight when struck {each.in_flight}, done in the second "
            f"before {each.just_done}, not explained "
            f"{len(verdict.unexplained)}), completed twice {len(each.completed_twice)}; "
            f"scale-downs {each.scale_downs}, wrong {len(each.wrong_scale_downs)}; recovered in "
            f"{', '.join(f'{s:.1f}' for s in each.recovery_seconds)} s; {each.seconds:.0f} s",
            flush=True,
        )
        for said in each.complaints:
            print(f"      {said}", file=sys.stderr, flush=True)
