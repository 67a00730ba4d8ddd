"""What lies outside of two seams: a flat colour, a picture that stands still, or an enlargement of the inside.

Everything here looks at rows above and below a picture; for columns, transpose the frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from worker.pipeline.cues.bars import enlargement
from worker.pipeline.cues.bars.seams import STEP, Pair, Planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A flat band is as flat as its coding leaves it.
TOLERANCE = 8
# Text or a logo covers at most so much of a band, and of one row of it.
MAX_COVERED = 0.25
MAX_ROW_COVERED = 0.6
# Next to the picture the band is clean in most frames: what grows out of the picture is no subtitle.
CLEAN = 0.04
MIN_CLEAN_FRAMES = 0.4
_NEAREST_ROWS = 3
# The picture differs from the bar along so much of the seam in one frame or another ...
MIN_TOUCHED = 0.6
MIN_TOUCHED_BY_BLACK = 0.5
# ... and is no second flat ground, as below the heading of a slide: levels.
MIN_SPREAD = 4
MIN_SPREAD_OF_COLOUR = 8
# Where a seam needs more proof, the picture moves along so much of it, by so many levels.
MIN_MOVING = 0.5
MOVING = 4
MIN_LIVELY = 0.02
# Black is 16 in video range (BT.709), 0 in full range; codecs leave it a little brighter.
MAX_BLACK = 26
# Bands of a picture that stands still, or of an enlargement, take at least this share of a side each.
MIN_FILL_SHARE = 0.06
MIN_FILL_FRAMES = 6
# Of a band that stands still, so much keeps its luma; and so little of it has edges.
MIN_STILL = 0.97
# So many of the frames that show the seams have such bands: in others the picture fades.
MIN_HOLDING = 0.8
MAX_ROUGH = 0.12

class Band(Protocol):
    """A kind of band, known from the frames that show its seams."""

    def holds(self, planes: Planes) -> NDArray[np.bool_]:
        """Tell for each frame whether its bands can be of this kind: nothing else is seen there."""


def outside(planes: Planes, pair: Pair) -> Planes:
    """Cut out what lies outside of both seams, (frames, rows, width), without the row at each seam."""
    height = planes.shape[1]
    top, bottom = max(pair.top - 1, min(pair.top, 1)), max(pair.bottom - 1, min(pair.bottom, 1))
    return np.concatenate([planes[:, :top], planes[:, height - bottom :]], axis=1)


def recognise(planes: Planes, pair: Pair) -> Band | None:
    """Tell what kind of band the witnesses of two seams show; None where it is composition.

    Args:
        planes: the witnesses, in order of time.
        pair: the seams.
    """
    edges = [Edge.of(side, depth) for side, depth in _sides(planes, pair)]
    return _flat(planes, pair, edges) or _still(planes, pair, edges) or _enlarged(planes, pair, edges)


def _sides(planes: Planes, pair: Pair) -> list[tuple[Planes, int]]:
    both = (planes, pair.top), (planes[:, ::-1], pair.bottom)
    return [(side, depth) for side, depth in both if depth]


@dataclass(frozen=True, slots=True)
class Edge:
    """How a picture meets one seam, over many frames."""

    touched: float  #: share of the seam's length that it reaches in one frame or another
    is_moving: bool  #: it changes along most of the seam
    spread: float  #: of luma beside the seam, over its length and time, in levels
    is_clean: bool  #: outside of the seam, nothing reaches it in most frames

    @property
    def is_picture(self) -> bool:
        """Whether the seam is that of a picture, and no figure's or page's."""
        return self.touched >= MIN_TOUCHED and self.spread >= MIN_SPREAD

    @classmethod
    def of(cls, planes: Planes, depth: int) -> Edge:
        """Look along the seam at the top."""
        inside = planes[:, min(depth + 1, planes.shape[1] - 1)].astype(np.float32)
        near = planes[:, max(0, depth - 1 - _NEAREST_ROWS) : max(1, depth - 1)].astype(np.int16)
        differs = np.abs(inside - near[:, -1]) > STEP
        middle = np.median(near, axis=(1, 2), keepdims=True)
        covered = (np.abs(near - middle) > TOLERANCE).mean(axis=(1, 2))
        spread = float(planes[:, depth + 1 : depth + 5].std(axis=(0, 2)).min())
        return cls(
            touched=float(differs.any(axis=0).mean()),
            spread=spread,
            is_moving=bool((inside.std(axis=0) >= MOVING).mean() >= MIN_MOVING),
            is_clean=bool((covered <= CLEAN).mean() >= MIN_CLEAN_FRAMES),
        )


@dataclass(frozen=True, slots=True)
class Flat:
    """One colour, perhaps with text on it."""

    pair: Pair
    level: float

    def holds(self, planes: Planes) -> NDArray[np.bool_]:
        """Tell for each frame whether its bands have this colour, text apart."""
        rows = self._off(planes).mean(axis=2)
        return np.asarray((rows.mean(axis=1) <= MAX_COVERED) & (rows.max(axis=1) <= MAX_ROW_COVERED))

    def covered(self, planes: Planes) -> NDArray[np.float64]:
        """Measure how much of the bands of each frame is covered by something else."""
        return np.asarray(self._off(planes).mean(axis=(1, 2)))

    def _off(self, planes: Planes) -> NDArray[np.bool_]:
        band = outside(planes, self.pair)[..., ::2]
        low, high = max(0, round(self.level) - TOLERANCE), min(255, round(self.level) + TOLERANCE)
        return np.asarray((band < low) | (band > high))


def _flat(planes: Planes, pair: Pair, edges: list[Edge]) -> Flat | None:
    levels = [np.median(side[:, : max(1, depth - 1)], axis=(1, 2)) for side, depth in _sides(planes, pair)]
    level = float(np.median(levels))
    flat = Flat(pair, level)
    if not all(edge.is_clean for edge in edges) or (np.abs(np.stack(levels) - level) > STEP).mean() > 0.2:
        return None
    if flat.holds(planes).mean() < MIN_HOLDING:
        return None
    is_plain = np.quantile(flat.covered(planes), 0.9) <= CLEAN
    is_black = level <= MAX_BLACK and is_plain
    if pair.is_alike and is_black:
        is_sure = all(edge.touched >= MIN_TOUCHED_BY_BLACK for edge in edges)
    elif not all(edge.is_picture for edge in edges):
        is_sure = False
    elif len(edges) == 1:
        is_sure = is_black and edges[0].is_moving and not _is_black_beyond(planes, pair)
    else:
        is_sure = _is_lively(planes, pair) and max(edge.spread for edge in edges) >= MIN_SPREAD_OF_COLOUR
        is_sure = is_sure and (pair.is_alike or is_black)
    return flat if is_sure else None


def _is_black_beyond(planes: Planes, pair: Pair) -> bool:
    """Tell whether the side without a seam is black as well in most frames: then it is a black ground."""
    beyond = planes[:, -3:-1] if pair.top else planes[:, 1:3]
    return bool((beyond <= MAX_BLACK).mean() >= 0.5)


def _is_lively(planes: Planes, pair: Pair) -> bool:
    """Tell whether something moves between the seams."""
    picture = planes[:, pair.top + 2 : planes.shape[1] - pair.bottom - 2 : 2, ::2]
    return bool((picture.astype(np.float32).std(axis=0) >= MOVING).mean() >= MIN_LIVELY)


@dataclass(frozen=True, slots=True)
class StandingStill:
    """A picture without detail that never changes, as a gradient."""

    pair: Pair
    band: NDArray[np.float32]  #: (rows, width)

    def holds(self, planes: Planes) -> NDArray[np.bool_]:
        """Tell for each frame whether its bands show this."""
        off = np.abs(outside(planes, self.pair) - self.band) > STEP
        return np.asarray(off.mean(axis=(1, 2)) <= 1 - MIN_STILL)


def _still(planes: Planes, pair: Pair, edges: list[Edge]) -> StandingStill | None:
    if not _can_be_filled(planes, pair) or not all(edge.is_picture and edge.is_moving for edge in edges):
        return None
    band = np.median(outside(planes, pair), axis=0).astype(np.float32)
    found = StandingStill(pair, band)
    is_smooth = (np.abs(np.diff(band, axis=1)) > STEP / 2).mean() <= MAX_ROUGH
    return found if is_smooth and found.holds(planes).mean() >= MIN_HOLDING else None


@dataclass(frozen=True, slots=True)
class Enlarged:
    """A blurred enlargement of the picture itself."""

    pair: Pair

    def holds(self, planes: Planes) -> NDArray[np.bool_]:
        """Tell for each frame whether its bands are far less sharp than the picture, or all is dark."""
        return enlargement.is_blurred(planes, self.pair.top, self.pair.bottom)


def _enlarged(planes: Planes, pair: Pair, edges: list[Edge]) -> Enlarged | None:
    if not _can_be_filled(planes, pair) or not all(edge.is_picture for edge in edges):
        return None
    found = Enlarged(pair)
    if found.holds(planes).mean() < MIN_HOLDING:
        return None
    return found if enlargement.likeness(planes, pair.top, pair.bottom) >= enlargement.MIN_LIKENESS else None


def _can_be_filled(planes: Planes, pair: Pair) -> bool:
    least = MIN_FILL_SHARE * planes.shape[1]
    return pair.is_alike and len(planes) >= MIN_FILL_FRAMES and min(pair.top, pair.bottom) >= least
