"""Signals to end, counted instead of obeyed at once, so that what runs can be stopped in order."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Self

from worker.errors import Stopping

if TYPE_CHECKING:
    from types import FrameType


class Interrupts:
    """Counts Ctrl-C, termination signals and closed terminals while it is entered. Main thread only."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> Self:
        """Take over the signals from the handlers that have them."""
        self._before = [signal.signal(number, self._add) for number in self.SIGNALS]
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back to the handlers that had them."""
        for number, handler in zip(self.SIGNALS, self._before, strict=True):
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise Stopping if there was a signal."""
        if self.count:
            raise Stopping("interrupted")

    def is_urgent(self) -> bool:
        """Tell whether there was a second signal: the operator who asks again does not want to wait."""
        return self.count > 1

    def _add(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1


def end_when_asked() -> None:
    """End with code 0 at SIGTERM, from now until the program has a handler of its own. Main thread only.

    A program that is to run until it is stopped may be stopped while it still loads its libraries. Without a
    handler, that reads as a crash.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
