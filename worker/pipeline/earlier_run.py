"""Uses an earlier run's candidates again after an edit: what was kept is neither decoded nor scored again.

An edit says which ranges of the old video play now. Candidates of those ranges move to where they are now.
Only around the joins, where frames have other neighbours than before, is the new file scanned. Whatever does
not fit (another duration, too few candidates left, a still that shows something else) makes it `Unfit`, and
the whole video is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from worker.pictures import embeddings
from worker.pipeline.cues.difference import SAME_PICTURE, look_difference
from worker.pipeline.frames import Scan
from worker.pipeline.video.shot_starts import CONTEXT_S, in_shots, shot_at, shot_starts
from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Candidate, SeenCandidate, Still
    from worker.pipeline.media import Video
    from worker.pipeline.sandbox.decoder import Decoder

# So far from a join, a frame's stillness, transition and shot do not depend on what stands behind the join.
JOIN_REACH_S = 0.3

# A range that is scanned alone is decoded with its context. Beyond this share of the video, a scan of the
# whole is as cheap.
MAX_SCANNED_SHARE = 0.5

# A whole run has up to 4 candidates a second, and of a minute or more about 120. With fewer than half of
# them, it would find better frames.
MIN_CANDIDATES_PER_S = 2.0
MIN_CANDIDATES = 60
MIN_CANDIDATES_PER_FRAME = 1 / 8  # the scan skips frames that no other refers to: up to 3 of 4

# Two frames are what cutting at frames, and not between them, can add up to at both ends.
_DURATION_FRAMES = 2
# ... and no more than this together, or a still shows another gesture than the candidate did.
_MAX_DRIFT_S = 0.2
_NOMINAL_FRAME_S = 1 / 25  # where the container does not say


class Unfit(Exception):
    """What is known does not fit this file; the message says why."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a video before it is looked at."""

    timeline: Timeline  #: what was done to it since
    seen: Sequence[SeenCandidate]  #: all candidates of a run on the video as it was before


def scan_after_edit(
    memory: Memory, video: Video, decoder: Decoder, on_progress: Callable[[float], None] | None = None
) -> tuple[Scan, Mapping[float, SeenCandidate]]:
    """Move an earlier run's candidates to a new timeline, and scan only where it has joins.

    Args:
        memory: what that run saw, and what was done to the video since.
        video: the new file, as probed.
        decoder: what opens it.
        on_progress: called again and again while it is scanned.

    Returns:
        What a scan of the whole would have found; and what is not new of it, by its time in the new video.

    Raises:
        Unfit: the whole video must be looked at.
    """
    timeline = memory.timeline
    ranges = _around_joins(timeline)
    seen = _moved(memory.seen, timeline, ranges)
    if timeline != Timeline.whole():
        _check_duration(timeline, video)
        _check_worth(seen, ranges, video)
    scanned = decoder.scan_ranges(video, ranges, on_progress) if ranges else Scan((), (), 0, is_sampled=False)
    starts_s = shot_starts(video.start_s, [*_known_cuts(seen, timeline), *scanned.shot_starts_s])
    everyone = [*(one.candidate for one in seen.values()), *scanned.candidates]
    everyone.sort(key=lambda candidate: candidate.time_s)
    return Scan(in_shots(everyone, starts_s), starts_s, scanned.frames_seen, is_sampled=False), seen


def decided_before(candidates: Sequence[Candidate], seen: Mapping[float, SeenCandidate]) -> dict[int, bool]:
    """Tell what an earlier run found by comparing neighbours, by index: True where it kept the candidate."""
    known = {index: seen[one.time_s].was_kept for index, one in enumerate(candidates) if one.time_s in seen}
    return {index: was_kept for index, was_kept in known.items() if was_kept is not None}


def check_stills(
    candidates: Sequence[Candidate], stills: Sequence[Still], seen: Mapping[float, SeenCandidate]
) -> None:
    """Raise Unfit unless the new video shows at the picked moments what is remembered of them.

    Args:
        candidates: what was picked.
        stills: one for each, in the same order.
        seen: what the earlier run saw, by its time now; other candidates are new, and need no check.
    """
    for candidate, still in zip(candidates, stills, strict=True):
        if candidate.time_s in seen and look_difference(candidate.rgb, still.rgb) > SAME_PICTURE:
            raise Unfit(f"at {candidate.time_s:.3f} s it shows something else than before")


def encode_embedding(embedding: NDArray[np.float32]) -> bytes:
    """Pack an embedding, (dimensions,) float32, in half precision: see `worker.pictures.embeddings`."""
    return embeddings.pack(embedding.tolist())


def decode_embedding(stored: bytes) -> NDArray[np.float32]:
    """Unpack what `encode_embedding` packed, or a version before it: (dimensions,) float32.

    Raises:
        ValueError: it is cut off, or holds what is no finite number.
    """
    unpacked = np.array(embeddings.unpack(stored), np.float32)
    if not np.isfinite(unpacked).all():
        raise ValueError("an embedding holds what is no finite number")
    return unpacked


def _check_duration(timeline: Timeline, video: Video) -> None:
    """Raise Unfit where the file lasts longer or shorter than the edit says, by more than frames explain.

    Each range may end within a frame, but all of them together must not move a still's picture away.
    """
    frame_s = float(1 / video.frame_rate) if video.frame_rate else _NOMINAL_FRAME_S
    tolerance_s = max(_DURATION_FRAMES * frame_s, min(len(timeline.ranges) * frame_s, _MAX_DRIFT_S))
    if video.begins_at_s:
        raise Unfit("the file is a piece of the video")
    if abs(timeline.duration_s - video.duration_s) > tolerance_s:
        raise Unfit(f"it lasts {video.duration_s:.2f} s in place of {timeline.duration_s:.2f} s")


def _check_worth(seen: Mapping[float, SeenCandidate], ranges: Sequence[Range], video: Video) -> None:
    everything = Range(0.0, video.duration_s)
    # A linear video is decoded from its start each time.
    starts_s = (0.0 if video.is_linear else one.start_s - CONTEXT_S for one in ranges)
    decoded = (
        Range(start_s, one.end_s + CONTEXT_S).within(everything)
        for start_s, one in zip(starts_s, ranges, strict=True)
    )
    if sum(one.length_s for one in decoded) > MAX_SCANNED_SHARE * video.duration_s:
        raise Unfit("it is short, or made of many pieces")
    frames_per_s = float(video.frame_rate or 1 / _NOMINAL_FRAME_S)
    enough_per_s = min(MIN_CANDIDATES_PER_S, MIN_CANDIDATES_PER_FRAME * frames_per_s)
    if len(seen) < min(MIN_CANDIDATES, enough_per_s * video.duration_s):
        raise Unfit(f"only {len(seen)} candidates are left of it")


def _around_joins(timeline: Timeline) -> list[Range]:
    """List the surroundings of every join, as few ranges as possible, in order of time."""
    ranges: list[Range] = []
    for join_s in timeline.joins_s():
        around = Range(max(0.0, join_s - JOIN_REACH_S), join_s + JOIN_REACH_S)
        # Where the contexts of two ranges touch, the frames between them are decoded anyway.
        if ranges and around.start_s - ranges[-1].end_s < 2 * CONTEXT_S:
            around = Range(ranges.pop().start_s, around.end_s)
        ranges.append(around)
    return ranges


def _moved(
    seen: Sequence[SeenCandidate], timeline: Timeline, ranges: Sequence[Range]
) -> dict[float, SeenCandidate]:
    """Find what is left, by its new time, in order; without what is going to be scanned."""
    placed = ((place_s, one) for one in seen for place_s in timeline.places_of(one.candidate.time_s))
    return {
        place_s: replace(one, candidate=replace(one.candidate, time_s=place_s))
        for place_s, one in sorted(placed, key=lambda pair: pair[0])
        if not any(one.start_s <= place_s < one.end_s for one in ranges)
    }


def _known_cuts(seen: Mapping[float, SeenCandidate], timeline: Timeline) -> list[float]:
    """List moments between candidates that had stood in two shots, where no join lies between them.

    The cut itself lay somewhere between; only on which side of it each candidate lies matters.
    """
    begins_s = timeline.starts_s()
    return [
        (before_s + after_s) / 2
        for before_s, after_s in pairwise(seen)
        if seen[before_s].candidate.shot != seen[after_s].candidate.shot
        and shot_at(begins_s, before_s) == shot_at(begins_s, after_s)
    ]
