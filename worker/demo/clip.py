"""What the simulated platform knows of a real file, and the pictures and parts that it cuts from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av

from worker.demo.simulator.library import Media
from worker.pipeline.jpeg import encode_jpeg
from worker.pipeline.sandbox.decoder import Decoder

if TYPE_CHECKING:
    from pathlib import Path

_FRAME_RATE = 25.0  # where the container does not say


def media_of(path: Path) -> Media:
    """Describe a video file.

    Raises:
        UnreadableVideo: it is none.
    """
    with Decoder() as decoder:
        video = decoder.probe(path)
    frame_rate = float(video.frame_rate or _FRAME_RATE)
    return Media(path.resolve(), video.duration_s, video.width_px, video.height_px, frame_rate)


def draw(path: Path, time_s: float) -> bytes:
    """Encode the frame at a time as a JPEG, as a platform cuts it."""
    with Decoder() as decoder:
        (still,) = decoder.take_stills(decoder.probe(path), [time_s], [None], refine=False)
    return encode_jpeg(still.rgb)


def trimmed(media: Media, end_s: float, folder: Path) -> Media:
    """Write the beginning of a video, up to `end_s`, into a file of its own in a folder."""
    target = folder / f"trimmed-{media.path.stem}.mp4"
    _keep_start(media.path, end_s, target)
    return media_of(target)


def _keep_start(path: Path, end_s: float, target: Path) -> None:
    """Copy the picture of a video up to a moment, give or take a few frames.

    Packets are copied as they are: what a frame refers to comes before it, so the copy can be decoded.

    Args:
        path: a video.
        end_s: seconds from the start of its container.
        target: the new file; its suffix says the container.
    """
    with av.open(str(path)) as source, av.open(str(target), "w") as copy:
        stream = source.streams.video[0]
        kept = copy.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is None or packet.time_base is None or packet.dts * packet.time_base >= end_s:
                break
            packet.stream = kept
            copy.mux(packet)
