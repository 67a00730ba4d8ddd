"""Where straight lines run across the whole picture, at the same place in many frames.

Everything here looks along rows, from the top and from the bottom; for columns, transpose the frames.
A depth is a number of rows from the outside: the first row of the picture, counted from its edge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Planes = NDArray[np.uint8]
"""(frames, height, width) uint8: luma of some frames, upright."""

# Bars deeper than this on one side leave no picture that anybody made.
MAX_DEPTH_SHARE = 0.42
# Luma that differs by more than this many levels differs to the eye, and is not the noise of coding.
STEP = 6
# In a frame that shows a seam, so much of its length differs from what lies outside ...
MIN_STEP_SHARE = 0.4
# ... and so much more than rows farther outside differ from each other.
MIN_ADVANTAGE = 0.2
# Rows that differ because of the seam itself, and how far outside of it others are looked at.
_SEAM_ROWS = 4
_OUTSIDE_ROWS = 10
# Both bars are alike to this share of the side; anything else is composition, unless it is surely black.
MAX_ASYMMETRY = 0.03
# A picture that is moved up or down has such bars at least; less is what cameras leave at an edge.
_MIN_UNLIKE_ROWS = 4
# So many pairs of seams are looked at before none is taken.
_PAIRS = 2


class SeamPair(NamedTuple):
    """Two seams, and the frames that show both."""

    top: int  #: rows from the top; 0 where only the other exists
    bottom: int  #: rows from the bottom; 0 where only the other exists
    witnesses: NDArray[np.intp]  #: indexes of frames
    is_alike: bool  #: both bars are equally deep, or nearly


def step_shares(luma: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Measure for every row how much of its length differs from the row three above.

    Args:
        luma: (height, width) uint8.

    Returns:
        (height + 1,) shares 0..1: one at k says that rows k - 2 and k + 1 differ along their whole length, as
        they do where row k is the first of a picture, even if the one before it is half bar and half picture.
    """
    padded = cv2.copyMakeBorder(luma, 2, 2, 0, 0, cv2.BORDER_REPLICATE)
    _, differs = cv2.threshold(cv2.absdiff(padded[3:], padded[:-3]), STEP, 1, cv2.THRESH_BINARY)
    return np.asarray(cv2.reduce(differs, 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F)[:, 0], np.float32)


class Votes:
    """Says for each frame at which depths it shows a seam."""

    def __init__(self, shares: Sequence[NDArray[np.float32]]) -> None:
        """Find the seams.

        Args:
            shares: `step_shares` of each frame.
        """
        all_shares = np.stack(shares)
        self.height = all_shares.shape[1] - 1
        self.top = self._seams(all_shares)
        self.bottom = self._seams(all_shares[:, ::-1])

    def _seams(self, shares: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Find where frames show a seam, give or take a row: (frames, depths) bool."""
        depths = int(MAX_DEPTH_SHARE * self.height) + 1
        outside = np.zeros_like(shares[:, :depths])
        for distance in range(_SEAM_ROWS, min(_OUTSIDE_ROWS, depths)):
            np.maximum(outside[:, distance:], shares[:, : depths - distance], out=outside[:, distance:])
        found = (shares[:, :depths] >= MIN_STEP_SHARE) & (shares[:, :depths] - outside >= MIN_ADVANTAGE)
        found[:, 0] = False
        wide = found.copy()
        wide[:, 1:] |= found[:, :-1]
        wide[:, :-1] |= found[:, 1:]
        wide[:, 0] = False
        return wide

    def pairs(self) -> list[SeamPair]:
        """List the best pairs of seams, those at like depths first."""
        together = self.top.T.astype(np.float32) @ self.bottom.astype(np.float32)
        depths = np.arange(together.shape[0])
        are_alike = np.abs(depths[:, None] - depths[None]) <= _most_unlike(self.height)
        found = []
        are_deep = np.minimum(depths[:, None], depths[None]) >= _MIN_UNLIKE_ROWS
        for counts in (together * are_alike, together * (~are_alike & are_deep)):
            for _ in range(_PAIRS):
                a, b = _middle_of_peak(counts)
                if not counts[a, b]:
                    break
                seen = np.flatnonzero(self.top[:, a] & self.bottom[:, b])
                found.append(SeamPair(a, b, seen, is_alike=bool(are_alike[a, b])))
                counts[max(0, a - 3) : a + 4, max(0, b - 3) : b + 4] = 0
        return found

    def singles(self) -> list[SeamPair]:
        """List the best seam of the top and the best of the bottom, each alone."""
        top, bottom = (
            _middle_of_peak(votes.sum(axis=0, dtype=np.float32)[:, None])[0]
            for votes in (self.top, self.bottom)
        )
        return [
            SeamPair(top, 0, np.flatnonzero(self.top[:, top]), is_alike=False),
            SeamPair(0, bottom, np.flatnonzero(self.bottom[:, bottom]), is_alike=False),
        ]

    def show_either(self, pair: SeamPair) -> NDArray[np.bool_]:
        """Tell for each frame whether it shows at least one of two seams."""
        return np.asarray(self.top[:, pair.top] | self.bottom[:, pair.bottom])


def _middle_of_peak(counts: NDArray[np.float32]) -> tuple[int, int]:
    """Find the middle of the highest plateau around the first highest place."""
    first = np.unravel_index(int(counts.argmax()), counts.shape)
    around = tuple(slice(place, place + 4) for place in first)
    a, b = np.nonzero(counts[around] >= 0.95 * counts[first])
    return int(first[0]) + int(np.median(a)), int(first[1]) + int(np.median(b))


def _most_unlike(height: int) -> float:
    """Say by how many rows bars that are alike differ at most."""
    return max(2, MAX_ASYMMETRY * height)


def exact_depths(planes: Planes, pair: SeamPair) -> tuple[float, float]:
    """Find where between two rows each seam of a pair lies: rows from the top and from the bottom.

    Args:
        planes: frames that show both seams.
        pair: where, give or take two rows.
    """
    return _exact_depth(planes, pair.top), _exact_depth(planes[:, ::-1], pair.bottom)


def at_depths(pair: SeamPair, exact: tuple[float, float], height: int) -> SeamPair:
    """Put a pair where it exactly is, in whole rows."""
    top, bottom = (max(1, round(depth)) if depth else 0 for depth in exact)
    is_alike = pair.is_alike and abs(top - bottom) <= _most_unlike(height)
    return pair._replace(top=top, bottom=bottom, is_alike=is_alike)


def _exact_depth(planes: Planes, depth: int) -> float:
    """Find where the seam at the top lies; in each frame, then the median.

    The rows around it are weighed by how far they are from the outside to the inside.
    """
    if not depth:
        return 0.0
    rows = np.clip(np.arange(depth - 4, depth + 4), 0, planes.shape[1] - 1)
    around = planes[:, rows].astype(np.int16)
    distances = np.abs(around - around[:, :1])
    found = []
    for distance in distances:
        # Where the picture is like the bar, it says nothing of where it begins.
        profile = distance[:, distance[-2] > STEP]
        if profile.shape[1] >= MIN_STEP_SHARE / 2 * planes.shape[2]:
            weights = profile.mean(axis=1)
            weights -= weights[:2].mean()
            found.append(depth + 3 - np.clip(weights[1:7] / weights[-2:].mean(), 0, 1).sum())
    return float(np.median(found)) if found else float(depth)
