"""Which WorkQueue a queue belongs to: the oldest that asks for it keeps it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Key = tuple[str, str]
"""Where (broker address with vhost) and the queue's name."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Claim:
    """One WorkQueue's claim; the smallest wins."""

    created: str
    uid: str
    full_name: str


@dataclass(slots=True)
class Claims:
    """All claims by queue. A WorkQueue claims its queue and its dead-letter queue."""

    _by_key: dict[Key, set[Claim]] = field(default_factory=dict)
    _by_uid: dict[str, tuple[Claim, frozenset[Key]]] = field(default_factory=dict)

    def put(self, claim: Claim, keys: Iterable[Key]) -> frozenset[str]:
        """Replace what this WorkQueue claims; returns the uids of those that it lets go first."""
        wanted = frozenset(keys)
        if self._by_uid.get(claim.uid) == (claim, wanted):
            return frozenset()
        released = self.drop(claim.uid)
        self._by_uid[claim.uid] = (claim, wanted)
        for key in wanted:
            self._by_key.setdefault(key, set()).add(claim)
        return released

    def drop(self, uid: str) -> frozenset[str]:
        """Forget a WorkQueue; returns the uids of those that claimed the same."""
        if uid not in self._by_uid:
            return frozenset()
        claim, keys = self._by_uid.pop(uid)
        others = frozenset(other.uid for key in keys for other in self._others(key, claim))
        for key in keys:
            self._by_key[key].discard(claim)
            if not self._by_key[key]:
                del self._by_key[key]
        return others

    def elder(self, uid: str) -> tuple[str, Claim] | None:
        """The queue's name and the older claim that keeps it from this WorkQueue, or None."""
        claim, keys = self._by_uid[uid]
        found = ((key[1], other) for key in sorted(keys) for other in self._others(key, claim))
        return min((pair for pair in found if pair[1] < claim), key=_by_claim, default=None)

    def _others(self, key: Key, claim: Claim) -> Iterator[Claim]:
        return (other for other in self._by_key[key] if other != claim)


def _by_claim(pair: tuple[str, Claim]) -> Claim:
    return pair[1]
