"""What a simulated WorkQueue is like: from a file, then from flags, which outrank it."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from workqueue_operator.cli.errors import CliError
from workqueue_operator.cli.schema import Schema, problems, spec_schema, with_defaults
from workqueue_operator.core.decision import Rules
from workqueue_operator.core.errors import WorkQueueError
from workqueue_operator.core.scaling import read_scaling
from workqueue_operator.core.workqueue import KIND

FLAGS: Mapping[str, str] = {
    "min_workers": "minWorkers",
    "max_workers": "maxWorkers",
    "idle_seconds": "idleSeconds",
    "scale_down_seconds": "scaleDown.stabilizationSeconds",
    "task_seconds": "target.expectedTaskSeconds",
}
"""Flags by their names in argparse, and the fields of spec.scaling that they set."""


def add_scaling_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say how workers are scaled; the schema holds all defaults and bounds."""
    group = parser.add_argument_group("what is scaled, and how (spec.scaling of a WorkQueue)")
    group.add_argument("--workqueue", metavar="FILE", help="YAML with one WorkQueue in it")
    target = group.add_mutually_exclusive_group()
    target.add_argument("--target", metavar="N", help="tasks for each worker (BacklogPerWorker)")
    target.add_argument("--drain-seconds", metavar="T", help="clear what waits in T s")
    for flag, field in FLAGS.items():
        name = "--" + flag.replace("_", "-")
        group.add_argument(name, dest=flag, metavar="N", help=field)
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="any other field of spec.scaling, as in scaleUp.maxStep=5; may be given often",
    )


def rules_of(arguments: argparse.Namespace) -> Rules:
    """The rules of the WorkQueue that the call describes.

    Raises:
        CliError: a file cannot be read, or a value breaks the schema.
    """
    found = _from_file(arguments.workqueue) if arguments.workqueue else {"spec": {}}
    spec, schema = found["spec"], spec_schema()["properties"]
    scaling = spec.get("scaling") or {}
    for path, text in _flags(arguments):
        _set(scaling, schema["scaling"], path, text)
    wrong = list(problems(schema["scaling"], scaling, "spec.scaling"))
    if wrong:
        raise CliError("; ".join(wrong))
    annotations = (found.get("metadata") or {}).get("annotations") or {}
    try:
        read = read_scaling(with_defaults(schema["scaling"], scaling), annotations)
    except WorkQueueError as error:
        raise CliError(str(error)) from error
    queue = with_defaults(schema["queue"], spec.get("queue") or {})
    return Rules(scaling=read, prefetch=1, queue_type=queue["type"])


def _flags(arguments: argparse.Namespace) -> list[tuple[str, str]]:
    """Paths below spec.scaling, and what is written there."""
    given = [(path, getattr(arguments, flag)) for flag, path in FLAGS.items()]
    if arguments.target is not None:
        given += [("target.metric", "BacklogPerWorker"), ("target.value", arguments.target)]
    if arguments.drain_seconds is not None:
        given += [("target.metric", "DrainSeconds"), ("target.value", arguments.drain_seconds)]
    for each in arguments.set:
        path, sign, text = each.partition("=")
        if not sign:
            raise CliError(f"--set {each}: write FIELD=VALUE, as in --set scaleUp.maxStep=5")
        given.append((path, text))
    return [(path, text) for path, text in given if text is not None]


def _set(node: dict[str, Any], schema: Schema, path: str, text: str) -> None:
    """Put a value where the path leads; what the schema does not know is left to its check."""
    *parents, last = path.split(".")
    for name in parents:
        below = node.setdefault(name, {})
        if not isinstance(below, dict):
            raise CliError(f"spec.scaling.{path}: {name} holds no fields")
        node, schema = below, schema.get("properties", {}).get(name, {})
    node[last] = text if _is_text(schema, last) else yaml.safe_load(text)


def _is_text(schema: Schema, name: str) -> bool:
    return bool(schema.get("properties", {}).get(name, {}).get("type") == "string")


def _from_file(name: str) -> dict[str, Any]:
    try:
        objects = list(yaml.safe_load_all(Path(name).read_text()))
    except OSError as error:
        raise CliError(f"--workqueue {name}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CliError(f"--workqueue {name} is no YAML: {error}") from error
    found = [each for each in objects if isinstance(each, dict) and each.get("kind") == KIND]
    if len(found) != 1:
        raise CliError(f"--workqueue {name}: there are {len(found)} WorkQueues in it, leave one")
    spec = found[0].get("spec")
    if not isinstance(spec, dict):
        raise CliError(f"--workqueue {name}: the WorkQueue has no spec")
    return found[0]
