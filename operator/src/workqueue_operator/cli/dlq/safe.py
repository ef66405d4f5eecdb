"""Text of strangers, made safe for a terminal. Pure.

A task's body, id or error may hold sequences that move the cursor, change the clipboard or turn
the direction of writing; none of them gets through.
"""

import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
TEXT_LIMIT = 16 * 1024
HEX_LIMIT = 2 * 1024


def one_line(text: str, width: int | None = None) -> str:
    """On one line, cut to so many characters, with everything escaped that is none."""
    shown = "".join(map(_escaped, text if width is None else text[: width + 1]))
    return shown if width is None or len(shown) <= width else shown[: max(width - 1, 0)] + "…"


def many_lines(text: str) -> str:
    """The same, but line ends and tabs stay."""
    return "".join(each if each in "\n\t" else _escaped(each) for each in text)


def as_text(body: bytes) -> str | None:
    """The body as text, None when it is none."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def preview(body: bytes, width: int) -> str:
    """The first characters of a body, for a table."""
    part = body[: width * 4 + 4]
    text = as_text(part)
    if text is None and len(part) < len(body):
        text = _cut_short(part)
    return f"({len(body):,} bytes, binary)" if text is None else one_line(text, width)


def whole(body: bytes) -> str:
    """A body to look at: text, or a hex dump, and how much of it is left out."""
    text = as_text(body)
    if text is None:
        return _with_rest(hex_dump(body[:HEX_LIMIT]), len(body) - HEX_LIMIT, "bytes")
    return _with_rest(many_lines(text[:TEXT_LIMIT]), len(text) - TEXT_LIMIT, "characters")


def hex_dump(body: bytes) -> str:
    """Sixteen bytes a line: offset, hex, and those that are ASCII."""
    lines = []
    for start in range(0, len(body), 16):
        part = body[start : start + 16]
        plain = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{start:08x}  {part.hex(' '):<47}  |{plain}|")
    return "\n".join(lines)


def _cut_short(part: bytes) -> str | None:
    """Text of which the last character was cut through."""
    return next(filter(None, (as_text(part[:-cut]) for cut in (1, 2, 3))), None)


def _with_rest(shown: str, rest: int, what: str) -> str:
    return shown if rest <= 0 else f"{shown}\n... {rest:,} {what} more: --raw FILE writes all"


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _UNSAFE:
        return character
    return character.encode("unicode_escape", errors="surrogatepass").decode("ascii")
