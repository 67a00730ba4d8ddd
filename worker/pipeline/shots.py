"""Where shots begin, by PySceneDetect's own detectors.

ContentDetector alone misses gradual changes (F1 41 on ClipShots fades, HistogramDetector 75), and
neither sees a fade through black, which ThresholdDetector is made for: the union is used.
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

from scenedetect import FrameTimecode
from scenedetect.detectors import ContentDetector, HistogramDetector, ThresholdDetector

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from scenedetect.detector import SceneDetector

# Two detectors rarely agree to the frame on one change; cuts closer than this are one.
MIN_SHOT_S = 0.6

# On small frames the default of 128 bins is half empty, and a passing car looks like a cut.
HISTOGRAM_BINS = 32

# Only tells PySceneDetect how to print times; cuts are kept in seconds.
_NOMINAL_RATE = 1000.0


class ShotDetector:
    """Feeds frames to several detectors and merges their cuts."""

    def __init__(self) -> None:
        self._detectors: list[SceneDetector] = [
            ContentDetector(threshold=27.0, min_scene_len=MIN_SHOT_S),
            HistogramDetector(bins=HISTOGRAM_BINS, min_scene_len=MIN_SHOT_S),
            ThresholdDetector(min_scene_len=MIN_SHOT_S, add_final_scene=False),
        ]
        self._cuts_s: list[float] = []
        self._last: FrameTimecode | None = None
        self._first_s = 0.0

    def add(self, time_s: float, bgr: NDArray[np.uint8]) -> None:
        """Look at the next frame, (height, width, 3) uint8 BGR."""
        timecode = FrameTimecode(max(time_s, 0.0), _NOMINAL_RATE)
        if self._last is None:
            self._first_s = time_s
        for detector in self._detectors:
            self._cuts_s += [cut.seconds for cut in detector.process_frame(timecode, bgr)]
        self._last = timecode

    def shot_starts_s(self) -> tuple[float, ...]:
        """Start of every shot; the first is the first frame. Call once, after the last frame."""
        for detector in self._detectors if self._last else ():
            self._cuts_s += [cut.seconds for cut in detector.post_process(self._last)]
        starts = [self._first_s]
        for cut_s in sorted(self._cuts_s):
            if cut_s - starts[-1] >= MIN_SHOT_S:
                starts.append(cut_s)
        return tuple(starts)


def shot_at(shot_starts_s: Sequence[float], time_s: float) -> int:
    """Index of the shot that a moment lies in."""
    return max(0, bisect.bisect_right(shot_starts_s, time_s) - 1)
