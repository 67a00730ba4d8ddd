"""Finds for each frame of a file the rectangle that its picture fills, by what long stretches show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from worker.pipeline.cues.bars.bands import recognise
from worker.pipeline.cues.bars.seams import Votes, at_depths, exact_depths, step_shares
from worker.pipeline.frames import Active, Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.cues.bars.bands import Band
    from worker.pipeline.cues.bars.seams import Planes

FrameIndices = NDArray[np.intp]
"""Indexes of frames, in order of time."""

# Seams are believed by so many frames, or by all where there are fewer ...
MIN_WITNESSES = 3
# ... that are at least this share of those that can have them: the others are dark, or like the bars.
MIN_WITNESS_SHARE = 0.25
# A shot has bars if most of its frames can; one or two may belong to the shot before.
MIN_SHOT_SHARE = 0.75
# What is not black can be part of what was filmed for some seconds.
MIN_STRETCH_S = 2.0
# Different bars in one file: more are chance.
MAX_RECTANGLES = 6
# To look at more of the frames that show a seam tells nothing more.
_MAX_LOOKED_AT = 24
# A line that is more than this share bar does not belong to a small picture.
MAX_BAR_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class _Bars:
    """Bars above and below, and the frames that have them."""

    top: float  #: rows, a fraction
    bottom: float
    members: FrameIndices


def find_pictures(
    lumas: Sequence[NDArray[np.uint8]], times_s: Sequence[float], shots: Sequence[int]
) -> list[Active | None]:
    """Find for each frame the part of it that the picture fills; None where that is all of it.

    Frames that show bars give them to others of the same stretch that are too dark to show them, but never
    to one that shows something else where the bars would be.

    Args:
        lumas: (height, width) uint8 planes in order of time, upright, all of one size.
        times_s: when each is shown.
        shots: the number of the shot of each.
    """
    found: list[Active | None] = [None] * len(lumas)
    if not lumas:
        return found
    search = _Search(np.stack(lumas), np.asarray(times_s), np.asarray(shots))
    rest = np.arange(len(lumas))
    for _ in range(MAX_RECTANGLES):
        active, members = search.rectangle(rest)
        for index in members:
            found[index] = active
        rest = np.setdiff1d(rest, members)
        if active is None or not len(rest):
            break
    return found


def inside(active: Active | None, width_px: int, height_px: int) -> Box:
    """Convert shares of a small picture to its pixels; a line that is mostly bar is left out."""
    left, top, right, bottom = active or (0.0, 0.0, 1.0, 1.0)
    return Box(
        math.ceil(left * width_px - MAX_BAR_SHARE),
        math.ceil(top * height_px - MAX_BAR_SHARE),
        math.floor(right * width_px + MAX_BAR_SHARE),
        math.floor(bottom * height_px + MAX_BAR_SHARE),
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """All frames of a file."""

    planes: Planes
    times_s: NDArray[np.float64]
    shots: NDArray[np.int64]

    def rectangle(self, among: FrameIndices) -> tuple[Active | None, FrameIndices]:
        """Find the bars that most of some frames have, and all of them that have these."""
        lying = self.planes.transpose(0, 2, 1)
        across, along = self._bars(self.planes, among), self._bars(lying, among)
        if along and (not across or len(along.members) > len(across.members)):
            (left, right), (top, bottom), members = self._both(lying, along)
        elif across:
            (top, bottom), (left, right), members = self._both(self.planes, across)
        else:
            return None, among[:0]
        height, width = self.planes.shape[1:]
        return (left / width, top / height, 1 - right / width, 1 - bottom / height), members

    def _both(
        self, planes: Planes, first: _Bars
    ) -> tuple[tuple[float, float], tuple[float, float], FrameIndices]:
        """Add the bars across the other axis, between the bars that were found; 0 where there are none."""
        between = planes[:, math.ceil(first.top) : planes.shape[1] - math.ceil(first.bottom)]
        second = self._bars(between.transpose(0, 2, 1), first.members)
        if second is None:
            return (first.top, first.bottom), (0.0, 0.0), first.members
        return (first.top, first.bottom), (second.top, second.bottom), second.members

    def _bars(self, planes: Planes, among: FrameIndices) -> _Bars | None:
        """Find bars above and below that most of some frames have."""
        votes = Votes([step_shares(np.ascontiguousarray(planes[index])) for index in among])
        for pair in (*votes.pairs(), *votes.singles()):
            seen = among[pair.witnesses]
            if len(seen) < min(MIN_WITNESSES, len(among)):
                continue
            looked_at = planes[seen[:: math.ceil(len(seen) / _MAX_LOOKED_AT)]]
            exact = exact_depths(looked_at, pair)
            band = recognise(looked_at, at_depths(pair, exact, planes.shape[1]))
            members = (
                among[:0]
                if band is None
                else self._members(planes, band, among, seen, votes.show_either(pair))
            )
            if band is not None and self._is_long(members, seen, is_black=band.is_black):
                return _Bars(*exact, members)
        return None

    def _members(
        self,
        planes: Planes,
        band: Band,
        among: FrameIndices,
        seen: FrameIndices,
        show_either: NDArray[np.bool_],
    ) -> FrameIndices:
        """List the frames that can have these bars, in runs of shots of which some frame surely has them.

        Args:
            planes: all frames.
            band: what lies outside of the seams.
            among: the frames that are asked.
            seen: those that show both seams.
            show_either: for each of `among`, whether it shows one seam at least.
        """
        shows_seam = np.isin(among, seen)
        holds = band.holds(planes[among], shows_seam)
        shots = self.shots[among]

        def can_have_bars(shot: int) -> bool:
            is_in_shot = shots == shot
            is_trusted = band.is_flat or bool(show_either[is_in_shot].any())
            return is_trusted and bool(holds[is_in_shot].mean() >= MIN_SHOT_SHARE)

        members: list[int] = []
        for can_have, run in groupby(np.unique(shots).tolist(), key=can_have_bars):
            is_in_run = np.isin(shots, list(run))
            if can_have and (is_in_run & shows_seam).any():
                members += among[is_in_run & holds].tolist()
        return np.array(members, dtype=np.intp)

    def _is_long(self, members: FrameIndices, seen: FrameIndices, *, is_black: bool) -> bool:
        """Tell whether enough frames show bars, for long enough that they are no chance."""
        if not len(members) or np.isin(seen, members).sum() < MIN_WITNESS_SHARE * len(members):
            return False
        is_everywhere = len(members) == len(self.planes)
        lasts_s = self.times_s[members[-1]] - self.times_s[members[0]]
        return is_black or is_everywhere or bool(lasts_s >= MIN_STRETCH_S)
