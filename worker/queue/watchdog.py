"""Ends a process that hangs: no thread can be stopped from outside. Whoever started it starts it again."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

EXIT_STUCK = 70  #: of the process; EX_SOFTWARE of BSD's sysexits.h


def end_process(reason: str) -> None:
    """End this process at once, and say why in its log.

    Not by `sys.exit`, which would end this thread only, nor by anything that waits for the thread that hangs.
    """
    log.critical("%s; this process ends, and others take over", reason)
    logging.shutdown()
    os._exit(EXIT_STUCK)


class Watchdog:
    """Watches a loop that says, by `beat`, that it goes on. Use as a context manager.

    Args:
        what: the loop, for the log.
        silence_s: after so long without a beat it hangs. The process's own time counts: while it is frozen
            as a whole, nothing hangs.
        watch_s: between two looks.
        abort: ends the process at once; gets the reason.
    """

    def __init__(
        self, what: str, silence_s: float, watch_s: float = 1.0, abort: Callable[[str], None] = end_process
    ) -> None:
        self._what, self._silence_s, self._watch_s, self._abort = what, silence_s, watch_s, abort
        self._silent_s = 0.0
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()

    def beat(self) -> None:
        """Note that the loop goes on."""
        self._silent_s = 0.0

    def _watch(self) -> None:
        while not self._closed.wait(self._watch_s):
            self._silent_s += self._watch_s
            if self._silent_s > self._silence_s:
                self._abort(f"{self._what} hangs: nothing heard of it for {self._silent_s:.0f} s")
