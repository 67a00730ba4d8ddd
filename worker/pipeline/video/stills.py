"""The final pictures: a few exact moments at full resolution. Runs in the decode process.

The asked frame was chosen on small pictures, and its best neighbour may be a little better. Of the
frames within `STILL_REACH_S` of it that show the same picture, the one with the highest product of sharpness
and stillness is taken; the asked one wins unless another is better by `MARGIN`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.errors import UnreadableVideo
from worker.pipeline.container.open_video import OpenVideo, open_video
from worker.pipeline.container.packets import MAX_THREADS, decode_packets
from worker.pipeline.cues import patterns, sharpness, stillness
from worker.pipeline.cues.difference import SAME_PICTURE, luma_difference
from worker.pipeline.display.colour.colour_space import colour_space
from worker.pipeline.display.display import displayed
from worker.pipeline.display.true_colour import luma_of_frame
from worker.pipeline.display.visible import visible_part
from worker.pipeline.frames import STILL_REACH_S, Still

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from worker.pipeline.frames import Active
    from worker.pipeline.media import Region, Video

# And so many frames each way at most: at 4K and 10 bits a frame holds 25 MB.
REACH_FRAMES = 5

# What is taller than four times its width is squeezed where neighbours are compared, which serves as well: at
# its own shape, a column of 16x4000 would have 80,000 rows.
MAX_LUMA_HEIGHT_PX = 4 * sharpness.WIDTH_PX

# A neighbour must be better than the asked frame by this factor; coding alone makes equal frames differ
# by 3 %.
MARGIN = 1.1

# Where a seek ends after the wanted frame (open GOP, a sparse index), the next one aims earlier by this much.
_RETREATS_S = (0.0, 1.0, 5.0, 20.0)


@dataclass(frozen=True, eq=False)
class _Neighbour:
    """A decoded frame, and what it needs to be compared."""

    time_s: float
    frame: VideoFrame  #: as stored
    visible: Region | None  #: the part of it that is shown

    @cached_property
    def luma(self) -> NDArray[np.uint8]:
        """(height, width) uint8 of the visible part, as wide as sharpness is measured; bounded in height."""
        space = colour_space(self.frame)
        frame = visible_part(self.frame, self.visible)
        height = round(frame.height * sharpness.WIDTH_PX / frame.width)
        height = min(max(1, height), MAX_LUMA_HEIGHT_PX)
        return luma_of_frame(frame, (sharpness.WIDTH_PX, height), space)

    @cached_property
    def tiny_luma(self) -> NDArray[np.uint8]:
        """(height, width) uint8, as wide as motion is measured."""
        height = max(1, round(self.luma.shape[0] * stillness.WIDTH_PX / self.luma.shape[1]))
        return np.asarray(cv2.resize(self.luma, (stillness.WIDTH_PX, height), interpolation=cv2.INTER_AREA))

    def shows_the_same_as(self, other: _Neighbour) -> bool:
        """Tell whether no cut and little motion lie between two frames."""
        if self.tiny_luma.shape != other.tiny_luma.shape:
            return False
        return luma_difference(self.tiny_luma, other.tiny_luma) <= SAME_PICTURE


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
    with open_video(video) as opened:
        opened.stream.thread_type = "AUTO"
        opened.stream.codec_context.thread_count = MAX_THREADS
        camera = _Camera(opened, video)
        return [
            camera.take(time_s, active, refine=refine)
            for time_s, active in zip(times_s, actives or [None] * len(times_s), strict=True)
        ]


@dataclass(frozen=True, eq=False)
class _Camera:
    """An open file that stills are taken from."""

    opened: OpenVideo
    video: Video

    def take(self, time_s: float, active: Active | None, *, refine: bool) -> Still:
        window, asked = self._around(time_s)
        chosen = _best(window, asked) if refine else asked
        rgb = displayed([neighbour.frame for neighbour in window], chosen, self.video, active)
        return Still(window[chosen].time_s, rgb)

    def _around(self, time_s: float) -> tuple[list[_Neighbour], int]:
        """Find the frames about a moment in order, and the index of the one shown at that moment."""
        for retreat_s in _RETREATS_S:
            earliest_s = time_s - STILL_REACH_S - retreat_s
            if earliest_s <= self.video.start_s:
                break
            found = self._window(self._frames_from(earliest_s), time_s)
            # One frame before the asked one proves that the asked one was not missed.
            if found is not None and found[1] > 0:
                return found
        found = self._window(self._frames_from(None), time_s)
        if found is None:
            raise UnreadableVideo(
                f"{self.video.path.name}: no picture could be decoded at {time_s:.3f} s; "
                "the file is damaged there or encrypted (export it again)"
            )
        return found

    def _frames_from(self, time_s: float | None) -> Iterator[_Neighbour]:
        if time_s is None:
            self.opened.rewind()
        elif not self.opened.seek(time_s):
            return
        for frame in decode_packets(self.opened.packets()):
            yield _Neighbour(self.opened.time_s(frame), frame, self.video.visible)

    @staticmethod
    def _window(frames: Iterator[_Neighbour], time_s: float) -> tuple[list[_Neighbour], int] | None:
        """Keep `REACH_FRAMES` each way and one more, against which the outermost is compared."""
        before: deque[_Neighbour] = deque(maxlen=REACH_FRAMES + 2)
        after: list[_Neighbour] = []
        for neighbour in frames:
            if neighbour.time_s <= time_s:
                before.append(neighbour)
                continue
            after.append(neighbour)
            if len(after) > REACH_FRAMES or neighbour.time_s > time_s + STILL_REACH_S:
                break
        window = [*before, *after]
        return (window, max(0, len(before) - 1)) if window else None


def _best(window: Sequence[_Neighbour], asked: int) -> int:
    """Choose the stillest and sharpest of the frames that show what the asked one shows, by its index."""
    eligible = [*_reachable(window, asked, -1), *_reachable(window, asked, 1)]
    if not eligible:
        return asked
    quality = {index: _quality(window, index) for index in [asked, *eligible]}
    # The nearest wins a tie, then the earlier: the same file always gives the same still.
    best = max(eligible, key=lambda index: (quality[index], -abs(index - asked), -index))
    return best if quality[best] > MARGIN * quality[asked] else asked


def _reachable(window: Sequence[_Neighbour], asked: int, step: int) -> Iterator[int]:
    """Yield indexes one way from the asked frame, up to a cut, a fast movement or the end of the reach."""
    index = asked + step
    while 0 <= index < len(window) and abs(index - asked) <= REACH_FRAMES:
        too_far = abs(window[index].time_s - window[asked].time_s) > STILL_REACH_S
        if too_far or not window[index].shows_the_same_as(window[asked]):
            return
        yield index
        index += step


def _quality(window: Sequence[_Neighbour], index: int) -> float:
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
