"""How long one job has waited for hosts in all: a clock that runs while something is on its way."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class TransferClock:
    """Runs while at least one transfer is under way; what comes over several connections counts once."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._under_way = 0
        self._elapsed_s, self._since_s = 0.0, 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run until the block ends; called in any thread."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def elapsed_s(self) -> float:
        """Return for how many seconds it has run."""
        with self._turn:
            return self._elapsed_s + (time.monotonic() - self._since_s if self._under_way else 0.0)

    def _count(self, more: int) -> None:
        with self._turn:
            now_s = time.monotonic()
            if self._under_way:
                self._elapsed_s += now_s - self._since_s
            self._since_s = now_s
            self._under_way += more
