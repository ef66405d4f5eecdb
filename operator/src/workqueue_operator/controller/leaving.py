"""Workers that are marked to leave, while the marks are given time to be seen."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from workqueue_operator.core.victims import NO_COST, Mark


@dataclass(frozen=True, slots=True)
class Leaving:
    """One step down that has begun. due: when they are asked once more; monotonic seconds."""

    uids: Mapping[str, str]  # of the marked pods, by name
    due: float
    rounds: int = 1

    @property
    def marked(self) -> Collection[str]:
        """Names of the pods."""
        return self.uids.keys()

    def unmarked(self) -> Sequence[Mark]:
        """The way back."""
        return [Mark(name=name, uid=uid, cost=NO_COST) for name, uid in self.uids.items()]

    def without(self, marks: Sequence[Mark]) -> "Leaving":
        """These stay after all."""
        names = {each.name for each in marks}
        kept = {name: uid for name, uid in self.uids.items() if name not in names}
        return replace(self, uids=kept)

    def again(self, due: float) -> "Leaving":
        """One more round."""
        return replace(self, due=due, rounds=self.rounds + 1)

    def later(self, due: float) -> "Leaving":
        """Nothing can be done now."""
        return replace(self, due=due)
