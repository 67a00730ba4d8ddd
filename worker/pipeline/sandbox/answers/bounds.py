"""Within which bounds the answer to each question must lie: what a real file can give, and what was asked.

Values out of them would not run anything, but might waste memory, divide by zero or be stored and sent on.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from worker.pipeline.media import DEFAULT_LIMITS
from worker.pipeline.sandbox.answers.forms import Nonsense
from worker.pipeline.sandbox.answers.messages import NO_PICTURES, Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from worker.pipeline.frames import Candidate, FaceLook, Scan, Still
    from worker.pipeline.media import Region, Video
    from worker.timeline import Range

# Some seconds: pictures may be shown a little before the start that a container states.
EARLIEST_S = -10.0
LATEST_S = 1e9
MAX_RATIO = 1e9  # of rates, of sides, of what is measured in a face
MAX_EDGE_PX = 10**9
MAX_CODEC_CHARACTERS = 100
MAX_NOTES = 50
MAX_LOOKS = 16
MAX_SHOTS = 1_000_000

# The scan keeps at most 200 of a video, and one more for each of 200 keyframes of a long one. A file that
# goes on behind its stated end gives more.
MAX_CANDIDATES = 2000
# ... and within a range, one for each quarter of a second.
MIN_SLOT_S = 0.25
CANDIDATE_PIXELS = 320 * 180
_BYTES_PER_CANDIDATE = 1 << 10

# Shares are counted in floats.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an answer may be."""

    room: Room
    check: Callable[[Any], None]  #: raises Nonsense for an answer out of bounds


NO_BOUNDS = Bounds(NO_PICTURES, lambda _answer: None)
"""The bounds of an answer without pictures of which its type says everything."""


def of_video() -> Bounds:
    """Return the bounds of what is found out about a file."""
    # Of a file whose stamps jump, each keyframe is listed.
    return Bounds(Room(head_bytes=16 << 20), _check_video)


def of_scan(video: Video) -> Bounds:
    """Return the bounds of the scan of a whole video."""

    def check(scan: Scan) -> None:
        if not (scan.candidates and scan.shot_starts_s):
            raise Nonsense("a scan without a frame")
        _check_scan(scan)

    return Bounds(_room_of_candidates(video, MAX_CANDIDATES), check)


def of_ranges(video: Video, ranges: Iterable[Range]) -> Bounds:
    """Return the bounds of the scan of some ranges of a video."""
    most = sum(min(int(one.length_s / MIN_SLOT_S) + 2, MAX_CANDIDATES) for one in ranges)
    return Bounds(_room_of_candidates(video, most), _check_scan)


def of_stills(times_s: Sequence[float]) -> Bounds:
    """Return the bounds of the stills of some moments."""

    def check(stills: Sequence[Still]) -> None:
        if len(stills) != len(times_s):
            raise Nonsense(f"{len(stills)} stills of {len(times_s)} moments")
        for still in stills:
            _check_time(still.time_s)
            for look in still.looks[: MAX_LOOKS + 1]:
                _check_look(look)
            _within(len(still.looks), 0, MAX_LOOKS, "faces")

    # A stream may change its size midway, so that of the video says nothing.
    return Bounds(Room(pictures=len(times_s), pixels=DEFAULT_LIMITS.pixels), check)


def _room_of_candidates(video: Video, most: int) -> Room:
    # Sides are rounded to even numbers, so that the picture of an extreme shape has more pixels.
    scale = min(1.0, (CANDIDATE_PIXELS / (video.width_px * video.height_px)) ** 0.5)
    pixels = int((video.width_px * scale + 2) * (video.height_px * scale + 2))
    return Room((2 << 20) + _BYTES_PER_CANDIDATE * most, most, pixels)


def _check_video(video: Video) -> None:
    _check_time(video.start_s)
    _check_time(video.begins_at_s)
    _within(video.duration_s, video.start_s, LATEST_S, "a duration")
    for side_px in (video.width_px, video.height_px):
        _within(side_px, 1, DEFAULT_LIMITS.pixels, "a side")
    _within(video.width_px * video.height_px, 1, DEFAULT_LIMITS.pixels, "a size")
    if video.rotation_deg not in {0, 90, 180, 270}:
        raise Nonsense(f"a turn by {video.rotation_deg}")
    _within(video.sample_aspect_ratio, 1 / MAX_RATIO, MAX_RATIO, "an aspect ratio")
    _within(video.frame_rate or 0, 0, MAX_RATIO, "a frame rate")
    _within(video.stream_index, 0, MAX_SHOTS, "a stream")
    _within(len(video.codec), 0, MAX_CODEC_CHARACTERS, "a codec's name")
    _within(len(video.notes), 0, MAX_NOTES, "notes")
    _check_region(video.visible)


def _check_scan(scan: Scan) -> None:
    _within(scan.frames_seen, 0, MAX_RATIO, "frames")
    for start_s in scan.shot_starts_s:
        _check_time(start_s)
    for candidate in scan.candidates:
        _check_candidate(candidate)
    _check_order(scan.shot_starts_s)
    _check_order([candidate.time_s for candidate in scan.candidates])


def _check_candidate(candidate: Candidate) -> None:
    _check_time(candidate.time_s)
    _within(candidate.shot, 0, MAX_SHOTS, "a shot")
    _check_region(candidate.active)
    for cue in candidate.cues:
        _check_share(cue)


def _check_look(look: FaceLook) -> None:
    _check_share(look.presence)
    for ratio in (look.eye_opening, look.yaw, look.pitch, look.lip_lift, look.mouth_opening):
        _within(ratio, -MAX_RATIO, MAX_RATIO, "a ratio in a face")
    for edge_px in look.box:
        _within(edge_px, -MAX_EDGE_PX, MAX_EDGE_PX, "an edge of a face")
    if look.box.right < look.box.left or look.box.bottom < look.box.top:
        raise Nonsense("a face without a size")


def _check_region(region: Region | None) -> None:
    if region is None:
        return
    for edge in region:
        _check_share(edge)
    left, top, right, bottom = region
    if not (left < right and top < bottom):
        raise Nonsense("an empty part of a picture")


def _check_order(times_s: Iterable[float]) -> None:
    if any(after_s < before_s for before_s, after_s in pairwise(times_s)):
        raise Nonsense("moments out of order")


def _check_time(time_s: float) -> None:
    _within(time_s, EARLIEST_S, LATEST_S, "a moment")


def _check_share(value: float) -> None:
    _within(value, -_ROUNDING, 1 + _ROUNDING, "a share")


def _within(value: Any, low: float, high: float, what: str) -> None:
    if not low <= value <= high:
        raise Nonsense(f"{what} out of bounds")
