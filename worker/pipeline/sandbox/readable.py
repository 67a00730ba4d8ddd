"""Which files a decoder's child may read: told once, because a process that is sealed gets nothing more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Readable:
    """The files that one child may read, besides libraries."""

    def __init__(self, folder: Path | None = None) -> None:
        """Begin with nothing told.

        Args:
            folder: where all files of one video lie, and nothing else; of these one stands for all.
        """
        self._folder = folder
        self._told: dict[Path, tuple[int, int]] | None = None

    @property
    def is_told(self) -> bool:
        """Whether it is settled what the child may read."""
        return self._told is not None

    @property
    def paths(self) -> tuple[Path, ...]:
        """What the child may read; folders with all in them."""
        return tuple(self._told or ())

    def afresh(self) -> Readable:
        """Return the same for a child that replaces this one, with nothing told."""
        return Readable(self._folder)

    def admits(self, files: Iterable[Path]) -> bool:
        """Tell whether the child may read these files. The first that are asked for settle what it may read."""
        places = {self._place(file) for file in files}
        asked = {place: _identity(place) for place in places}
        if self._told is None:
            self._told = asked
        return asked.items() <= self._told.items()

    def _place(self, file: Path) -> Path:
        folder = self._folder
        return folder if folder is not None and file.is_relative_to(folder) else file


def _identity(path: Path) -> tuple[int, int]:
    """Tell one file from another that came to its place: the kernel's rule belongs to the file, not to its name."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)
