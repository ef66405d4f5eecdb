"""What replay and purge share: go through the queue once, and do something with those meant."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from workqueue_operator.cli.dlq.filters import Filter
from workqueue_operator.cli.dlq.interrupt import Interrupt
from workqueue_operator.cli.dlq.letter import Letter
from workqueue_operator.cli.dlq.looking import Walk
from workqueue_operator.cli.dlq.outcome import Outcome
from workqueue_operator.core.errors import BrokerError

HELD_ELSEWHERE = (
    "some of those that were there were not handed out: another reader holds them. Run it again"
)
INTERRUPTED = "interrupted: what was begun is done, and the rest is in its place; run it again"


@dataclass(slots=True, kw_only=True)
class Choice:
    """Which letters are meant, and how many of them at most."""

    filter: Filter
    now: datetime
    limit: int | None = None
    only: Counter[bytes] | None = None
    """Fingerprints of those that somebody agreed to, and how many of each; None: of all."""
    chosen: int = field(default=0)

    @property
    def is_full(self) -> bool:
        """Whether the limit is reached."""
        return self.limit is not None and self.chosen >= self.limit

    @property
    def at_most(self) -> int | None:
        """How many have to be looked at; None: all."""
        return self.limit if self.filter.is_empty and self.only is None else None

    def takes(self, letter: Letter) -> bool:
        """Whether this one is meant, and counts it if so."""
        if self.is_full or not self.filter.matches(letter, now=self.now):
            return False
        if self.only is not None:
            if self.only[letter.fingerprint] <= 0:
                return False
            self.only[letter.fingerprint] -= 1
        self.chosen += 1
        return True


def act(
    walk: Walk,
    choice: Choice,
    outcome: Outcome,
    interrupt: Interrupt,
    work: Callable[[Sequence[Letter]], bool],
) -> None:
    """Hand the letters that are meant to `work`, block by block, until it returns False.

    A broker that goes away meanwhile is a trouble of the outcome, not an error.
    """
    ended = False
    try:
        for block in walk.blocks(choice.at_most):
            meant = [letter for letter in block if choice.takes(letter)]
            outcome.stay += len(block) - len(meant)
            ended = not work(meant) or choice.is_full or interrupt.asked
            if ended:
                break
        walk.settle()
    except BrokerError as error:
        outcome.troubles.append(f"{error}. What was not removed is in its place; run it again")
        ended = True
    outcome.unseen = walk.left
    if interrupt.asked:
        outcome.troubles.append(INTERRUPTED)
    elif walk.left and not ended:
        outcome.troubles.append(HELD_ELSEWHERE)


def windows(letters: Sequence[Letter], count: int) -> Iterator[Sequence[Letter]]:
    """So many at a time."""
    for start in range(0, len(letters), count):
        yield letters[start : start + count]
