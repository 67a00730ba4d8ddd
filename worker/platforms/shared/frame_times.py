"""Times of thumbnails, kept where a platform cuts the frame that is meant."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from worker.platforms.base import RemoteAsset

# The last frame of a video starts this long before its end: one frame at the slowest common rate.
LAST_FRAME_S = 1 / 24

# The middle of a frame of a video with 60 of them a second, and within a frame of all slower ones.
INTO_FRAME_S = 1 / 120


def milliseconds_up(time_s: float) -> float:
    """Round a time up to whole milliseconds: a moment before a frame would show the frame before it."""
    microseconds = round(time_s * 1e6)  # what is left of 12.67 s as a float must not become a millisecond
    return math.ceil(microseconds / 1000) / 1000


def is_same_moment(one_s: float, other_s: float) -> bool:
    """Tell whether two times show the same frame: platforms round what they store, each in its own way."""
    return abs(one_s - other_s) <= LAST_FRAME_S / 2


def last_frame_s(asset: RemoteAsset) -> float:
    """Tell when the last frame starts, in seconds of media time; infinity where the duration is unknown."""
    return math.inf if asset.duration_s is None else max(0.0, asset.duration_s - LAST_FRAME_S)


def within(asset: RemoteAsset, time_s: float, into_frame_s: float = 0.0) -> float:
    """Clamp a time to the frames of an asset, in whole milliseconds but for the last frame's own time.

    Platforms refuse a time at the end of a video or beyond, or show its first frame instead.

    Args:
        asset: whose duration counts.
        time_s: when the frame begins.
        into_frame_s: how far behind that the platform is to be told, where it may round down.
    """
    return min(max(0.0, milliseconds_up(time_s)) + into_frame_s, last_frame_s(asset))
