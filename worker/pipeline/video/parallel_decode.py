"""Decodes stretches of a video into small frames. Runs in the decode process.

Stretches are decoded side by side, one on each core: FFmpeg's own threads wait for each other.
"""

from __future__ import annotations

import math
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING

from worker.confinement.cores import available_cores
from worker.pipeline.container.open_video import OpenVideo, open_video
from worker.pipeline.display.small_frames import SmallFrame, shrink, small_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from av.packet import Packet
    from av.video.stream import VideoStream

    from worker.pipeline.media import Video
    from worker.pipeline.video.sampling_plan import Stretch

# Looking at more frames a second finds no more cuts and no stiller moments.
MIN_STEP_S = 0.1

# Stretches longer than this are not collected: their frames come one by one.
MAX_COLLECTED_S = 30.0
# Each decoder holds up to 16 frames of its own; beyond 4K, several would not fit into the process's memory.
MAX_DECODERS = 4
MAX_PARALLEL_PIXELS = 4096 * 2304


def decode_stretches(
    video: Video, stretches: Sequence[Stretch]
) -> Iterator[tuple[Stretch, Iterable[SmallFrame]]]:
    """Decode each stretch into small frames, about one per `MIN_STEP_S`.

    Yields:
        Each stretch in the order given, with its frames in order of time: the same on any number of cores.
        Frames that come one by one must be taken before the next stretch is asked for.
    """
    decoders = min(available_cores(), MAX_DECODERS, len(stretches))
    is_huge = video.stored_pixels > MAX_PARALLEL_PIXELS
    is_long = any(stretch.length_s > MAX_COLLECTED_S for stretch in stretches)
    if decoders == 1 or is_huge or is_long:
        with _opened(video) as reader:
            for stretch in stretches:
                yield stretch, reader.frames(stretch)
    else:
        yield from _side_by_side(video, stretches, decoders)


def _side_by_side(
    video: Video, stretches: Sequence[Stretch], decoders: int
) -> Iterator[tuple[Stretch, list[SmallFrame]]]:
    idle: SimpleQueue[_Reader] = SimpleQueue()

    def collect(stretch: Stretch) -> list[SmallFrame]:
        reader = idle.get()
        try:
            return list(reader.frames(stretch))
        finally:
            idle.put(reader)

    # A pool of open files: to open one anew for each stretch would cost more than to decode it.
    with ExitStack() as stack:
        for _ in range(decoders):
            idle.put(stack.enter_context(_opened(video, threads=1)))
        pool = stack.enter_context(ThreadPoolExecutor(decoders))
        under_way: deque[Future[list[SmallFrame]]] = deque()
        for index, stretch in enumerate(stretches):
            # One more than are decoded, so that no core waits for the thread that looks at the frames.
            for ahead in stretches[index + len(under_way) : index + decoders + 1]:
                under_way.append(pool.submit(collect, ahead))
            yield stretch, under_way.popleft().result()


class _Reader:
    """An open file, from which one stretch after the other is read."""

    def __init__(self, opened: OpenVideo, video: Video, threads: int) -> None:
        self._opened = opened
        opened.prepare_for_scan(threads)
        self._size = small_size(video)
        self._visible = video.visible
        self._stated = video.stated_colours

    def frames(self, stretch: Stretch) -> Iterator[SmallFrame]:
        """Yield small frames of one stretch, in order of time."""
        if stretch.seek_s > -math.inf:
            self._opened.seek(stretch.seek_s)
        next_s = stretch.start_s
        for frame in self._opened.decode(self._packets(stretch.end_s)):
            time_s = self._opened.time_s(frame)
            if time_s >= stretch.end_s:
                break
            if time_s >= next_s:
                next_s = time_s + MIN_STEP_S
                yield shrink(frame, time_s, self._size, self._visible, self._stated)

    def _packets(self, end_s: float) -> Iterator[Packet[VideoStream]]:
        if end_s == math.inf:
            return self._opened.packets()
        return self._opened.packets_before(end_s)


@contextmanager
def _opened(video: Video, threads: int = 0) -> Iterator[_Reader]:
    with open_video(video) as opened:
        yield _Reader(opened, video, threads)
