"""Finds the candidates that lie in ranges of a video that are to be avoided or preferred."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.pipeline.frames import STILL_REACH_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.frames import Candidate
    from worker.pipeline.media import Video
    from worker.time_ranges import TimeRange


def candidates_near(
    ranges: Sequence[TimeRange], candidates: Sequence[Candidate], video: Video
) -> frozenset[int]:
    """Find the indexes of the candidates whose still could lie in one of these ranges."""
    return _lying_in(ranges, candidates, video, STILL_REACH_S)


def candidates_inside(
    ranges: Sequence[TimeRange], candidates: Sequence[Candidate], video: Video
) -> frozenset[int]:
    """Find the indexes of the candidates whose still surely lies in one of these ranges."""
    return _lying_in(ranges, candidates, video, -STILL_REACH_S)


def _lying_in(
    ranges: Sequence[TimeRange], candidates: Sequence[Candidate], video: Video, margin_s: float
) -> frozenset[int]:
    return frozenset(
        i
        for i, candidate in enumerate(candidates)
        if any(one.holds(candidate.time_s, video.duration_s, margin_s) for one in ranges)
    )
