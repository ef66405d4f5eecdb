"""The journal: keeps what handlers write into it, outside worker and broker. Runs in a pod.

A line of JSON is appended to a file with the journal's own time, and answered with `ok`. The line
`read OFFSET` is answered with a number of bytes, and then that much of the file from there.

A line is written to the file before it is answered, so the end of this process loses none. It is
not forced to the disk: no fault here takes the machine down, and that would end the run.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import BinaryIO

PORT = 8080
AT_MOST = 4 * 1024 * 1024


class Journal:
    """One file, open for good."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO = path.open("ab", buffering=0)

    def append(self, line: bytes) -> bytes:
        """Keep one object; returns the answer."""
        self._file.write(b'%s,"at":%.6f}\n' % (line.rstrip()[:-1], time.time()))
        return b"ok\n"

    def read(self, offset: int) -> bytes:
        """A part of the file, its length before it."""
        with self._path.open("rb") as file:
            file.seek(offset)
            part = file.read(AT_MOST)
        return b"%d\n%s" % (len(part), part)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as long as the other side keeps it."""
        try:
            while (line := await reader.readline()).endswith(b"\n"):
                asked = line.startswith(b"read ")
                writer.write(self.read(int(line[5:])) if asked else self.append(line))
                await writer.drain()
        except ConnectionError:
            pass  # a killed worker says no goodbye
        finally:
            writer.close()


async def main(path: Path) -> None:
    """Serve until the pod is taken away."""
    server = await asyncio.start_server(Journal(path).serve, "", PORT)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
