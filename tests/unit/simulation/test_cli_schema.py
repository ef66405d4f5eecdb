"""Defaults and bounds of the schema, for what no API server has seen."""

from typing import Any

import pytest

from workqueue_operator.cli.schema import problems, spec_schema, with_defaults

THING: Any = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "kind": {"type": "string", "enum": ["One", "Two"], "default": "One"},
        "number": {"type": "integer", "minimum": 1, "maximum": 5},
        "share": {"type": "number", "minimum": 0.5, "maximum": 2},
        "free": {"type": "object"},
        "below": {"type": "object", "default": {}, "properties": {"deep": {"default": 3}}},
        "list": {
            "type": "array",
            "items": {"type": "object", "properties": {"each": {"default": True}}},
        },
    },
}


def test_defaults_are_filled_in_down_to_the_last_list() -> None:
    filled = with_defaults(THING, {"name": "a", "list": [{}, {"each": False}]})

    assert filled == {
        "name": "a",
        "kind": "One",
        "below": {"deep": 3},
        "list": [{"each": True}, {"each": False}],
    }


def test_what_is_given_is_no_default() -> None:
    filled = with_defaults(THING, {"name": "a", "kind": "Two", "below": {"deep": 0}})

    assert filled == {"name": "a", "kind": "Two", "below": {"deep": 0}}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param({"name": "a", "number": 5, "share": 1, "free": {"any": 1}}, [], id="nothing"),
        pytest.param({}, ["x.name is missing"], id="a required field"),
        pytest.param(
            {"name": "a", "nmber": 1},
            ["x.nmber does not exist: there are below, free, kind, list, name, number, share"],
            id="a field that is misspelt",
        ),
        pytest.param(
            {"name": "a", "number": True},
            ["x.number is True: the schema wants an integer"],
            id="true is no number",
        ),
        pytest.param(
            {"name": "a", "number": 6, "share": 0.1},
            ["x.number is 6: use 1 to 5", "x.share is 0.1: use 0.5 to 2"],
            id="all of several",
        ),
        pytest.param(
            {"name": "a", "number": 1.5},
            ["x.number is 1.5: the schema wants an integer"],
            id="half",
        ),
        pytest.param(
            {"name": 7}, ["x.name is 7: the schema wants a string"], id="a number is no text"
        ),
        pytest.param(
            {"name": "a", "kind": "Three"},
            ["x.kind is 'Three': use one of One, Two"],
            id="a choice",
        ),
        pytest.param(
            {"name": "a", "list": [{"each": 1, "more": 2}]},
            ["x.list[0].more does not exist: there are each"],
            id="within a list",
        ),
        pytest.param([], ["x is []: the schema wants an object"], id="the whole"),
    ],
)
def test_what_an_api_server_would_refuse_is_told(value: Any, words: list[str]) -> None:
    assert list(problems(THING, value, "x")) == words


def test_the_schema_at_hand_is_the_one_of_the_crd() -> None:
    scaling = spec_schema()["properties"]["scaling"]

    assert list(problems(scaling, with_defaults(scaling, {}), "spec.scaling")) == []
    assert with_defaults(scaling, {})["maxWorkers"] == 50
