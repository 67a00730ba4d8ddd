"""Where shots begin, as numbers: light enough for the process that never opens a video."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Two detectors rarely agree to the frame on one change; cuts closer than this are one.
MIN_SHOT_S = 0.6

# Before and after a part that is scanned alone: the detectors need a shot's least length to see a cut.
CONTEXT_S = 1.0


def shot_starts(first_s: float, cuts_s: Iterable[float]) -> tuple[float, ...]:
    """Start of every shot, given the first frame and cuts in any order."""
    starts = [first_s]
    for cut_s in sorted(cuts_s):
        if cut_s - starts[-1] >= MIN_SHOT_S:
            starts.append(cut_s)
    return tuple(starts)


def shot_at(shot_starts_s: Sequence[float], time_s: float) -> int:
    """Index of the shot that a moment lies in."""
    return max(0, bisect.bisect_right(shot_starts_s, time_s) - 1)
