"""Which candidates lie in the parts of a video that are to be avoided or preferred."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.pipeline.frames import STILL_REACH_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.frames import Candidate, Video
    from worker.time_ranges import TimeRange


def near(spans: Sequence[TimeRange], candidates: Sequence[Candidate], video: Video) -> frozenset[int]:
    """Indexes of the candidates whose still could lie in one of these parts."""
    return _lying_in(spans, candidates, video, STILL_REACH_S)


def inside(spans: Sequence[TimeRange], candidates: Sequence[Candidate], video: Video) -> frozenset[int]:
    """Indexes of the candidates whose still surely lies in one of these parts."""
    return _lying_in(spans, candidates, video, -STILL_REACH_S)


def _lying_in(
    spans: Sequence[TimeRange], candidates: Sequence[Candidate], video: Video, margin_s: float
) -> frozenset[int]:
    return frozenset(
        i
        for i, candidate in enumerate(candidates)
        if any(span.holds(candidate.time_s, video.duration_s, margin_s) for span in spans)
    )
