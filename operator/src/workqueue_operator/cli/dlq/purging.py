"""workqueue dlq purge: remove for good, and if asked for only after they are in a file."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from workqueue_operator.cli.dlq.acting import Choice, act
from workqueue_operator.cli.dlq.interrupt import Interrupt
from workqueue_operator.cli.dlq.letter import Letter
from workqueue_operator.cli.dlq.line import Line
from workqueue_operator.cli.dlq.looking import Walk
from workqueue_operator.cli.dlq.outcome import Outcome
from workqueue_operator.cli.dlq.record import as_json
from workqueue_operator.cli.errors import CliError


class Purge:
    """One run over one line. Used once."""

    def __init__(
        self, line: Line, outcome: Outcome, interrupt: Interrupt, *, save: IO[str] | None
    ) -> None:
        self._line = line
        self._outcome = outcome
        self._interrupt = interrupt
        self._save = save
        self.counted: Counter[bytes] = Counter()
        """Fingerprints of those that were, or in a dry run would be, removed."""

    def run(self, walk: Walk, choice: Choice) -> None:
        """Go through the queue; the outcome says what became of it."""
        act(walk, choice, self._outcome, self._interrupt, self._work)

    def _work(self, letters: Sequence[Letter]) -> bool:
        if self._outcome.dry_run:
            self.counted.update(letter.fingerprint for letter in letters)
        elif self._interrupt.asked or not self._keep(letters):
            return False
        else:
            self._line.acknowledge(letters)
        self._outcome.done += len(letters)
        return True

    def _keep(self, letters: Sequence[Letter]) -> bool:
        """Have them on the disk, if they are to be saved. False: there is no room."""
        if self._save is None:
            return True
        try:
            self._save.writelines(f"{as_json(letter)}\n" for letter in letters)
            self._save.flush()
            os.fsync(self._save.fileno())
        except OSError as error:
            self._outcome.troubles.append(
                f"--save {self._save.name}: {error.strerror}; what was not saved is in its place"
            )
            return False
        return True


@contextmanager
def new_file(name: str | None) -> Iterator[IO[str] | None]:
    """A file that was not there, for its owner alone; None where none is asked for.

    Raises:
        CliError: it cannot be made.
    """
    if name is None:
        yield None
        return
    try:
        descriptor = os.open(Path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise CliError(f"--save {name}: it is there already, and is not overwritten") from error
    except OSError as error:
        raise CliError(f"--save {name}: {error.strerror}") from error
    file = os.fdopen(descriptor, "w", encoding="ascii")
    try:
        yield file
    finally:
        with suppress(OSError):  # a full disk says so again; what did not get there was told
            file.close()
