"""The kernel's own lock on an open file or folder: it is gone with the last process that has it open.

Both users of it need more than the package filelock offers: the lock is on a folder itself, with no file
inside, or its descriptor is inherited by a child, which then holds the lock after its parent has died.
"""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO


def try_lock(opened: IO[str] | int) -> bool:
    """Lock an open file, or the descriptor of a folder; return False where another process has the lock."""
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
