"""Say which bytes of a file will be read soon, where they come from far away (`worker.files.paged_file`).

Without it each seek would wait for its own answer. What is said here is a guess: bytes that are read all the
same are asked for then. Runs in the decode process.
"""

from __future__ import annotations

from bisect import bisect_right
from math import inf
from typing import TYPE_CHECKING

from worker.files.paged_file import ask_ahead, is_paged

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from worker.pipeline.container.open_video import OpenVideo

# A decoder is fed a little beyond the last frame that is wanted of it.
_BEYOND_S = 0.3
# A keyframe takes as much as a second of other frames or more; where only keyframes are listed, and how large
# they are is not known, so much is added.
_KEYFRAME_S = 1.0
# How long the segments of streams play, mostly.
_PIECE_S = 6.0


def read_ahead(path: Path, opened: OpenVideo, seeks_s: Iterable[float], look_s: float) -> None:
    """Say that so many seconds will be read from the keyframe on that each seek leads to.

    Args:
        path: of the file.
        opened: the file, of which the index was read: for Matroska that is so after the first seek.
        seeks_s: moments, in the order in which they are sought.
        look_s: how much of what follows the keyframe is looked at.
    """
    if not is_paged(path):
        return
    for seek_s in seeks_s:
        start, end = _place(opened, seek_s, look_s)
        ask_ahead(path, start, end)


def _place(opened: OpenVideo, seek_s: float, look_s: float) -> tuple[int, int]:
    """Find the bytes of a stretch; the same place twice where nothing says where it lies."""
    entries = opened.stream.index_entries
    first = entries.search_timestamp(opened.clock.pts(seek_s))
    keyframe = entries[first] if first >= 0 else None
    tick_s = float(opened.stream.time_base or 1)
    if keyframe is not None and keyframe.size:
        # MP4 lists every frame.
        beyond = keyframe.timestamp + round((look_s + _BEYOND_S) / tick_s)
        last = entries[entries.search_timestamp(beyond, any_frame=True)]
        return keyframe.pos, max(last.pos + last.size, keyframe.pos + keyframe.size)
    if opened.pieces:
        number = max(0, bisect_right(opened.pieces, (seek_s, inf)) - 1)
        this, following = opened.pieces[number], opened.pieces[min(number + 1, len(opened.pieces) - 1)]
        return this.first_byte, _beyond(this.first_byte, following.first_byte, _PIECE_S, look_s)
    if keyframe is None or first + 1 >= len(entries):
        return 0, 0
    following_keyframe = entries[first + 1]
    apart_s = (following_keyframe.timestamp - keyframe.timestamp) * tick_s
    return keyframe.pos, _beyond(keyframe.pos, following_keyframe.pos, apart_s, look_s)


def _beyond(start: int, end: int, length_s: float, look_s: float) -> int:
    """Guess how far the first seconds of some bytes reach, which begin with a keyframe."""
    share = (look_s + _BEYOND_S + _KEYFRAME_S) / (length_s + _KEYFRAME_S)
    return start + int(min(1.0, share) * (end - start))
