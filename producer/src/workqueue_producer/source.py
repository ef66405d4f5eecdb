"""Where tasks come from: arguments, or a stream of lines that is never held in memory whole."""

import os
import select
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workqueue_producer.errors import SettingsError, SourceError

CHUNK_BYTES = 64 * 1024
POLL_SECONDS = 0.2
LONGEST_TASK_BYTES = 16 * 1024 * 1024
"""RabbitMQ's own limit since 4.0; a longer line is more likely a file without line ends."""


@dataclass(frozen=True, slots=True)
class Line:
    """One task of the input. Blank lines are no tasks, but they count in `number`."""

    number: int
    body: bytes


class Source(Protocol):
    """An input, read once."""

    @property
    def unit(self) -> str:
        """What `Line.number` counts: "line" or "argument"."""
        ...

    @property
    def size(self) -> int | None:
        """All bytes of the input, or None when only its end will tell."""
        ...

    def lots(self, stopped: Callable[[], bool]) -> Iterator[list[Line]]:
        """Yield tasks as they become readable, until the end or until `stopped()`.

        Raises:
            SourceError: the input cannot be read on.
        """
        ...


@dataclass(frozen=True, slots=True)
class Arguments:
    """Each argument of the command line is one task."""

    bodies: list[bytes]
    unit: str = "argument"

    @property
    def size(self) -> int | None:
        return sum(map(len, self.bodies))

    def lots(self, stopped: Callable[[], bool]) -> Iterator[list[Line]]:
        del stopped  # a command line is short
        yield [Line(number, body) for number, body in enumerate(self.bodies, start=1)]


class Stream:
    """Each line of a file, a pipe or a terminal is one task."""

    unit = "line"

    def __init__(self, name: str, descriptor: int) -> None:
        self._name = name
        self._descriptor = descriptor
        status = os.fstat(descriptor)
        self.size = status.st_size if stat.S_ISREG(status.st_mode) else None

    def lots(self, stopped: Callable[[], bool]) -> Iterator[list[Line]]:
        return split_lines(self._chunks(stopped), self._name)

    def _chunks(self, stopped: Callable[[], bool]) -> Iterator[bytes]:
        """Read what is there. Looks up now and then, so that a silent pipe can be left."""
        while not stopped():
            if not select.select([self._descriptor], [], [], POLL_SECONDS)[0]:
                continue
            try:
                chunk = os.read(self._descriptor, CHUNK_BYTES)
            except OSError as error:
                raise SourceError(f"cannot read {self._name}: {error.strerror}") from error
            if not chunk:
                yield b"\n"  # a last line counts without its line end, too
                return
            yield chunk


def split_lines(chunks: Iterable[bytes], name: str) -> Iterator[list[Line]]:
    """Cut a stream at its line ends (LF or CRLF), wherever the chunks begin and end.

    Raises:
        SourceError: a line is longer than a task may be.
    """
    begun = bytearray()
    number = 0
    for chunk in chunks:
        head, line_end, rest = chunk.partition(b"\n")
        begun += head
        if len(begun) > LONGEST_TASK_BYTES:
            raise SourceError(
                f"line {number + 1} of {name} is longer than {LONGEST_TASK_BYTES >> 20} MiB, "
                f"which the broker would refuse: publish where the data is, not the data"
            )
        if not line_end:
            continue
        whole = [bytes(begun), *rest.split(b"\n")]
        begun = bytearray(whole.pop())
        lines = [Line(n, text.rstrip(b"\r")) for n, text in enumerate(whole, start=number + 1)]
        number += len(whole)
        if lot := [line for line in lines if line.body.strip()]:
            yield lot


def open_source(
    arguments: list[str], file: Path | None, *, stdin: int, stdin_is_terminal: bool
) -> AbstractContextManager[Source]:
    """Choose the input that the command line asks for; leaving the context closes a file.

    Raises:
        SettingsError: the choice is unclear, or the file cannot be opened.
    """
    if file is not None:
        if arguments:
            raise SettingsError("give tasks either as arguments or with --file, not both")
        return _OpenFile(file)
    if arguments == ["-"] or not (arguments or stdin_is_terminal):
        return nullcontext(Stream("standard input", stdin))
    if not arguments:
        raise SettingsError(
            "nothing to publish: give each task as an argument, or one a line with --file FILE "
            "or on standard input (`-` reads it from a terminal)"
        )
    if not all(text.strip() for text in arguments):
        raise SettingsError("an argument is empty: every argument is one task")
    # fsencode gives back the very bytes that the shell passed, whatever their encoding
    return nullcontext(Arguments([os.fsencode(text) for text in arguments]))


class _OpenFile(AbstractContextManager[Source]):
    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            raise SettingsError(f"cannot open {path}: {error.strerror}") from error
        self._source = Stream(str(path), self._file.fileno())

    def __enter__(self) -> Source:
        return self._source

    def __exit__(self, *_: object) -> None:
        self._file.close()
