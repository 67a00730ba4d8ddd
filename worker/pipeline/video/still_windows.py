"""Full-size frames about a moment: the one shown then, and its neighbours. Runs in the decode process."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.errors import UnreadableVideo
from worker.pipeline.cues import sharpness, stillness
from worker.pipeline.cues.difference import SAME_PICTURE, luma_difference
from worker.pipeline.display.colour.colour_space import colour_space
from worker.pipeline.display.true_colour import luma_of_frame
from worker.pipeline.display.visible import visible_part
from worker.pipeline.frames import STILL_REACH_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from worker.pipeline.container.open_video import OpenVideo
    from worker.pipeline.media import Region, Video

# Frames each way at most: so many that all of them together take no more than this, but always a few. At 4K
# and 10 bits a frame holds 25 MB.
MAX_HELD_BYTES = 512 << 20
MIN_REACH_FRAMES = 5

# What is taller than four times its width is squeezed where neighbours are compared, which serves as well: at
# its own shape, a column of 16x4000 would have 80,000 rows.
MAX_LUMA_HEIGHT_PX = 4 * sharpness.WIDTH_PX

# Up to so long before a window, frames that no other refers to are not decoded. Where a second has at least
# five frames, the window is whole all the same.
_SPARED_S = 0.2
# Where a seek ends after the wanted frame (open GOP, a sparse index), the next one aims earlier by this much.
# The first spares what lies before the window; the second is for a window that reaches into it.
_ATTEMPTS = ((0.0, True), (0.0, False), (1.0, False), (5.0, False), (20.0, False))


@dataclass(frozen=True, eq=False)
class Neighbour:
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

    def shows_the_same_as(self, other: Neighbour) -> bool:
        """Tell whether no cut and little motion lie between two frames."""
        if self.tiny_luma.shape != other.tiny_luma.shape:
            return False
        return luma_difference(self.tiny_luma, other.tiny_luma) <= SAME_PICTURE


Window = tuple[list[Neighbour], int]
"""Frames in order of time, and the index of the one that is shown at the moment asked for."""


def windows_around(
    times_s: Sequence[float], opened: OpenVideo, video: Video
) -> Iterator[tuple[int, list[Neighbour], int]]:
    """Find the frames about each of some moments.

    Args:
        times_s: moments in seconds, in any order.
        opened: the video, its decoder set up.
        video: as probed.

    Yields:
        The index of a moment in `times_s`, its frames in order, and the index of the one shown then: each
        moment once, in the order that is cheapest. A moment past the end gives the last frame.

    Raises:
        UnreadableVideo: no picture could be decoded there.
    """
    if video.is_linear:
        yield from _in_one_pass(times_s, opened, video)
        return
    for index, time_s in enumerate(times_s):
        yield index, *(_after_a_seek(time_s, opened, video) or _damaged(time_s, video))


def _in_one_pass(
    times_s: Sequence[float], opened: OpenVideo, video: Video
) -> Iterator[tuple[int, list[Neighbour], int]]:
    """Decode from the start of the file, once for all moments."""
    held: deque[Neighbour] = deque()
    opened.rewind()
    frames = _neighbours(opened, video)
    for index in sorted(range(len(times_s)), key=times_s.__getitem__):
        _hold_around(times_s[index], frames, held)
        yield index, *(_window(held, times_s[index]) or _damaged(times_s[index], video))


def _after_a_seek(time_s: float, opened: OpenVideo, video: Video) -> Window | None:
    for retreat_s, is_sparing in _ATTEMPTS:
        earliest_s = time_s - STILL_REACH_S - retreat_s
        if earliest_s <= video.start_s:
            break
        if not opened.seek(earliest_s):
            continue
        whole_from_s = earliest_s - _SPARED_S if is_sparing else -math.inf
        found = _from_here(time_s, opened, video, whole_from_s)
        # One frame before the asked one proves that the asked one was not missed. And before a window that
        # begins earlier, where frames are rare, one of its own may have been spared.
        if found is not None and found[1] > 0 and found[0][0].time_s >= whole_from_s:
            return found
    opened.rewind()
    return _from_here(time_s, opened, video)


def _from_here(
    time_s: float, opened: OpenVideo, video: Video, whole_from_s: float = -math.inf
) -> Window | None:
    """Decode on until the frames about a moment are there."""
    held: deque[Neighbour] = deque()
    _hold_around(time_s, _neighbours(opened, video, whole_from_s), held)
    return _window(held, time_s)


def _hold_around(time_s: float, frames: Iterator[Neighbour], held: deque[Neighbour]) -> None:
    """Take frames until those about a moment are held, and let go of earlier ones."""
    while not held or not _is_enough(held, time_s):
        neighbour = next(frames, None)
        if neighbour is None:
            return
        held.append(neighbour)
        while _is_beyond_need(held, time_s):
            held.popleft()


def _neighbours(opened: OpenVideo, video: Video, whole_from_s: float = -math.inf) -> Iterator[Neighbour]:
    """Decode on from here; before a moment, perhaps not all frames."""
    for frame in opened.decode(opened.packets_sparing(whole_from_s)):
        yield Neighbour(opened.time_s(frame), frame, video.visible)


def _reach_frames(frame: VideoFrame) -> int:
    """Count the frames of this size that may be held on either side of a moment."""
    frame_bytes = sum(plane.buffer_size for plane in frame.planes)
    return max(MIN_REACH_FRAMES, MAX_HELD_BYTES // (2 * max(1, frame_bytes)))


def _is_enough(held: Sequence[Neighbour], time_s: float) -> bool:
    """Tell whether the last of the frames lies as far behind a moment as the window reaches."""
    after = sum(neighbour.time_s > time_s for neighbour in held)
    return after > _reach_frames(held[-1].frame) or held[-1].time_s > time_s + STILL_REACH_S


def _is_beyond_need(held: Sequence[Neighbour], time_s: float) -> bool:
    """Tell whether the first of the frames lies in front of the window, and is not its last frame either.

    One more is kept than the window reaches: the outermost is compared with it.
    """
    if len(held) <= 2 or held[2].time_s > time_s:  # noqa: PLR2004 - the first, the one more, the asked one
        return False
    before = sum(neighbour.time_s <= time_s for neighbour in held)
    return held[1].time_s < time_s - STILL_REACH_S or before > _reach_frames(held[-1].frame) + 2


def _window(held: Sequence[Neighbour], time_s: float) -> Window | None:
    before = sum(neighbour.time_s <= time_s for neighbour in held)
    return (list(held), max(0, before - 1)) if held else None


def _damaged(time_s: float, video: Video) -> Window:
    raise UnreadableVideo(
        f"{video.path.name}: no picture could be decoded at {time_s:.3f} s; "
        "the file is damaged there or encrypted (export it again)"
    )
