"""Choose among the streams of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from av.stream import Disposition

from worker.errors import UnreadableVideo

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream


def video_stream(container: InputContainer) -> VideoStream:
    """Find the first stream with a moving picture, not the cover art.

    Raises:
        UnreadableVideo: there is none.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    name = Path(container.name).name
    raise UnreadableVideo(f"{name}: {_without_video(container)}; send the file with the picture")


def _without_video(container: InputContainer) -> str:
    if not container.streams.audio:
        return "no video in it"
    return "sound with a cover picture, no video" if container.streams.video else "sound only, no video in it"
