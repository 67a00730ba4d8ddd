"""Waits until a platform has done what it was asked for, where it only says that it will."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from worker.errors import PlatformUnavailable
from worker.http.deadline import next_wait_s

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0


def wait_for(ask: Callable[[], Answer | None], what: str, limit_s: float) -> Answer:
    """Ask again and again, with growing pauses, until there is an answer.

    Args:
        ask: returns None as long as the platform is at work.
        what: it is at work on, for the sentence.
        limit_s: to wait in all.

    Raises:
        PlatformUnavailable: it took longer.
        Exception: what `ask` raises, or a deadline around us that has passed, see `next_wait_s`.
    """
    ends_s, pause_s = time.monotonic() + limit_s, FIRST_PAUSE_S
    while (answer := ask()) is None:
        if time.monotonic() + pause_s > ends_s:
            raise PlatformUnavailable(f"{what}: not done after {limit_s:.0f} s; it is asked again later")
        _sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
    return answer


def _sleep(pause_s: float) -> None:
    """Sleep in short steps, so that a program that is to stop does."""
    ends_s = time.monotonic() + pause_s
    while (left_s := ends_s - time.monotonic()) > 0:
        time.sleep(min(left_s, next_wait_s()))
