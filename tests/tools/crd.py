"""The CRD as Python sees it: where the file is, and its fields one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
CRD_FILE = REPOSITORY / "crds" / "workqueues.yaml"


@dataclass(frozen=True, slots=True)
class Field:
    """One property of the schema; `path` as in spec.queue.type."""

    path: str
    schema: Mapping[str, Any]
    required: bool

    @property
    def is_leaf(self) -> bool:
        """A field that holds a value, not only other fields or a list of such."""
        return "properties" not in self.schema and "properties" not in self.schema.get("items", {})


@dataclass(frozen=True, slots=True)
class Rule:
    """One CEL rule, and the schema path that it belongs to ('' is the root)."""

    path: str
    rule: str
    message: str


def load() -> dict[str, Any]:
    """The CustomResourceDefinition."""
    crd: dict[str, Any] = yaml.safe_load(CRD_FILE.read_text())
    return crd


def schema(crd: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The schema of the only version."""
    versions = (crd or load())["spec"]["versions"]
    found: dict[str, Any] = versions[0]["schema"]["openAPIV3Schema"]
    return found


def fields(node: Mapping[str, Any], path: str = "") -> Iterator[Field]:
    """Every field below `node`, in the order of the file."""
    for name, below in node.get("properties", {}).items():
        here = f"{path}.{name}".lstrip(".")
        yield Field(here, below, name in node.get("required", ()))
        yield from fields(below, here)
        yield from fields(below.get("items", {}), f"{here}[]")


def rules(node: Mapping[str, Any], path: str = "") -> Iterator[Rule]:
    """Every CEL rule of `node` and below it."""
    for rule in node.get("x-kubernetes-validations", ()):
        yield Rule(path, rule["rule"], rule["message"])
    for name, below in node.get("properties", {}).items():
        yield from rules(below, f"{path}.{name}".lstrip("."))
    if "items" in node:
        yield from rules(node["items"], f"{path}[]")
