"""A sliding window over the frames of the scan, so that each is judged against both neighbours."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.pipeline.cues.stillness import stillness, transition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.pipeline.display.small_frames import SmallFrame

# A dissolve of half a second or more is seen as a blend of frames so far away on either side.
REACH_S = 0.3


@dataclass(frozen=True, slots=True)
class WindowedFrame:
    """A frame and how it relates to its neighbours in time."""

    frame: SmallFrame
    stillness: float  #: 0..1, as `Cues.stillness`
    transition: float  #: 0..1, as `Cues.transition`


class FrameWindow:
    """Holds about `2 * REACH_S` of frames; gives each back once its later neighbours are known."""

    def __init__(self) -> None:
        self._frames: deque[SmallFrame] = deque()
        self._next = 0  # index of the first frame that is not judged yet

    def push(self, frame: SmallFrame) -> Iterator[WindowedFrame]:
        """Add the next frame; yield those that can be judged now."""
        self._frames.append(frame)
        while self._frames[self._next].time_s + REACH_S <= frame.time_s:
            yield self._judge(self._next)
            self._next += 1
            self._forget()

    def flush(self) -> Iterator[WindowedFrame]:
        """Judge the rest by the neighbours they have, and start afresh."""
        for index in range(self._next, len(self._frames)):
            yield self._judge(index)
        self._frames.clear()
        self._next = 0

    def _forget(self) -> None:
        """Drop frames that no unjudged frame needs: keep one at or before its reach."""
        earliest_s = self._frames[self._next].time_s - REACH_S
        while self._next > 1 and self._frames[1].time_s <= earliest_s:
            self._frames.popleft()
            self._next -= 1

    def _judge(self, index: int) -> WindowedFrame:
        frames = list(self._frames)
        frame, earlier, later = frames[index], frames[:index], frames[index + 1 :]
        # The next neighbour each way tells motion...
        beside = [*earlier[-1:], *later[:1]]
        still = stillness(frame.tiny_luma, [(f.tiny_luma, abs(f.time_s - frame.time_s)) for f in beside])
        # ... and the farthest within reach each way, or at least the next, whether it is a blend of them.
        before = [f for f in earlier if f.time_s >= frame.time_s - REACH_S] or beside[:1]
        after = [f for f in later if f.time_s <= frame.time_s + REACH_S] or beside[-1:]
        if not before or not after or before[0] is after[-1]:
            return WindowedFrame(frame, still, 0.0)
        return WindowedFrame(
            frame, still, transition(before[0].tiny_luma, frame.tiny_luma, after[-1].tiny_luma)
        )
