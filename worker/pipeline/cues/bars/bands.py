"""What lies outside of two seams: a flat colour, a picture that stands still, or the inside enlarged.

Everything here looks at rows above and below a picture; for columns, transpose the frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from worker.pipeline.cues.bars import enlargement
from worker.pipeline.cues.bars.edges import (
    CLEAN_SHARE,
    MOVING,
    NEAR_ROWS,
    TOLERANCE,
    are_of_picture,
    edges,
    sides,
)
from worker.pipeline.cues.bars.seams import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from worker.pipeline.cues.bars.edges import Edge
    from worker.pipeline.cues.bars.seams import Planes, SeamPair

# Text or a logo covers at most so much of both bands, and of one row of them.
MAX_COVERED = 0.25
MAX_ROW_COVERED = 0.6
# So many of the frames that show the seams have such bands: in the others the picture fades.
MIN_HOLDING = 0.8
# Black is 16 in video range (BT.709), 0 in full range; codecs leave it a little brighter.
MAX_BLACK = 26
# Black bars at both sides are so usual that a dark picture may show less of its edge.
MIN_TOUCHED_BY_BLACK = 0.5
# Where a page has text, a chart or a table on it may stand on one line too.
MIN_TOUCHED_BESIDE_TEXT = 0.8
# Of a picture beside another colour, or beside text, at least this share moves.
MIN_LIVELY = 0.02
# Bands that are not flat take at least this share of a side each, and are seen in so many frames.
MIN_FILL_SHARE = 0.1
MIN_FILL_FRAMES = 6
# Of a band that stands still, so much keeps its luma, and so little has edges.
MIN_STILL = 0.97
MAX_ROUGH = 0.12


class Band(Protocol):
    """A kind of band, known from the frames that show its seams."""

    def holds(self, planes: Planes, shows_seam: NDArray[np.bool_], /) -> NDArray[np.bool_]:
        """Tell for each frame whether its bands can be of this kind: nothing else is seen there.

        Args:
            planes: the frames.
            shows_seam: for each, whether it shows where the bands end.
        """

    @property
    def is_flat(self) -> bool:
        """Whether it is of one colour, so that a shot too dark to show where it ends can be trusted."""

    @property
    def is_black(self) -> bool:
        """Whether it is black, as most bars are."""


def recognise(planes: Planes, pair: SeamPair) -> Band | None:
    """Tell what kind of band the witnesses of two seams show; None where it is composition.

    Args:
        planes: the witnesses, in order of time.
        pair: the seams.
    """
    found = edges(planes, pair)
    if flat := _flat(planes, pair, found):
        return flat
    is_deep = min(pair.top, pair.bottom) >= MIN_FILL_SHARE * planes.shape[1]
    can_be_filled = pair.is_alike and is_deep and len(planes) >= MIN_FILL_FRAMES
    if not can_be_filled or not are_of_picture(found):
        return None
    return _standing_still(planes, pair, found) or _enlarged(planes, pair)


@dataclass(frozen=True, slots=True)
class Flat:
    """One colour, perhaps with text on it."""

    pair: SeamPair
    level: float  #: its luma
    is_flat: bool = True

    @property
    def is_black(self) -> bool:
        """Whether it is black, as most bars are."""
        return self.level <= MAX_BLACK

    def holds(self, planes: Planes, shows_seam: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell for each frame whether its bands have this colour, text apart."""
        rows = self._differs(planes).mean(axis=2)
        above = _rows_above(self.pair)
        near = rows[:, max(0, above - NEAR_ROWS) : above + NEAR_ROWS].max(axis=1)
        is_mostly_bar = (rows.mean(axis=1) <= MAX_COVERED) & (rows.max(axis=1) <= MAX_ROW_COVERED)
        # Where no seam is seen, what reaches into the bands is no subtitle, but a head on a dark ground.
        return np.asarray(is_mostly_bar & (shows_seam | (near <= CLEAN_SHARE)))

    def is_plain(self, planes: Planes) -> bool:
        """Tell whether nothing lies on the bands in nearly all of these frames."""
        return bool(np.quantile(self._differs(planes).mean(axis=(1, 2)), 0.9) <= CLEAN_SHARE)

    def _differs(self, planes: Planes) -> NDArray[np.bool_]:
        band = _outside(planes, self.pair)[..., ::2]
        low, high = max(0, round(self.level) - TOLERANCE), min(255, round(self.level) + TOLERANCE)
        return np.asarray((band < low) | (band > high))


def _flat(planes: Planes, pair: SeamPair, found: list[Edge]) -> Flat | None:
    levels = [np.median(side[:, : max(1, depth - 1)], axis=(1, 2)) for side, depth in sides(planes, pair)]
    flat = Flat(pair, float(np.median(levels)))
    is_constant = (np.abs(np.stack(levels) - flat.level) <= STEP).mean() >= MIN_HOLDING
    if not is_constant or not all(edge.is_clean for edge in found) or not _mostly_holds(flat, planes):
        return None
    is_plain = flat.is_plain(planes)
    is_black = flat.is_black and is_plain
    if pair.is_alike and is_black:
        return flat if all(edge.touched >= MIN_TOUCHED_BY_BLACK for edge in found) else None
    is_text_apart = is_plain or all(edge.touched >= MIN_TOUCHED_BESIDE_TEXT for edge in found)
    if not is_text_apart or not are_of_picture(found):
        return None
    if len(found) == 1:
        # A black side may be a wall, the sky, or the ground that figures stand on.
        return flat if is_black and found[0].is_moving and not _is_black_beyond(planes, pair) else None
    return flat if (pair.is_alike or is_black) and _is_lively(planes, pair) else None


def _is_black_beyond(planes: Planes, pair: SeamPair) -> bool:
    """Tell whether the side without a seam is black as well."""
    beyond = planes[:, -3:-1] if pair.top else planes[:, 1:3]
    return bool(np.median(beyond) <= MAX_BLACK)


def _is_lively(planes: Planes, pair: SeamPair) -> bool:
    """Tell whether something moves between the seams."""
    picture = planes[:, pair.top + 2 : planes.shape[1] - pair.bottom - 2 : 2, ::2]
    return bool((picture.std(axis=0, dtype=np.float32) >= MOVING).mean() >= MIN_LIVELY)


@dataclass(frozen=True, slots=True)
class StandingStill:
    """A picture without detail that never changes, as a gradient."""

    pair: SeamPair
    band: NDArray[np.float32]  #: (rows, width)
    is_flat: bool = False
    is_black: bool = False

    def holds(self, planes: Planes, _shows_seam: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell for each frame whether its bands show this."""
        differs = np.abs(_outside(planes, self.pair) - self.band) > STEP
        return np.asarray(differs.mean(axis=(1, 2)) <= 1 - MIN_STILL)


def _standing_still(planes: Planes, pair: SeamPair, found: list[Edge]) -> StandingStill | None:
    band = np.median(_outside(planes, pair), axis=0).astype(np.float32)
    is_smooth = (np.abs(np.diff(band, axis=1)) > STEP / 2).mean() <= MAX_ROUGH
    if not is_smooth or not all(edge.is_moving for edge in found):
        return None
    still = StandingStill(pair, band)
    return still if _mostly_holds(still, planes) else None


@dataclass(frozen=True, slots=True)
class Enlarged:
    """A blurred enlargement of the picture itself."""

    pair: SeamPair
    is_flat: bool = False
    is_black: bool = False

    def holds(self, planes: Planes, _shows_seam: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell for each frame whether its bands are far less sharp than the picture, or all is dark."""
        blurred = [enlargement.is_blurred(plane, self.pair.top, self.pair.bottom) for plane in planes]
        return np.array(blurred, dtype=bool)


def _enlarged(planes: Planes, pair: SeamPair) -> Enlarged | None:
    enlarged = Enlarged(pair)
    if not _mostly_holds(enlarged, planes):
        return None
    return enlarged if enlargement.likeness(planes, *pair[:2]) >= enlargement.MIN_LIKENESS else None


def _mostly_holds(band: Band, planes: Planes) -> bool:
    return bool(band.holds(planes, np.ones(len(planes), dtype=bool)).mean() >= MIN_HOLDING)


def _rows_above(pair: SeamPair) -> int:
    """Count the rows of the band above that are surely no part of the picture: the last may be both."""
    return max(pair.top - 1, min(pair.top, 1))


def _outside(planes: Planes, pair: SeamPair) -> Planes:
    """Cut out both bands, (frames, rows, width)."""
    below = max(pair.bottom - 1, min(pair.bottom, 1))
    return np.concatenate([planes[:, : _rows_above(pair)], planes[:, planes.shape[1] - below :]], axis=1)
