"""What the words behind the flags may be: argparse says what is wrong with the others. Pure."""

import argparse
import re

from workqueue_operator.cli.dlq.letter import REASONS

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_AGE = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")
_PART = re.compile(r"([\d.]+)([smhdw])")


def age(text: str) -> float:
    """Seconds, of something like 90s, 2h or 1d12h."""
    if not _AGE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no age: write it as in 90s, 2h30m or 7d")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def whole(text: str) -> int:
    """A whole number above 0."""
    if not (text.isascii() and text.isdecimal()) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def above_zero(text: str) -> float:
    """A number, and not infinity."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def reason(text: str) -> str:
    """One that is written into dead letters, in any case."""
    if text.lower() not in {each.lower() for each in REASONS}:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(REASONS)}")
    return text


def header(text: str) -> tuple[str, str | None]:
    """Name and value, of K=V; None: of K alone."""
    name, sign, value = text.partition("=")
    return name, value if sign else None
