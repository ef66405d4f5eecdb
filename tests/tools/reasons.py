"""docs/reasons.md from docs/reasons.yaml: every reason, what it means and what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from tools.crd import REPOSITORY

SOURCE = REPOSITORY / "docs" / "reasons.yaml"
PAGE = REPOSITORY / "docs" / "reasons.md"

_MARK = "<!-- Generated from docs/reasons.yaml by `make generate`. -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason. shows: conditions, lastDecision, Normal event, Warning event."""

    name: str
    shows: Sequence[str]
    means: str
    do: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Reasons of one kind; key names it for tests."""

    key: str
    title: str
    intro: str
    reasons: Sequence[Reason]


def sections() -> Sequence[Section]:
    """Every section of the source, in its order."""
    return [_section(each) for each in _source()["sections"]]


def _source() -> dict[str, Any]:
    source: dict[str, Any] = yaml.safe_load(SOURCE.read_text())
    return source


def _section(entry: Mapping[str, Any]) -> Section:
    return Section(
        key=entry["key"],
        title=entry["title"],
        intro=entry["intro"],
        reasons=[_reason({"shows": entry["shows"], **each}) for each in entry["reasons"]],
    )


def _reason(entry: Mapping[str, Any]) -> Reason:
    return Reason(name=entry["reason"], shows=entry["shows"], means=entry["means"], do=entry["do"])


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_MARK, "", _source()["head"], *(_section_text(each) for each in sections())])


def _section_text(section: Section) -> str:
    places = [_places(each.shows) for each in section.reasons]
    same = len(set(places)) == 1
    table = _table(["reason", "what it means", "what to do"], section.reasons)
    if not same:
        table = [
            f"{row} {place} |" for row, place in zip(table, ["where", "---", *places], strict=True)
        ]
    where = [f"Where: {places[0]}.", ""] if same else []
    return "\n".join([f"## {section.title}", "", section.intro, "", *where, *table, ""])


def _table(head: Sequence[str], reasons: Sequence[Reason]) -> list[str]:
    rows = [
        head,
        ["---"] * len(head),
        *([f"`{each.name}`", each.means, each.do] for each in reasons),
    ]
    return [f"| {' | '.join(row)} |" for row in rows]


def _places(shows: Sequence[str]) -> str:
    return ", ".join(each if each.endswith(" event") else f"`{each}`" for each in shows)
