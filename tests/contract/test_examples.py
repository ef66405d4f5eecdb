"""What README and examples/ show is what the schema takes."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from tools.crd import REPOSITORY, schema

FENCED_YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def shown() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every WorkQueue in README and examples/, with where it stands."""
    texts = {"README.md": FENCED_YAML.findall((REPOSITORY / "README.md").read_text())}
    for path in sorted((REPOSITORY / "examples").glob("*.yaml")):
        texts[f"examples/{path.name}"] = [path.read_text()]
    for place, parts in texts.items():
        for part in parts:
            for body in yaml.safe_load_all(part):
                if body and body.get("kind") == "WorkQueue":
                    yield place, body


def test_there_is_one_in_readme_and_one_in_the_examples() -> None:
    assert {place for place, _ in shown()} == {"README.md", "examples/workqueue.yaml"}


@pytest.mark.parametrize(("place", "body"), list(shown()))
def test_a_workqueue_that_is_shown_fits_the_schema(place: str, body: dict[str, Any]) -> None:
    fields = schema()["properties"]["spec"]
    jsonschema.validate(body["spec"], fields)
    unknown = body["spec"].keys() - fields["properties"].keys()
    assert not unknown, f"{place} shows fields that do not exist: {unknown}"
