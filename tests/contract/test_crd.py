"""The CRD keeps its promises: described, bounded, and read whole by the operator."""

import re

import pytest

from contract.crd_example import HANDLERS, Recorder, full_example, spec_leaves
from tools.crd import Field, fields, load, rules, schema
from workqueue_operator.core.workqueue import GROUP, KIND, PLURAL, VERSION, WorkQueue

# Kubernetes describes these itself.
PLAIN = {"metadata", "metadata.name"}
# With a default of its own this choice would always be taken; the worker gets it as it is stored.
CHOICES = {"spec.worker.handler.http"}
ALL = [field for field in fields(schema()) if field.path not in PLAIN]
each_field = pytest.mark.parametrize("field", ALL, ids=[field.path for field in ALL])


@each_field
def test_every_field_has_a_description_that_is_a_sentence(field: Field) -> None:
    text = field.schema.get("description", "")

    assert re.fullmatch(r"\S.*[.]", text), f"{field.path} needs a description: {text!r}"


@each_field
def test_every_value_has_bounds(field: Field) -> None:
    # Without them the API server refuses the rules as too costly, and a typo may be any size.
    bounds, kind = field.schema, field.schema["type"]

    if kind == "string" and field.path not in {"apiVersion", "kind"}:
        assert {"enum", "maxLength", "format"} & bounds.keys(), f"{field.path} is unbounded"
    if kind in {"integer", "number"} and field.path.startswith("spec."):
        assert {"minimum", "maximum"} <= bounds.keys(), f"{field.path} is unbounded"
    if kind == "array":
        assert "maxItems" in bounds, f"{field.path} is unbounded"
    if "additionalProperties" in bounds:
        assert "maxProperties" in bounds, f"{field.path} is unbounded"
        assert "maxLength" in bounds["additionalProperties"], f"{field.path} is unbounded"


@each_field
def test_an_optional_parent_of_defaults_has_a_default_itself(field: Field) -> None:
    # Else the API server fills nothing in below it, and Python would miss keys.
    below = field.schema.get("properties", {}).values()
    filled = any("default" in child for child in below)

    needed = not field.required and field.path not in CHOICES
    if field.path.startswith("spec.") and filled and needed:
        assert field.schema.get("default") == {}, f"{field.path} needs `default: {{}}`"


def test_every_rule_has_a_message_that_says_what_to_do() -> None:
    for rule in rules(schema()):
        assert len(rule.message) > 40, f"{rule.rule} needs a message with the way out"
        assert ":" in rule.message, f"{rule.message!r} names the trouble but no way out"


def test_the_operator_reads_every_field_of_the_spec() -> None:
    # Given one object for each kind of handler, with every field set
    seen: set[str] = set()
    # When the operator reads them
    for kind in HANDLERS:
        for alternative in (False, True):
            WorkQueue.from_body(Recorder(full_example(kind, alternative=alternative), seen))
    # Then no field of the CRD is left, and none is read that the CRD does not have
    assert {path for path in seen if path.startswith("spec.")} == spec_leaves()


def test_names_are_those_that_the_operator_watches() -> None:
    spec = load()["spec"]

    assert (spec["group"], spec["versions"][0]["name"]) == (GROUP, VERSION)
    assert (spec["names"]["kind"], spec["names"]["plural"]) == (KIND, PLURAL)
