"""Requests to end, counted instead of obeyed at once, so that what runs can be stopped in order."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Self

from worker.errors import Stopping

if TYPE_CHECKING:
    from types import FrameType


class Interruptions:
    """Counts Ctrl-C, termination signals and closed terminals while it is entered. Main thread only."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> Self:
        """Listen, in place of those who did."""
        self._before = [signal.signal(number, self._add) for number in self.SIGNALS]
        return self

    def __exit__(self, *_: object) -> None:
        """Let those listen who did before."""
        for number, handler in zip(self.SIGNALS, self._before, strict=True):
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise Stopping if there was one."""
        if self.count:
            raise Stopping("interrupted")

    def is_urgent(self) -> bool:
        """True once there was a second one: who asks again does not want to wait."""
        return self.count > 1

    def _add(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
