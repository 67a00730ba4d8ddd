"""How the time that something takes grows with what it is given."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 2_500
TIMES = 4
# Of an input four times as long: linear work takes 4 times as long, quadratic work 16 times.
MOST_TIMES = 9
# What is faster than this for the long input is called linear unseen: quadratic work takes longer.
SOON_S = 0.05


def is_linear(work: Callable[[str], object], make: Callable[[int], str]) -> bool:
    """Tell whether work on a text takes a time that grows as the text does, not as its square.

    Args:
        work: on a text.
        make: a text of about so many characters.
    """
    long, short = make(TIMES * SIZE), make(SIZE)
    if _taken_s(work, long) < SOON_S:
        return True
    return any(_taken_s(work, long) <= MOST_TIMES * _taken_s(work, short) for _ in range(3))


def _taken_s(work: Callable[[str], object], text: str) -> float:
    """Measure the time of this thread alone, as others keep the machine busy."""
    began_s = time.thread_time()
    work(text)
    return time.thread_time() - began_s
