"""Ways through a video that yield its frames small and in order of time. Runs in the decode process.

`whole` decodes every reference frame. It cuts the video at keyframes into chunks and decodes one on each
core: FFmpeg's own threads wait for each other.
`part` decodes what lies between two moments.
`visits` looks at evenly spaced moments only, at a cost that does not grow with length.
"""

from __future__ import annotations

import math
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

from worker.pipeline.decode import (
    Clock,
    decode_packets,
    open_container,
    packets_before,
    packets_of,
    prepare_for_scan,
    seek,
    video_stream,
    visit,
)
from worker.pipeline.small_frames import SmallFrame, shrink, small_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.pipeline.frames import Video

# Looking at more frames a second finds no more cuts and no stiller moments.
MIN_STEP_S = 0.1

# Long enough that opening the file for each chunk costs little, short enough that a few fit into memory
# (60 small frames of 90 KB each) and that all cores stay busy to the end.
CHUNK_S = 6.0
# With fewer keyframes than that, chunks would hold too many frames.
MAX_CHUNK_S = 5 * CHUNK_S
# Each decoder holds up to 16 frames of its own; beyond 4K, several would not fit into the process's memory.
MAX_DECODERS = 4
MAX_PARALLEL_PIXELS = 4096 * 2304

# Containers that list their keyframes. In the others a seek may land behind the keyframe it aimed at.
INDEXED_FORMATS = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}

Span = tuple[float, float]
"""From a keyframe up to the next chunk's, in seconds."""

EVERYTHING: Span = (-math.inf, math.inf)


def whole(video: Video) -> Iterator[SmallFrame]:
    """Small frames of the whole video, about one per `MIN_STEP_S`; the same on any number of cores."""
    spans = _spans(video)
    decoders = min(os.cpu_count() or 1, MAX_DECODERS, len(spans))
    if decoders == 1 or video.width_px * video.height_px > MAX_PARALLEL_PIXELS:
        yield from _decode(video, EVERYTHING)
        return
    with ThreadPoolExecutor(decoders) as pool:
        under_way: deque[Future[list[SmallFrame]]] = deque()
        for span in spans:
            under_way.append(pool.submit(lambda span: list(_decode(video, span, threads=1)), span))
            if len(under_way) > decoders:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()


def _spans(video: Video) -> list[Span]:
    """Chunks of about `CHUNK_S` that begin at keyframes; one, where keyframes are unlisted or rare."""
    starts_s = [-math.inf]
    with open_container(video.path) as container:
        stream = video_stream(container)
        clock = Clock.of(container, stream)
        is_indexed = container.format.name in INDEXED_FORMATS
        for number in range(1, math.ceil(video.duration_s / CHUNK_S) if is_indexed else 1):
            if not seek(container, stream, clock.pts(number * CHUNK_S)):
                break
            packet = next((p for p in packets_of(container, stream) if p.is_keyframe), None)
            if packet is not None and packet.pts is not None and clock.time_s(packet.pts) > starts_s[-1]:
                starts_s.append(clock.time_s(packet.pts))
    # A file may go on behind its stated end, but not for ever.
    spans = list(pairwise([*starts_s, video.duration_s + CHUNK_S]))
    longest_s = max(end_s - max(start_s, 0.0) for start_s, end_s in spans)
    return spans if longest_s <= MAX_CHUNK_S else [EVERYTHING]


def _decode(video: Video, span: Span, *, threads: int = 0) -> Iterator[SmallFrame]:
    """Small frames of one chunk."""
    start_s, end_s = span
    with open_container(video.path) as container:
        stream = video_stream(container)
        prepare_for_scan(stream, threads)
        clock, size = Clock.of(container, stream), small_size(video)
        if start_s > -math.inf:
            seek(container, stream, clock.pts(start_s))
        next_s = start_s
        packets = (
            packets_of(container, stream)
            if end_s == math.inf
            else packets_before(container, stream, clock.pts(end_s))
        )
        for frame in decode_packets(packets):
            time_s = clock.time_s(frame.pts or 0)
            if time_s >= end_s:
                break
            if time_s >= next_s:
                next_s = time_s + MIN_STEP_S
                yield shrink(frame, time_s, size)


def part(video: Video, span: Span) -> Iterator[SmallFrame]:
    """Small frames of a part of the video, about one per `MIN_STEP_S`."""
    return _decode(video, span)


def visits(video: Video, count: int) -> Iterator[Iterator[SmallFrame]]:
    """Small frames around `count` evenly spaced moments: a keyframe each, and what follows it shortly."""
    with open_container(video.path) as container:
        stream = video_stream(container)
        prepare_for_scan(stream)
        clock, size = Clock.of(container, stream), small_size(video)
        moments_s = ((number + 0.5) * video.duration_s / count for number in range(count))
        for frames in visit(container, stream, moments_s):
            yield (shrink(frame, clock.time_s(frame.pts or 0), size) for frame in frames)
