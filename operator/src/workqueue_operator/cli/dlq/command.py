"""The verbs below `workqueue dlq`, put together."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from workqueue_operator.cli.dlq import listing, rows
from workqueue_operator.cli.dlq.acting import Choice
from workqueue_operator.cli.dlq.consent import ask, see_somebody
from workqueue_operator.cli.dlq.dial import dialled
from workqueue_operator.cli.dlq.filters import Filter
from workqueue_operator.cli.dlq.flags import filter_of
from workqueue_operator.cli.dlq.interrupt import Interrupt
from workqueue_operator.cli.dlq.letter import Letter
from workqueue_operator.cli.dlq.line import Line
from workqueue_operator.cli.dlq.looking import Walk
from workqueue_operator.cli.dlq.outcome import Outcome
from workqueue_operator.cli.dlq.place import Cluster, Place, find
from workqueue_operator.cli.dlq.purging import Purge, new_file
from workqueue_operator.cli.dlq.record import as_json
from workqueue_operator.cli.dlq.replaying import Replay
from workqueue_operator.cli.dlq.safe import one_line
from workqueue_operator.cli.dlq.showing import as_text, write_raw
from workqueue_operator.cli.errors import CliError, NotReachedError
from workqueue_operator.core.errors import BrokerError

INTERRUPTED = 130
RETURN_LOOKS, RETURN_LOOK_SECONDS = 50, 0.1


@dataclass(frozen=True, slots=True)
class Way:
    """To one WorkQueue's dead letters."""

    cluster: Cluster
    place: Place
    forced: str | None

    def line(self) -> AbstractContextManager[Line]:
        """Connect; leaving gives back what was not acknowledged."""
        return dialled(self.cluster, self.place, self.forced)

    def walk(self, line: Line, *, at_least: int = 0) -> Walk:
        """Through the queue as it is now, or within seconds, if so many ought to be there.

        The broker is a moment late to put back what an earlier line of ours had.
        """
        for _ in range(RETURN_LOOKS):
            if line.waiting(self.place.dead_queue) >= at_least:
                break
            line.rest(RETURN_LOOK_SECONDS)
        return Walk(line, self.place.dead_queue, self.place.queue)


def run(arguments: argparse.Namespace) -> int:
    """Carry one verb out. Returns the exit code.

    Raises:
        CliError, NotReachedError: nothing was done.
    """
    _check(arguments)
    arguments.now = datetime.now(UTC)
    try:
        cluster = Cluster.open(arguments.kubeconfig, arguments.context, arguments.namespace)
        place = find(cluster, arguments.name, secret_name=arguments.broker_secret)
        return VERBS[arguments.dlq_verb](Way(cluster, place, arguments.way), arguments)
    except BrokerError as error:
        raise NotReachedError(str(error)) from error
    except KeyboardInterrupt:
        return INTERRUPTED


def _check(arguments: argparse.Namespace) -> None:
    """Refuse what is dangerous before anything is touched."""
    if arguments.dlq_verb in {"list", "show"}:
        return
    if not arguments.all and filter_of(arguments).is_empty:
        raise CliError("say which dead letters are meant: --all, or --id or another filter")
    if arguments.all and not filter_of(arguments).is_empty:
        raise CliError("--all means every one, and a filter some of them: leave one out")
    if arguments.dlq_verb == "purge" and not (arguments.yes or arguments.dry_run):
        see_somebody()


def _list(way: Way, arguments: argparse.Namespace) -> int:
    newest, limit = arguments.newest_first, arguments.limit
    as_row = partial(rows.row, now=arguments.now)
    tell: Callable[[Letter], str | rows.Row] = as_json if arguments.output == "json" else as_row
    with way.line() as line:
        walk = way.walk(line)
        letters = listing.found(
            walk,
            filter_of(arguments),
            now=arguments.now,
            scan=arguments.scan,
            limit=None if newest else limit,
        )
        told = list(listing.in_order(letters, tell, limit=limit, newest_first=newest))
    # All letters are back in their place now, however long somebody reads.
    sys.stdout.writelines(f"{each}\n" for each in told if isinstance(each, str))
    sys.stdout.write(rows.table([each for each in told if not isinstance(each, str)]))
    sys.stderr.write(listing.rest_of(walk, len(told)))
    return 0


def _show(way: Way, arguments: argparse.Namespace) -> int:
    wanted = Filter(ids=frozenset({arguments.letter}))
    with way.line() as line:
        walk = way.walk(line)
        letters = listing.found(walk, wanted, now=arguments.now, scan=arguments.scan, limit=1)
        letter = next(letters, None)
    if letter is None:
        sys.stderr.write(
            f"error: no dead letter has the id {one_line(arguments.letter)}; {walk.seen:,} of "
            f"{walk.there:,} were looked at (--scan N looks at more)\n"
        )
        return 1
    if arguments.raw is not None:
        write_raw(letter, arguments.raw)
    elif arguments.output == "json":
        sys.stdout.write(f"{as_json(letter)}\n")
    else:
        sys.stdout.write(as_text(letter, now=arguments.now))
    return 0


def _replay(way: Way, arguments: argparse.Namespace) -> int:
    outcome = Outcome(
        verb="replayed",
        queue=way.place.dead_queue,
        to=arguments.to or way.place.queue,
        dry_run=arguments.dry_run,
    )
    with Interrupt() as interrupt, way.line() as line:
        replay = Replay(line, outcome, interrupt, window=arguments.window, rate=arguments.rate)
        replay.run(way.walk(line), _choice(arguments))
    return _tell(outcome, arguments)


def _purge(way: Way, arguments: argparse.Namespace) -> int:
    choice = _choice(arguments)
    if not arguments.yes or arguments.dry_run:
        counted, outcome = _count(way, choice)
        if arguments.dry_run or not outcome.done:
            return _tell(outcome, arguments)
        ask(outcome.done, way.place.dead_queue)
        choice = _choice(arguments)
        choice.only = counted
    agreed = 0 if choice.only is None else choice.only.total()
    outcome = Outcome(verb="purged", queue=way.place.dead_queue)
    with Interrupt() as interrupt, new_file(arguments.save) as save, way.line() as line:
        walk = way.walk(line, at_least=agreed)
        Purge(line, outcome, interrupt, save=save).run(walk, choice)
    if outcome.done < agreed and not outcome.troubles:
        outcome.troubles.append(f"{agreed - outcome.done:,} of those agreed to were gone, or held")
    return _tell(outcome, arguments)


def _count(way: Way, choice: Choice) -> tuple[Counter[bytes], Outcome]:
    """What would be purged; it is back in its place afterwards."""
    outcome = Outcome(verb="purged", queue=way.place.dead_queue, dry_run=True)
    with Interrupt() as interrupt, way.line() as line:
        purge = Purge(line, outcome, interrupt, save=None)
        purge.run(way.walk(line), choice)
    return purge.counted, outcome


def _choice(arguments: argparse.Namespace) -> Choice:
    return Choice(filter=filter_of(arguments), now=arguments.now, limit=arguments.limit)


def _tell(outcome: Outcome, arguments: argparse.Namespace) -> int:
    sys.stdout.write(outcome.as_json() if arguments.output == "json" else outcome.as_text())
    return outcome.exit_code


VERBS: Mapping[str, Callable[[Way, argparse.Namespace], int]] = {
    "list": _list,
    "show": _show,
    "replay": _replay,
    "purge": _purge,
}
