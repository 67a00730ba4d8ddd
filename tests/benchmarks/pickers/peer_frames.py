"""What the peers look at: frames from a moment on, small copies of all, what FFmpeg's filters leave."""

from __future__ import annotations

import itertools
import math
from contextlib import suppress
from typing import TYPE_CHECKING

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from av import VideoFrame
    from av.container import InputContainer

Bgr = NDArray[np.uint8]
Frame = tuple[float, Bgr]
"""Seconds, and a picture."""

Filter = tuple[str, str | None]
"""The name of an FFmpeg filter, and its arguments."""

# In MPEG-TS, FFmpeg finds a moment, not the keyframe before it: look again from further back.
BACK_S = (0.0, 1.0, 4.0, 16.0, math.inf)
ROUNDING_S = 1e-6  #: times are kept to a microsecond


def filtered(
    video: Path, filters: Sequence[Filter], *, from_share: float = 0.0, decode_only: str = "DEFAULT"
) -> Iterator[float]:
    """Return the moments in seconds of the frames that FFmpeg's filters let through, in their order.

    Decoding starts at a share of the length, and leaves out what `-skip_frame` would.
    """
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = decode_only
        graph = Graph()
        nodes = [graph.add(name, arguments) for name, arguments in filters]
        graph.link_nodes(graph.add_buffer(template=stream), *nodes, graph.add("buffersink")).configure()
        with suppress(av.EOFError):  # `trim` has had enough
            for frame in _frames_from(container, from_share * duration_s(container)):
                frame.opaque = time_s(frame, container)  # filters give frames new times, and leave this alone
                graph.push(frame)
                yield from _through(graph)
            graph.push(None)
        yield from _through(graph)


def _through(graph: Graph) -> Iterator[float]:
    with suppress(av.BlockingIOError, av.EOFError):
        while True:
            yield graph.pull().opaque


def first_from(container: InputContainer, start_s: float) -> list[float]:
    """Return the time in seconds of the frame that `ffmpeg -ss` shows: the first at a moment or after it.

    None is left where the last frame was shown before.
    """
    return [time_s(frame, container) for frame in itertools.islice(_frames_from(container, start_s), 1)]


def _frames_from(container: InputContainer, start_s: float) -> Iterator[VideoFrame]:
    for back_s in BACK_S:
        container.seek(offset(container, max(0.0, start_s - back_s)))
        frames = container.decode(video=0)
        first = next(frames, None)
        if first is not None and time_s(first, container) <= start_s + ROUNDING_S:
            return itertools.dropwhile(
                lambda frame: time_s(frame, container) < start_s - ROUNDING_S,
                itertools.chain([first], frames),
            )
    return iter(())


def offset(container: InputContainer, moment_s: float) -> int:
    """Return where to seek to, in FFmpeg's units: some containers (MPEG-TS) do not begin at zero."""
    return (container.start_time or 0) + int(moment_s * av.time_base)


def small_frames(video: Path, long_side_px: int) -> list[Frame]:
    """Return all frames, scaled."""
    with av.open(str(video)) as container:
        return [(time_s(frame, container), small(frame, long_side_px)) for frame in container.decode(video=0)]


def small(frame: VideoFrame, long_side_px: int) -> Bgr:
    """Return a frame scaled so that its longer side has a size."""
    scale = long_side_px / max(frame.width, frame.height)
    return frame.to_ndarray(
        format="bgr24", width=round(frame.width * scale), height=round(frame.height * scale)
    )


def time_s(frame: VideoFrame, container: InputContainer) -> float:
    """Return when a frame is shown, in seconds from the start of the container."""
    return (frame.time or 0.0) - (container.start_time or 0) / av.time_base


def duration_s(container: InputContainer) -> float:
    """Return the length in seconds that the file states."""
    return (container.duration or 0) / av.time_base
