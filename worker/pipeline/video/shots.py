"""Where shots begin, by PySceneDetect's own detectors and by dissolves.

ContentDetector alone misses gradual changes (F1 41 on ClipShots fades, HistogramDetector 75), and
neither sees a fade through black, which ThresholdDetector is made for: the union is used, and
to it come the dissolves that `stillness.transition` finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenedetect import FrameTimecode
from scenedetect.detectors import ContentDetector, HistogramDetector, ThresholdDetector

from worker.pipeline.cues.confidence import CERTAIN
from worker.pipeline.video.shot_starts import MIN_SHOT_S, shot_starts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scenedetect.detector import SceneDetector

    from worker.pipeline.video.frame_window import WindowedFrame

# On small frames the default of 128 bins is half empty, and a passing car looks like a cut.
HISTOGRAM_BINS = 32

# So many frames in a row that are surely a blend are a dissolve; one alone may be chance.
MIN_BLEND_FRAMES = 3

# Only tells PySceneDetect how to print times; cuts are kept in seconds.
_NOMINAL_RATE = 1000.0


class ShotDetector:
    """Feeds frames to several detectors and merges their cuts."""

    def __init__(self) -> None:
        self._detectors: list[SceneDetector] = [
            # 27 is PySceneDetect's own default: mean change of hue, saturation and luma, in levels.
            ContentDetector(threshold=27.0, min_scene_len=MIN_SHOT_S),
            HistogramDetector(bins=HISTOGRAM_BINS, min_scene_len=MIN_SHOT_S),
            ThresholdDetector(min_scene_len=MIN_SHOT_S, add_final_scene=False),
        ]
        self._cuts_s: list[float] = []
        self._last: FrameTimecode | None = None
        self._first_s = 0.0
        self._blend_s: list[float] = []  # times of the frames of the transition that is under way

    def add(self, time_s: float, bgr: NDArray[np.uint8]) -> None:
        """Look at the next frame, (height, width, 3) uint8 BGR."""
        timecode = FrameTimecode(max(time_s, 0.0), _NOMINAL_RATE)
        if self._last is None:
            self._first_s = time_s
        for detector in self._detectors:
            self._cuts_s += [cut.seconds for cut in detector.process_frame(timecode, bgr)]
        self._last = timecode

    def watch(self, judged: WindowedFrame) -> None:
        """Note how much of a transition a frame is; a run of such frames has a cut in its middle.

        Dissolves show no sudden change, so none of the detectors sees one.
        """
        if judged.transition >= CERTAIN:
            self._blend_s.append(judged.frame.time_s)
            return
        if len(self._blend_s) >= MIN_BLEND_FRAMES:
            self._cuts_s.append((self._blend_s[0] + self._blend_s[-1]) / 2)
        self._blend_s.clear()

    def shot_starts_s(self) -> tuple[float, ...]:
        """List the start of every shot; the first is the first frame. Call once, after the last frame."""
        for detector in self._detectors if self._last else ():
            self._cuts_s += [cut.seconds for cut in detector.post_process(self._last)]
        return shot_starts(self._first_s, self._cuts_s)
