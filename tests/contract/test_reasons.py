"""docs/reasons.yaml has every reason that the code can give, and no other."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from contract.reasons_in_code import called, reasons
from tools.reasons import Reason as Entry
from tools.reasons import page, sections
from workqueue_operator.core.conditions import Findings, conditions
from workqueue_operator.core.consumers import IN_ORDER
from workqueue_operator.core.deadcount import DEAD_LETTERS
from workqueue_operator.core.decision import Decision
from workqueue_operator.core.decision import Reason as Decided
from workqueue_operator.core.errors import BrokerError, WorkQueueError
from workqueue_operator.core.pods import Trouble
from workqueue_operator.core.readings import Known, Missing, Reading, Unknown
from workqueue_operator.core.upkeep import IN_SYNC, POLICY

ONLY_BASES = {WorkQueueError, BrokerError}
"""Errors that are caught by these names and never raised by them."""

PAGE = page()
LISTED = {entry.name: entry for section in sections() for entry in section.reasons}
SECTION_OF = {entry.name: section.key for section in sections() for entry in section.reasons}

CONDITIONS = {each.type for each in conditions(Findings())} | {
    IN_SYNC,
    POLICY,
    DEAD_LETTERS,
    IN_ORDER,
}


def test_every_reason_of_the_code_is_explained_and_no_other() -> None:
    bases = {base.reason for base in ONLY_BASES}
    in_code = reasons() | set(map(str, Decided))

    assert in_code - bases == LISTED.keys()


def test_every_error_is_explained_but_those_that_are_never_raised() -> None:
    assert {error.reason for error in _errors() if error not in ONLY_BASES} <= LISTED.keys()
    assert not {base.__name__ for base in ONLY_BASES} & called()


def test_the_search_finds_every_way_to_write_a_reason() -> None:
    by_class, by_keyword, by_table = "QueueLocked", "NoAnswer", "ImagePullFailed"
    by_choice, by_call, by_condition = "ScaledDown", "QueueKept", "Declared"

    assert {by_class, by_keyword, by_table, by_choice, by_call, by_condition} <= reasons()


def test_no_reason_is_explained_twice() -> None:
    names = Counter(entry.name for section in sections() for entry in section.reasons)

    assert [name for name, times in names.items() if times > 1] == []


def test_links_within_the_page_lead_to_its_sections() -> None:
    titles = {re.sub(r"[^a-z -]", "", each.title.lower()).replace(" ", "-") for each in sections()}
    links = set(re.findall(r"\]\(#(.*?)\)", PAGE))

    assert links
    assert links <= titles


@pytest.mark.parametrize("entry", LISTED.values(), ids=lambda entry: entry.name)
def test_an_explanation_is_one_that_a_table_can_hold(entry: Entry) -> None:
    places = CONDITIONS | {"lastDecision", "Normal event", "Warning event"}

    assert set(entry.shows) <= places
    assert entry.shows
    for text in (entry.means, entry.do):
        assert text.endswith(".")
        assert "|" not in text
        assert "\n" not in text
    assert f"\n| `{entry.name}` | " in PAGE


@pytest.mark.parametrize("reason", Decided)
def test_a_decision_shows_where_it_is_said_to(reason: Decided) -> None:
    unknown = SECTION_OF[reason] == "unknown" and reason is not Decided.ZERO_NOT_BELIEVED
    reading: Reading = Known(ready=1, consumers=1, unacked=None, at=0.0)
    if unknown:
        reading = Unknown(reason="NoAnswer", why="", at=0.0)
    if reason is Decided.QUEUE_MISSING:
        reading = Missing(why="", at=0.0)
    decision = Decision(workers=1, reason=reason, message="")

    shown = _shown(reason, Findings(reading=reading, decision=decision))

    assert shown | {"lastDecision"} == set(LISTED[reason].shows) - {"Warning event"}


ACTING = {"InvalidSpec", "KubernetesApi", "PodTemplateRefused", "DeploymentConflict"}
ACTING |= {"RuntimeImageMissing"}
BLOCKING = {"KubernetesApi", "SecretMissing", "SecretInvalid", "VhostMismatch"}
BLOCKING |= {"QueueConflict", "BrokerChanged"}
GUARDED = {"WorkersCrashing", "WorkersNotReady"}
OF_READINGS = {"NoAnswer", "ReadingStale"}


@pytest.mark.parametrize("section", ["blocked", "broker", "workers"])
def test_trouble_shows_where_it_is_said_to(section: str) -> None:
    for name in (name for name, key in SECTION_OF.items() if key == section):
        shown = {where for found in _trouble(name) for where in _shown(name, found)}

        assert shown | {"Warning event"} == set(LISTED[name].shows), name


def _trouble(name: str) -> Iterator[Findings]:
    """What a step may find when it is in this trouble; a decision is made all the same."""
    decision = Decision(workers=1, reason=Decided.READING_UNKNOWN, message="")
    known = Known(ready=1, consumers=1, unacked=None, at=0.0)
    errors = {error.reason: error for error in _errors()}
    if name in errors:
        error = WorkQueueError.__new__(errors[name])
        if name in ACTING:
            yield Findings(acting=error, reading=known, decision=decision)
        if name in BLOCKING:
            yield Findings(blocked=error, decision=decision)
        if isinstance(error, BrokerError):
            yield Findings(queue=error, decision=decision)
            yield Findings(reading=Unknown(reason=name, why="", at=0.0), decision=decision)
    elif name in OF_READINGS:
        yield Findings(reading=Unknown(reason=name, why="", at=0.0), decision=decision)
    else:
        few = 3 if name in GUARDED else None
        trouble = Trouble(reason=name, message="", few=few)
        yield Findings(trouble=trouble, reading=known, decision=decision)
        if trouble.limits:
            limited = Decision(workers=1, reason=Decided.SCALING_LIMITED, message="")
            yield Findings(trouble=trouble, reading=known, decision=limited)


def _shown(reason: str, found: Findings) -> set[str]:
    return {each.type for each in conditions(found) if each.reason == reason}


def _errors() -> Iterator[type[WorkQueueError]]:
    found = [WorkQueueError]
    while found:
        error = found.pop()
        found += error.__subclasses__()
        yield error
