"""Say which bytes of a file will be read soon, where they come from far away (`worker.files.paged_file`).

Without it each seek would wait for its own answer. What is said here is a guess: bytes that are read all the
same are asked for then. Runs in the decode process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.files.paged_file import ask_ahead, is_paged

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from worker.pipeline.container.open_video import OpenVideo

# A decoder is fed a little beyond the last frame that is wanted of it.
_BEYOND_S = 0.2
# A keyframe takes as much as a second of other frames or more; where only keyframes are listed, and how large
# they are is not known, so much is added.
_KEYFRAME_S = 1.0


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
    """Find the bytes of a stretch; the same place twice where the index does not say."""
    entries = opened.stream.index_entries
    first = entries.search_timestamp(opened.clock.pts(seek_s))
    if first < 0:
        return 0, 0
    keyframe = entries[first]
    tick_s = float(opened.stream.time_base or 1)
    beyond_s = look_s + _BEYOND_S
    if keyframe.size:
        # MP4 lists every frame.
        last = entries.search_timestamp(keyframe.timestamp + round(beyond_s / tick_s), any_frame=True)
        return keyframe.pos, max(entries[last].pos + entries[last].size, keyframe.pos + keyframe.size)
    if first + 1 >= len(entries):
        return keyframe.pos, keyframe.pos + 1
    following = entries[first + 1]
    apart_s = (following.timestamp - keyframe.timestamp) * tick_s
    share = (beyond_s + _KEYFRAME_S) / (apart_s + _KEYFRAME_S)
    return keyframe.pos, keyframe.pos + int(min(1.0, share) * (following.pos - keyframe.pos))
