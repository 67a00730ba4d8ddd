"""Finds the rectangle that the picture fills, for each frame of a file, by what long stretches show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from worker.pipeline.cues.bars.bands import Band, Flat, recognise, MAX_BLACK
from worker.pipeline.cues.bars.seams import Pair, Planes, Votes, exact_depth, step_shares
from worker.pipeline.frames import Active, Box

if TYPE_CHECKING:
    from collections.abc import Sequence

Frames = NDArray[np.intp]
"""Indexes of frames, in order of time."""

# A seam is believed by so many frames, or by all where there are fewer ...
MIN_WITNESSES = 3
# ... that are at least so many of those where it can be: the others are dark, or like the bar.
MIN_WITNESS_SHARE = 0.25
# A shot has bars if most of its frames can; one or two may belong to the shot before.
MIN_SHOT_SHARE = 0.75
# Any colour but black can be a part of what was filmed for some seconds.
MIN_STRETCH_S = 2.0
# Different bars in one file: more are chance.
MAX_RECTANGLES = 6
_MAX_WITNESSES = 40


@dataclass(frozen=True, slots=True)
class _Found:
    """Bars along one axis: what they are, and in which frames."""

    exact: tuple[float, float]  #: rows from the top and from the bottom
    pair: Pair
    members: Frames


def find_pictures(
    lumas: Sequence[NDArray[np.uint8]], times_s: Sequence[float], shots: Sequence[int]
) -> list[Active | None]:
    """Find for each frame the part of it that the picture fills; None where that is all of it.

    Args:
        lumas: (height, width) uint8 planes in order of time, upright, all of one size.
        times_s: when each is shown.
        shots: the number of the shot of each.

    Returns:
        Shares of the frame. Frames that show bars give them to others of the same stretch that are too dark
        to show them, but never to one that shows something where the bars would be.
    """
    found: list[Active | None] = [None] * len(lumas)
    if not lumas:
        return found
    search = _Search(np.stack(lumas), np.asarray(times_s), np.asarray(shots))
    left = np.arange(len(lumas))
    for _ in range(MAX_RECTANGLES):
        active, members = search.rectangle(left)
        if active is None:
            break
        for index in members:
            found[index] = active
        left = np.setdiff1d(left, members)
    return found


def inside(active: Active | None, width_px: int, height_px: int) -> Box:
    """Convert shares of a small picture to its pixels: none of them is mostly bar."""
    left, top, right, bottom = active or (0.0, 0.0, 1.0, 1.0)
    return Box(
        math.ceil(left * width_px - 0.3),
        math.ceil(top * height_px - 0.3),
        math.floor(right * width_px + 0.3),
        math.floor(bottom * height_px + 0.3),
    )


@dataclass(frozen=True, slots=True)
class _Search:
    planes: Planes
    times_s: NDArray[np.float64]
    shots: NDArray[np.int64]

    def rectangle(self, left: Frames) -> tuple[Active | None, Frames]:
        """Find the bars that most of some frames have, and all frames that have them."""
        if not len(left):
            return None, left
        height, width = self.planes.shape[1:]
        upright, lying = self.planes, self.planes.transpose(0, 2, 1)
        options = [(self._bars(upright, left), False), (self._bars(lying, left), True)]
        first, is_lying = max(options, key=lambda one: len(one[0].members) if one[0] else 0)
        if first is None:
            return None, left
        stored = lying if is_lying else upright
        size = stored.shape[1]
        a, b = math.ceil(first.exact[0]), size - math.ceil(first.exact[1])
        across = stored[:, a:b].transpose(0, 2, 1)
        second = self._bars(across, first.members)
        members = second.members if second else first.members
        (top, bottom), (start, end) = first.exact, second.exact if second else (0.0, 0.0)
        if is_lying:
            return (top / width, start / height, 1 - bottom / width, 1 - end / height), members
        return (start / width, top / height, 1 - end / width, 1 - bottom / height), members

    def _bars(self, planes: Planes, left: Frames) -> _Found | None:
        """Find bars above and below."""
        shares = {index: step_shares(np.ascontiguousarray(planes[index])) for index in left}
        votes = Votes([shares[index] for index in left])
        everyone = np.arange(len(left))
        for pair in [*votes.pairs(everyone), *votes.singles(everyone)]:
            seen = left[pair.witnesses]
            if len(seen) < min(MIN_WITNESSES, len(left)):
                continue
            few = planes[seen[:: max(1, len(seen) // _MAX_WITNESSES)]]
            band = recognise(few, pair)
            if band is None:
                continue
            members = self._members(planes, band, seen, left)
            if self._is_enough(band, members, seen):
                exact = (
                    exact_depth(few, pair.top) if pair.top else 0.0,
                    exact_depth(few[:, ::-1], pair.bottom) if pair.bottom else 0.0,
                )
                return _Found(exact, pair, members)
        return None

    def _members(self, planes: Planes, band: Band, seen: Frames, left: Frames) -> Frames:
        """List the frames that can have these bars, of runs of shots in which some surely do."""
        holding = np.zeros(len(planes), bool)
        holding[left] = band.holds(planes[left])
        shots = self.shots[left]
        members: list[int] = []
        for has_bars, run in groupby(np.unique(shots), key=lambda shot: _share(holding[left][shots == shot])):
            frames = left[np.isin(shots, list(run))]
            if has_bars and np.isin(frames, seen).any():
                members += [int(index) for index in frames if holding[index]]
        return np.array(members, dtype=np.intp)

    def _is_enough(self, band: Band, members: Frames, seen: Frames) -> bool:
        if not len(members) or np.isin(seen, members).sum() < MIN_WITNESS_SHARE * len(members):
            return False
        if isinstance(band, Flat) and band.level <= MAX_BLACK:
            return True
        is_all = len(members) == len(self.planes)
        return is_all or bool(self.times_s[members[-1]] - self.times_s[members[0]] >= MIN_STRETCH_S)


def _share(holding: NDArray[np.bool_]) -> bool:
    return bool(holding.mean() >= MIN_SHOT_SHARE)
