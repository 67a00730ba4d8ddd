"""Finds the candidates at the very start and end of a video.

Fades, slates and a hand that reaches for the camera lie there, and the first frame is what platforms show
where nobody chose. So these candidates are the last to be picked, whatever the gates say of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.frames import Candidate
    from worker.pipeline.media import Video

# Why a candidate is not picked that lies there.
AT_AN_END = "start or end"

END_S = 0.5
# Of a video of two seconds, half is left, and of a shorter one too.
MAX_END_SHARE = 0.25


def candidates_at_ends(candidates: Sequence[Candidate], video: Video) -> frozenset[int]:
    """Find the indexes of the candidates in the first or last half second.

    Args:
        candidates: of this video.
        video: of which the first picture may appear late, and of a piece of a longer one its own ends count.
    """
    start_s = max(video.start_s, video.begins_at_s)
    margin_s = min(END_S, MAX_END_SHARE * (video.duration_s - start_s))
    return frozenset(
        i
        for i, candidate in enumerate(candidates)
        if not start_s + margin_s <= candidate.time_s <= video.duration_s - margin_s
    )
