"""A file from strangers, of which only so much is read, whatever it says of itself."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from worker.files.paged_file import open_to_read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A track's header takes some hundred; in Matroska it may stand behind some thousand clusters of media.
MAX_READS = 16 * 1024
# Configuration boxes have some dozen bytes, the parameter sets of decoders some thousand.
MAX_BYTES = 2 * 1024 * 1024


class BoundedFile:
    """Reads `MAX_BYTES` in `MAX_READS` steps; from then on it is as if the file had nothing more."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._reads_left = MAX_READS
        self._bytes_left = MAX_BYTES
        self.size = file.seek(0, 2)  #: in bytes

    def read(self, start: int, end: int) -> bytes:
        """Read from a place up to another; less where the file or what may be read of it ends."""
        if self._reads_left == 0 or start >= self.size:
            return b""
        self._file.seek(start)
        found = self._file.read(max(0, min(end - start, self._bytes_left)))
        self._reads_left -= 1
        self._bytes_left -= len(found)
        return found


@contextmanager
def open_bounded(path: Path) -> Iterator[BoundedFile]:
    """Open a file to read little of it."""
    with open_to_read(path) as file:
        yield BoundedFile(file)
