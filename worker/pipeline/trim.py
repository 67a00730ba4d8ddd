"""Cuts the end off a video without encoding it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av

if TYPE_CHECKING:
    from pathlib import Path


def keep_start(path: Path, end_s: float, target: Path) -> None:
    """Write the picture of a video up to a moment, to a few frames; what a frame refers to comes before it.

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
