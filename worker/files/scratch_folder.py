"""Private folders in shared places, which are swept once the process that made them is dead.

A living process holds a lock on each of its folders. The kernel drops it with the process and its forks, and
knows it across containers that share the place, where process numbers say nothing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from worker.files.file_lock import try_lock

# Not through a link, which another user of a shared place could put there.
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_BLOCK_BYTES = 512  # of `st_blocks`, whatever the file system's own are (stat(2))


class PrivateFolder(NamedTuple):
    """A folder that no process sweeps while its lock is held."""

    path: Path
    lock: int  #: the file descriptor of the folder

    def remove(self) -> None:
        """Remove it with all that is in it, and give the lock back."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.lock)


def make(parent: Path, prefix: str) -> PrivateFolder:
    """Make a folder that only this user may enter, and lock it.

    Args:
        parent: where to make it; made itself where it is missing.
        prefix: of its name. No other program may call a folder so: what bears the name and has no lock is
            swept.

    Raises:
        OSError: it cannot be made.
    """
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        # A sweep may come between making and locking; then there is nothing to lock, or no lock to be had.
        with suppress(FileNotFoundError):
            handle = os.open(folder, _FOLDER)
            if try_lock(handle) and folder.exists():
                return PrivateFolder(folder, handle)
            os.close(handle)


def used_bytes(folder: Path) -> int:
    """Return the bytes that the files in a folder take of the disk, at any depth; holes in them take none."""
    return sum(path.stat().st_blocks * _BLOCK_BYTES for path in folder.rglob("*"))


def sweep(parent: Path, prefix: str) -> list[Path]:
    """Remove the folders in `parent` whose names begin with `prefix` and that dead processes left.

    Returns:
        The paths of what was removed.
    """
    swept = []
    for folder in parent.glob(f"{prefix}*"):
        # Another user's, not a folder, or gone in the meantime.
        with suppress(OSError):
            handle = os.open(folder, _FOLDER)
            try:
                if try_lock(handle):
                    shutil.rmtree(folder)
                    swept.append(folder)
            finally:
                os.close(handle)
    return swept
