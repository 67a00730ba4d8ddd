"""The final pictures: a few exact moments at full resolution. Runs in the decode process.

The asked frame was chosen on small pictures, and its best neighbour may be a little better. Of the
frames within `STILL_REACH_S` of it that show the same picture, the one with the highest product of sharpness
and stillness is taken; the asked one wins unless another is better by `MARGIN`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.pipeline.container.open_video import open_video
from worker.pipeline.container.packets import MAX_THREADS
from worker.pipeline.cues import patterns, sharpness, stillness
from worker.pipeline.display.display import displayed
from worker.pipeline.frames import STILL_REACH_S, Still
from worker.pipeline.video.still_windows import REACH_FRAMES, windows_around

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from worker.pipeline.frames import Active
    from worker.pipeline.media import Video
    from worker.pipeline.video.still_windows import Neighbour

# A neighbour must be better than the asked frame by this factor; coding alone makes equal frames differ
# by 3 %.
MARGIN = 1.1


def take_stills(
    video: Video,
    times_s: Sequence[float],
    actives: Sequence[Active | None] | None = None,
    *,
    refine: bool = True,
) -> list[Still]:
    """Decode moments at full resolution and quality, in one opening of the file.

    Args:
        video: as probed.
        times_s: moments in seconds, in any order; each as exact as `Still.time_s`.
        actives: for each moment, the picture between bars; None for whole pictures.
        refine: whether a stiller and sharper neighbour may be taken; else exactly the asked frame.

    Returns:
        One still for each moment, in the order asked. A moment past the end gives the last frame.

    Raises:
        UnreadableVideo: no picture could be decoded there.
    """
    stills: dict[int, Still] = {}
    with open_video(video) as opened:
        opened.stream.thread_type = "AUTO"
        opened.stream.codec_context.thread_count = MAX_THREADS
        for index, window, asked in windows_around(times_s, opened, video):
            chosen = _best(window, asked) if refine else asked
            active = actives[index] if actives else None
            rgb = displayed([neighbour.frame for neighbour in window], chosen, video, active)
            stills[index] = Still(window[chosen].time_s, rgb)
    return [still for _, still in sorted(stills.items())]


def _best(window: Sequence[Neighbour], asked: int) -> int:
    """Choose the stillest and sharpest of the frames that show what the asked one shows, by its index."""
    eligible = [*_reachable(window, asked, -1), *_reachable(window, asked, 1)]
    if not eligible:
        return asked
    quality = {index: _quality(window, index) for index in [asked, *eligible]}
    # The nearest wins a tie, then the earlier: the same file always gives the same still.
    best = max(eligible, key=lambda index: (quality[index], -abs(index - asked), -index))
    return best if quality[best] > MARGIN * quality[asked] else asked


def _reachable(window: Sequence[Neighbour], asked: int, step: int) -> Iterator[int]:
    """Yield indexes one way from the asked frame, up to a cut, a fast movement, damage or the reach."""
    index = asked + step
    while 0 <= index < len(window) and abs(index - asked) <= REACH_FRAMES:
        too_far = abs(window[index].time_s - window[asked].time_s) > STILL_REACH_S
        is_damaged = window[index].frame.opaque is not None
        if too_far or is_damaged or not window[index].shows_the_same_as(window[asked]):
            return
        yield index
        index += step


def _quality(window: Sequence[Neighbour], index: int) -> float:
    judged = window[index]
    beside = [window[other] for other in (index - 1, index + 1) if 0 <= other < len(window)]
    neighbours = [
        (other.tiny_luma, abs(other.time_s - judged.time_s))
        for other in beside
        if other.tiny_luma.shape == judged.tiny_luma.shape
    ]
    # Where the coding broke, a frame stands still and the edges of its blocks are sharp.
    wholeness = 1.0 - patterns.blockiness(judged.luma)
    return wholeness * sharpness.sharpness(judged.luma) * stillness.stillness(judged.tiny_luma, neighbours)
