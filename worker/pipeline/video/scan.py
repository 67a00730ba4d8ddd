"""One pass over a video: its shots, and a few hundred frames worth scoring, kept small.

A long video is decoded in part (see `sampling_plan`), so that cost stops growing with length.
Runs in the decode process.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2

from worker.pipeline.container.open_container import no_picture
from worker.pipeline.cues.exposure import rms_contrast
from worker.pipeline.frames import Scan
from worker.pipeline.video.candidates import measure_candidates
from worker.pipeline.video.frame_window import FrameWindow, WindowedFrame
from worker.pipeline.video.parallel_decode import decode_stretches
from worker.pipeline.video.sampling_plan import Stretch, is_sampled, plan_stretches
from worker.pipeline.video.shot_starts import CONTEXT_S
from worker.pipeline.video.shots import ShotDetector

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from worker.pipeline.frames import Candidate
    from worker.pipeline.media import Video
    from worker.timeline import Range

# An oracle finds the editor's frame among 200 evenly spaced candidates in 84 % of videos, among 30 in 49 %.
MAX_CANDIDATES = 200
# Candidates closer than this are the same picture.
MIN_SLOT_S = 0.25

# Below this spread of luma (levels) a frame has little to show.
_FULL_CONTRAST = 30.0
# Keeps one poor factor from hiding the others: among moving frames the sharper one is still better.
_FLOOR = 0.2


def scan(video: Video, on_progress: Callable[[float], None] = lambda _fraction: None) -> Scan:
    """Find shots and candidates.

    Args:
        video: as probed.
        on_progress: gets how far into the video each frame lies, 0..1.

    Raises:
        UnreadableVideo: no frame could be decoded.
    """
    stretches = plan_stretches(video)
    findings = _look_at(stretches, video, on_progress)
    if not findings.frames_seen:
        raise no_picture(video.path)
    starts_s = findings.shots.shot_starts_s()
    found = measure_candidates(findings.slots.in_order(), starts_s, video)
    return Scan(found, starts_s, findings.frames_seen, is_sampled=is_sampled(stretches))


def scan_ranges(video: Video, ranges: Sequence[Range]) -> Scan:
    """Find shots and candidates within ranges of a video, as a scan of the whole would.

    Args:
        video: as probed.
        ranges: in order of time, and none touches another.

    Returns:
        Candidates within the ranges; as shot starts the cuts in and shortly beside them, the start of a range
        being none. Shots are counted within each range. Nothing at all where nothing could be decoded.
    """
    found: list[Candidate] = []
    cuts_s: list[float] = []
    frames_seen = 0
    for this in ranges:
        start_s, end_s = this.start_s - CONTEXT_S, this.end_s + CONTEXT_S
        seek_s = -math.inf if video.is_linear else start_s
        findings = _look_at([Stretch(seek_s, start_s, end_s)], video)
        frames_seen += findings.frames_seen
        if findings.frames_seen:
            starts_s = findings.shots.shot_starts_s()
            cuts_s += starts_s[1:]
            around = measure_candidates(findings.slots.in_order(), starts_s, video)
            found += [one for one in around if this.start_s <= one.time_s < this.end_s]
    return Scan(tuple(found), tuple(cuts_s), frames_seen, is_sampled=False)


@dataclass(slots=True)
class _Findings:
    """What has been found so far."""

    slots: _Slots
    shots: ShotDetector = field(default_factory=ShotDetector)
    frames_seen: int = 0


def _look_at(
    stretches: Sequence[Stretch],
    video: Video,
    on_progress: Callable[[float], None] = lambda _fraction: None,
) -> _Findings:
    """Look at every frame of these stretches; one that follows on has its neighbours in the one before."""
    seen_s = sum(min(stretch.length_s, video.length_s) for stretch in stretches)
    findings = _Findings(_Slots(_slot_s(seen_s)))
    window = FrameWindow()
    for stretch, frames in decode_stretches(video, stretches):
        if not stretch.follows_on:
            _end(window, findings.slots)
            findings.slots.begin(stretch)
        for frame in frames:
            findings.frames_seen += 1
            findings.shots.add(frame.time_s, frame.tiny_bgr())
            for judged in window.push(frame):
                findings.shots.watch(judged)
                findings.slots.keep_best(judged)
            on_progress(_fraction(frame.time_s, video))
    _end(window, findings.slots)
    return findings


def _fraction(time_s: float, video: Video) -> float:
    return min(1.0, (time_s - video.begins_at_s) / video.length_s) if video.length_s else 0.0


def _slot_s(seen_s: float) -> float:
    """Choose the width of a slot from few, so that a slightly longer or shorter video has the same slots."""
    doublings = math.log2(max(1.0, seen_s / MIN_SLOT_S / MAX_CANDIDATES))
    return MIN_SLOT_S * 2.0 ** math.ceil(doublings)


def _end(window: FrameWindow, slots: _Slots) -> None:
    for judged in window.flush():
        slots.keep_best(judged)


class _Slots:
    """Keeps the most promising frame of every slot of time, so that memory does not grow with length."""

    def __init__(self, slot_s: float) -> None:
        self._slot_s = slot_s
        self._start_s = 0.0
        self._best: dict[tuple[float, int], tuple[float, WindowedFrame]] = {}

    def begin(self, stretch: Stretch) -> None:
        """Count slots from the start of this stretch on."""
        self._start_s = max(stretch.start_s, 0.0)

    def keep_best(self, judged: WindowedFrame) -> None:
        """Keep a frame if it promises more than the one its slot holds."""
        slot = self._start_s, int((judged.frame.time_s - self._start_s) / self._slot_s)
        promise = _promise(judged)
        if slot not in self._best or promise > self._best[slot][0]:
            self._best[slot] = (promise, judged)

    def in_order(self) -> list[WindowedFrame]:
        """List what was kept, in order of time."""
        return [judged for _, (_, judged) in sorted(self._best.items())]


def _promise(judged: WindowedFrame) -> float:
    """Guess at quality among frames of one moment, above 0: no transition, still, not flat, detailed.

    Only for choosing within a slot, so a plain deviation of the Laplacian will do; `sharpness` costs more.
    """
    luma = judged.frame.luma
    contrast = rms_contrast(luma)
    detail = float(cv2.meanStdDev(cv2.Laplacian(luma, cv2.CV_16S))[1][0, 0])
    return math.prod(
        (
            1.0 - judged.transition,
            _FLOOR + judged.stillness,
            _FLOOR + min(1.0, contrast / _FULL_CONTRAST),
            _FLOOR + math.tanh(detail / max(contrast, 1.0)),
        )
    )
