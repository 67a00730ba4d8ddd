"""Where shots begin, as numbers, and which shot a moment or a candidate lies in.

Light enough for the process that never opens a video.
"""

from __future__ import annotations

import bisect
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from worker.pipeline.cues.sharpness import relative_sharpness

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from worker.pipeline.frames import Candidate

# Two detectors rarely agree to the frame on one change; cuts closer than this are one.
MIN_SHOT_S = 0.6

# Before and after a range that is scanned alone: the detectors need a shot's least length to see a cut.
CONTEXT_S = 1.0


def shot_starts(first_s: float, cuts_s: Iterable[float]) -> tuple[float, ...]:
    """List the start of every shot, in seconds and in order.

    Args:
        first_s: when the first frame is shown; it starts the first shot.
        cuts_s: the first frames of new shots, in any order, some of them found twice.
    """
    starts = [first_s]
    for cut_s in sorted(cuts_s):
        if cut_s - starts[-1] >= MIN_SHOT_S:
            starts.append(cut_s)
    return tuple(starts)


def shot_at(shot_starts_s: Sequence[float], time_s: float) -> int:
    """Find the index, from 0, of the shot that a moment lies in."""
    return max(0, bisect.bisect_right(shot_starts_s, time_s) - 1)


def in_shots(found: Sequence[Candidate], shot_starts_s: Sequence[float]) -> tuple[Candidate, ...]:
    """Put candidates, in order of time, into their shots, and compare each with the sharpest of its shot."""
    compared: list[Candidate] = []
    for shot, group in groupby(found, key=lambda candidate: shot_at(shot_starts_s, candidate.time_s)):
        members = list(group)
        shares = relative_sharpness([candidate.cues.sharpness for candidate in members])
        for candidate, share in zip(members, shares, strict=True):
            cues = candidate.cues._replace(relative_sharpness=share)
            compared.append(replace(candidate, shot=shot, cues=cues))
    return tuple(compared)
