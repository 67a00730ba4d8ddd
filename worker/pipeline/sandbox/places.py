"""Places for decoders that work: so many at once, whatever number of them there is."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_POLL_S = 0.05


class Places:
    """So many places, shared by the decoders of a process.

    A video is decoded, waits for the model, and is decoded again for its stills: meanwhile its decoder lives
    and takes no place. So the decoders that work are as many as there are cores, and the scans that are done
    and wait for the model are as many at most as there are decoders without a place.
    """

    def __init__(
        self, count: int, note: Callable[[float, float], None] = lambda _waited_s, _used_s: None
    ) -> None:
        """Make `count` places; `note` hears the seconds that each use waited for its place, and took."""
        self._free = threading.Semaphore(count)
        self._note = note

    @contextmanager
    def take(self, on_progress: Callable[[float], None] | None = None) -> Iterator[None]:
        """Wait for a place, and keep it until the block ends.

        Args:
            on_progress: called with 0 many times a second while there is none; what it raises ends the wait.
        """
        asked_s = time.monotonic()
        while not self._free.acquire(timeout=_POLL_S):
            if on_progress:
                on_progress(0.0)
        began_s = time.monotonic()
        try:
            yield
        finally:
            self._free.release()
            self._note(began_s - asked_s, time.monotonic() - began_s)
