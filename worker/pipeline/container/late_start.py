"""Does something of a file's start stay unseen? What stands before the first keyframe cannot be decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from worker.pipeline.container.open_video import OpenVideo

# Less is lost in any recording that is switched on between two keyframes of a broadcast.
_NOTED_S = 1.0


def late_start_notes(opened: OpenVideo, start_s: float) -> tuple[str, ...]:
    """Say what a user should know where the first packets give no picture; leaves the file behind the first.

    Args:
        opened: the video.
        start_s: when its first picture is shown.
    """
    if opened.joined is not None:  # its packets begin at a keyframe
        return ()
    opened.rewind()
    # What an edit list cuts away is not missing.
    shown = (packet for packet in opened.packets() if packet.size and not packet.is_discard)
    first = next((packet for packet in shown if packet.pts is not None), None)
    if first is None or start_s - opened.time_s(first) < _NOTED_S:
        return ()
    if first.is_keyframe:
        return (f"the picture is damaged at the start: nothing can be shown before {start_s:.1f} s",)
    return (f"the recording starts between keyframes: nothing can be shown before {start_s:.1f} s",)
