"""What became of a replay or a purge, told. Pure."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field


@dataclass(slots=True, kw_only=True)
class Outcome:
    """Counted while it goes on."""

    verb: str  # "replayed" or "purged"
    queue: str  # where the dead letters are
    to: str | None = None  # where they went
    dry_run: bool = False
    done: int = 0
    """Removed from the dead letters; in a dry run: would be."""
    stay: int = 0
    """Looked at, and not meant or beyond the limit."""
    unseen: int = 0
    """There at the start, and not looked at."""
    troubles: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0: all that was meant is done."""
        return 1 if self.troubles else 0

    def as_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self)) + "\n"

    def as_text(self) -> str:
        """Sentences, a line each."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        where = f" to {self.to!r}" if self.to else ""
        what = f"would be {self.verb}" if self.dry_run else self.verb
        yield f"{self.done:,} {what}{where}; {self.stay:,} others stay in {self.queue!r}"
        if self.unseen:
            yield f"{self.unseen:,} more were there at the start and have not been looked at"
        yield from self.troubles
