"""Write what is generated: from the CRD the copies of the chart and of the command line, and the
README's field table; from the trials of `make bench` the tables of docs/benchmarks.md; from
those of `make faults` the table of docs/reliability.md; from docs/reasons.yaml docs/reasons.md.

`make verify` runs this and fails when git sees a difference.
"""

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import faults.record
import faults.render
from bench import record, render
from tools import reasons
from tools.crd import CRD_FILE, REPOSITORY, Field, fields, schema
from tools.markdown import between, table

CHART_COPY = REPOSITORY / "charts" / "workqueue-operator" / "files" / "workqueues.yaml"
CLI_COPY = REPOSITORY / "operator" / "src" / "workqueue_operator" / "cli" / "workqueues.yaml"
README = REPOSITORY / "README.md"
BENCHMARKS = REPOSITORY / "docs" / "benchmarks.md"
RELIABILITY = REPOSITORY / "docs" / "reliability.md"
BEGIN, END = "<!-- fields:begin -->", "<!-- fields:end -->"


def generated() -> Mapping[Path, str]:
    """Every generated file with the text that it must have."""
    return {
        CHART_COPY: copy_of(CRD_FILE.read_text()),
        CLI_COPY: copy_of(CRD_FILE.read_text()),
        README: with_table(README.read_text()),
        BENCHMARKS: render.with_tables(BENCHMARKS.read_text(), record.load()),
        RELIABILITY: faults.render.with_table(RELIABILITY.read_text(), faults.record.load()),
        reasons.PAGE: reasons.page(),
    }


def copy_of(crd: str) -> str:
    """The CRD for the chart and the command line, without the comments that are for its author."""
    kept = [line for line in crd.splitlines() if not line.lstrip().startswith("#")]
    return "# Generated from crds/workqueues.yaml by `make generate`.\n" + "\n".join(kept) + "\n"


def with_table(text: str) -> str:
    """The text with a fresh field table between its markers.

    Raises:
        ValueError: it has no markers, so that a table would silently be lost.
    """
    return between(text, (BEGIN, END), field_table(), page="README.md")


def field_table() -> str:
    """A Markdown table of the spec's fields."""
    spec = [field for field in fields(schema()) if field.path.startswith("spec.")]
    unset = (field for field in spec if "default" not in field.schema)
    optional = {field.path for field in unset if not field.required}
    rows = [_row(field, optional) for field in spec if field.is_leaf]
    return table(["Field", "Values", "Default", "Meaning"], rows)


def _row(field: Field, optional: Collection[str]) -> Sequence[str]:
    name = field.path.removeprefix("spec.")
    default = _default(field)
    if field.required and field.path.rpartition(".")[0] in optional:
        default += f" in `{name.rpartition('.')[0]}`"
    return [f"`{name}`", _values(field), default, field.schema["description"]]


def _values(field: Field) -> str:
    bounds = field.schema
    if "enum" in bounds:
        return ", ".join(f"`{value}`" for value in bounds["enum"])
    if "minimum" in bounds:
        return f"{bounds['minimum']} to {bounds['maximum']}"
    if bounds["type"] == "array":
        return f"list of {bounds['items']['type']}s"
    if "additionalProperties" in bounds:
        return "map of strings and integers"
    return str(bounds["type"])


def _default(field: Field) -> str:
    if "default" not in field.schema:
        return "*required*" if field.required else ""
    default = field.schema["default"]
    return "`{}`" if default == {} else f"`{default}`"


def main() -> int:
    """Write every file that differs, and say which."""
    for path, text in generated().items():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote {path.relative_to(REPOSITORY)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
