"""The schema of a WorkQueue, for what no API server has seen: defaults filled in, values checked.

workqueues.yaml beside this file is a copy of the CRD (`make generate`), so that no default and no
bound is written twice.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}

Schema = Mapping[str, Any]


@cache
def spec_schema() -> Schema:
    """The schema of spec."""
    text = files("workqueue_operator.cli").joinpath("workqueues.yaml").read_text()
    version = yaml.safe_load(text)["spec"]["versions"][0]
    found: Schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return found


def with_defaults(schema: Schema, value: Any) -> Any:
    """The value as the API server would store it."""
    if isinstance(value, dict):
        below = schema.get("properties", {})
        filled = {name: each["default"] for name, each in below.items() if "default" in each}
        filled |= value
        return {name: with_defaults(below.get(name, {}), each) for name, each in filled.items()}
    if isinstance(value, list):
        return [with_defaults(schema.get("items", {}), each) for each in value]
    return value


def problems(schema: Schema, value: Any, path: str) -> Iterator[str]:
    """What the API server would refuse, but for rules across fields. path: the value's own."""
    kind = schema.get("type")
    wrong = kind is not None and not isinstance(value, TYPES[kind])
    if wrong or (isinstance(value, bool) and kind != "boolean"):
        yield f"{path} is {value!r}: the schema wants {_article(str(kind))}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{path} is {value!r}: use one of {', '.join(schema['enum'])}"
    elif kind in {"integer", "number"} and not _is_within(schema, value):
        yield f"{path} is {value}: use {schema['minimum']} to {schema['maximum']}"
    elif kind == "object":
        yield from _problems_below(schema, value, path)
    elif kind == "array":
        for place, each in enumerate(value):
            yield from problems(schema.get("items", {}), each, f"{path}[{place}]")


def _problems_below(schema: Schema, value: Mapping[str, Any], path: str) -> Iterator[str]:
    below = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{path}.{name} is missing"
    for name, each in value.items():
        if name in below:
            yield from problems(below[name], each, f"{path}.{name}")
        elif below:
            yield f"{path}.{name} does not exist: there are {', '.join(sorted(below))}"


def _is_within(schema: Schema, value: float) -> bool:
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aio" else f"a {kind}"
