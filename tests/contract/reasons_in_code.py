"""Every reason that the operator's code writes down, found in its source."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import workqueue_operator

SOURCE = Path(workqueue_operator.__file__).parent

TELLING = {"event", "_event", "_let_go", "_condition"}
"""Functions that get a reason by position, beside these words."""
KINDS = {"Normal", "Warning"}

_REASON = re.compile(r"[A-Z][A-Za-z]+")


def reasons() -> set[str]:
    """All reasons but those of the enumeration of decisions.

    Found are what is assigned to something called reason, or passed by that name (directly, or
    looked up in a dictionary of the same file), and what TELLING are called with.
    """
    return {reason for tree in _trees() for node in ast.walk(tree) for reason in _told(node, tree)}


def called() -> set[str]:
    """Names that are called anywhere: an error that is not here is never made."""
    nodes = (node for tree in _trees() for node in ast.walk(tree))
    return {_name(node.func) for node in nodes if isinstance(node, ast.Call)}


def _trees() -> Iterator[ast.Module]:
    return (ast.parse(file.read_text()) for file in SOURCE.rglob("*.py"))


def _tables(tree: ast.Module) -> Mapping[str, ast.Dict]:
    """The dictionaries that have a name."""
    return {
        _name(node.targets[0]): node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
    }


def _told(node: ast.AST, tree: ast.Module) -> Iterator[str]:
    """The reasons that stand in this very node."""
    match node:
        case ast.Assign(targets=[ast.Name("reason")], value=value):
            yield from _words(value)
        case ast.AnnAssign(target=ast.Name("reason"), value=ast.expr() as value):
            yield from _words(value)
        case ast.keyword(arg="reason", value=ast.Subscript(value=ast.Name(table))):
            yield from (word for value in _tables(tree)[table].values for word in _words(value))
        case ast.keyword(arg="reason", value=value):
            yield from _words(value)
        case ast.Call(func=func, args=args) if _name(func) in TELLING:
            words = {word for each in args for word in _words(each)}
            # A condition's type comes before its reason.
            kinds = KINDS if _name(func) != "_condition" else set(_words(args[0]))
            yield from words - kinds


def _words(value: ast.expr) -> Iterator[str]:
    """The constants that this may come to, if they look like a reason."""
    for each in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
        if isinstance(each, ast.Constant) and _REASON.fullmatch(str(each.value)):
            yield str(each.value)


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
    return ""
