"""What the header of a video track says beside what PyAV tells, in whichever container."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from av.stream import Disposition

from worker.pipeline.container.headers.matroska_tracks import video_tracks
from worker.pipeline.container.headers.mp4_boxes import sample_entry_boxes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from av.container import InputContainer
    from av.video.stream import VideoStream


@dataclass(frozen=True, slots=True)
class TrackHeader:
    """The header of a track; empty for containers other than MP4, MOV, Matroska and WebM."""

    #: What boxes of the sample entry hold, by their four characters: "dvcC", "dvvC", "clap"...
    boxes: Mapping[str, bytes] = field(default_factory=dict)
    #: Columns and rows that Matroska cuts away at the left, top, right and bottom.
    cut_px: tuple[int, int, int, int] = (0, 0, 0, 0)


def read_track_header(path: Path, container: InputContainer, stream: VideoStream) -> TrackHeader:
    """Read the header of a stream's track. It reads an untrusted file: call it in the decode process only.

    Args:
        path: the file that is open as `container`.
        container: tells which streams there are.
        stream: whose header to read.
    """
    formats = container.format.name.split(",")
    if "mp4" in formats:
        return TrackHeader(sample_entry_boxes(path, stream.id))
    if "matroska" in formats:
        # FFmpeg's streams do not bear Matroska's numbers, but come in the same order; attachments are none.
        numbers = [
            one.index for one in container.streams.video if not one.disposition & Disposition.attached_pic
        ]
        tracks = video_tracks(path)
        if stream.index in numbers and len(tracks) == len(numbers):
            track = tracks[numbers.index(stream.index)]
            return TrackHeader(track.boxes, track.cut_px)
    return TrackHeader()
