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

    def tell(self, files: Iterable[Path]) -> None:
        """Settle what the child may read: these files, or the folder of those that lie in it."""
        self._told = self._identities(files)

    def admits(self, files: Iterable[Path]) -> bool:
        """Tell whether the child may read these files. The first that are asked for settle it."""
        if self._told is None:
            self.tell(files)
        return self._told is not None and self._identities(files).items() <= self._told.items()

    def _identities(self, files: Iterable[Path]) -> dict[Path, tuple[int, int]]:
        return {place: _identity(place) for place in map(self._place, files)}

    def _place(self, file: Path) -> Path:
        folder = self._folder
        return folder if folder is not None and file.is_relative_to(folder) else file


def _identity(path: Path) -> tuple[int, int]:
    """Tell a file from another that took its place: the kernel's rules are those of files, not of names."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)
