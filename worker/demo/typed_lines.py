"""What somebody types, or a program writes, while something else goes on."""

from __future__ import annotations

import os
import select
import sys


class TypedLines:
    """The lines on standard input, read without ever waiting for one."""

    def __init__(self) -> None:
        # None where standard input was closed before we were started.
        self._number: int | None = sys.stdin.fileno() if sys.stdin else None
        self._begun = b""

    @property
    def is_terminal(self) -> bool:
        """True where a person can type."""
        return self._number is not None and os.isatty(self._number)

    def read(self) -> list[str]:
        """Return the lines that have come since the last call, without their ends."""
        while self._number is not None and self._is_ours(self._number) and _has_input(self._number):
            more = os.read(self._number, 4096)
            if not more:  # its other end is closed
                self._number = None
            self._begun += more
        *lines, self._begun = self._begun.split(b"\n")
        return [line.decode(errors="replace").strip() for line in lines]

    def _is_ours(self, number: int) -> bool:
        # A job in the background that reads from its terminal is halted by the system.
        return not os.isatty(number) or os.tcgetpgrp(number) == os.getpgrp()


def _has_input(number: int) -> bool:
    return bool(select.select([number], [], [], 0)[0])
