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
        self._count, self._taken = count, 0
        self._changed = threading.Condition()
        self._note = note

    @contextmanager
    def take(self, on_progress: Callable[[float], None] | None = None) -> Iterator[DecoderPlace]:
        """Wait for a place, and keep it until the block ends.

        Args:
            on_progress: called with 0 many times a second while there is none; what it raises ends the wait.
        """
        asked_s = time.monotonic()
        while not self._enter():
            if on_progress:
                on_progress(0.0)
        waited_s = time.monotonic() - asked_s
        place = DecoderPlace(self.count)
        try:
            yield place
        finally:
            place.hold(needed=False)
            self._note(waited_s, place.used_s)

    def count(self, more: int) -> None:
        """Count decoders that begin to work, though it be more than there are places, or that rest."""
        with self._changed:
            self._taken += more
            self._changed.notify_all()

    def _enter(self) -> bool:
        """Wait a moment until fewer work than there are places; count one more, or return False."""
        with self._changed:
            is_free = self._changed.wait_for(lambda: self._taken < self._count, _POLL_S)
            self._taken += is_free
        return is_free


class DecoderPlace:
    """What one decoder took; others have it while this one waits for bytes and not for a core.

    It goes on as soon as they are there, for a moment perhaps as one more than there are places: to hold it
    back would take a word for each page. Nobody else begins before there are fewer again.
    """

    def __init__(self, count: Callable[[int], None]) -> None:
        self._count = count
        self._since_s: float | None = time.monotonic()  #: since when it works; None while it does not
        self.used_s = 0.0  #: for how long it worked

    def hold(self, *, needed: bool) -> None:
        """Keep the place, or take it back, or leave it to others as long as it is not needed."""
        if needed and self._since_s is None:
            self._count(1)
            self._since_s = time.monotonic()
        elif not needed and self._since_s is not None:
            self._count(-1)
            self.used_s += time.monotonic() - self._since_s
            self._since_s = None
