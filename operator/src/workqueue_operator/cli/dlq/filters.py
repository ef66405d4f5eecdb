"""Which dead letters are meant. Pure."""

from dataclasses import dataclass
from datetime import datetime

from workqueue_operator.cli.dlq.letter import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """All that is said has to be true of a letter; of several ids or reasons, one.

    What a letter does not tell matches nothing: one without any time is neither old nor new.
    """

    ids: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    """In lower case."""
    older_than_seconds: float | None = None
    newer_than_seconds: float | None = None
    headers: tuple[tuple[str, str | None], ...] = ()
    """None: whatever its value."""
    texts: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it lets everything through."""
        return self == Filter()

    def matches(self, letter: Letter, *, now: datetime) -> bool:
        """Whether this letter is meant."""
        return (
            (not self.ids or letter.id in self.ids)
            and (not self.reasons or (letter.reason or "").lower() in self.reasons)
            and self._is_of_that_age(letter, now)
            and all(_has(letter, name, value) for name, value in self.headers)
            and all(_tells(letter, text) for text in self.texts)
        )

    def _is_of_that_age(self, letter: Letter, now: datetime) -> bool:
        if self.older_than_seconds is None and self.newer_than_seconds is None:
            return True
        if letter.failed_at is None:
            return False
        age_seconds = (now - letter.failed_at).total_seconds()
        old_enough = self.older_than_seconds is None or age_seconds > self.older_than_seconds
        return old_enough and (
            self.newer_than_seconds is None or age_seconds < self.newer_than_seconds
        )


def _has(letter: Letter, name: str, value: str | None) -> bool:
    if name not in letter.headers:
        return False
    found = letter.headers[name]
    text = found.decode(errors="replace") if isinstance(found, bytes) else str(found)
    return value is None or text == value


def _tells(letter: Letter, text: str) -> bool:
    return text.encode(errors="surrogateescape") in letter.body or text in letter.error
