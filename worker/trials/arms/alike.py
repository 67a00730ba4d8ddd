"""Whether two pictures of a video look alike, by the line that its picks keep, without numpy.

A few dozen vectors are compared when a test starts: that takes a twentieth of a second.
"""

from __future__ import annotations

import math
from itertools import combinations
from operator import mul
from typing import TYPE_CHECKING, NamedTuple, Self

from sqlalchemy import select

from worker.database.models import StoredCandidate
from worker.pictures.embeddings import unpack
from worker.pictures.likeness import MIN_DISTANCE, SAME_PICTURE, UNLIKE_QUANTILE

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.database.models import Thumbnail

# So many frames tell how unlike a video's frames are.
SAMPLE = 64
# What was not measured, or by two models, is told apart by its moment alone, as picks of one scene are.
MIN_GAP_S = 2.0


class Likeness(NamedTuple):
    """Tells whether two pictures of one video are the same to people."""

    unit: float  #: 1 - cosine of the video's unlike frames
    model: str  #: whose vectors it was measured with

    @classmethod
    def of(cls, session: Session, asset_id: int, model: str) -> Self:
        """Measure it by the frames of the newest run that this model scored."""
        scored = select(StoredCandidate.embedding).where(
            StoredCandidate.asset_id == asset_id,
            StoredCandidate.model == model,
            StoredCandidate.score.is_not(None),
            StoredCandidate.embedding.is_not(None),
        )
        stored = session.scalars(scored.order_by(StoredCandidate.time_s)).all()
        return cls(unlike_distance([unpack(one) for one in stored if one is not None]), model)

    def are_alike(self, a: Thumbnail, b: Thumbnail) -> bool:
        """Tell whether one of the two would not have been picked beside the other."""
        if a.sha256 == b.sha256:
            return True
        if a.embedding is None or b.embedding is None or not a.model == b.model == self.model:
            return abs(a.time_s - b.time_s) < MIN_GAP_S
        return distance(unpack(a.embedding), unpack(b.embedding)) / self.unit < SAME_PICTURE


def unlike_distance(vectors: Sequence[array[float]]) -> float:
    """Measure how far apart the unlike frames of a video are, as `selection.scenes` does.

    Args:
        vectors: of its frames in order of time, each of length 1; of many, `SAMPLE` are compared.

    Returns:
        1 - cosine; never 0.
    """
    step = max(1, math.ceil(len(vectors) / SAMPLE))
    pairs = sorted(distance(a, b) for a, b in combinations(vectors[::step], 2))
    return max(_quantile(pairs, UNLIKE_QUANTILE), MIN_DISTANCE / SAME_PICTURE)


def distance(a: array[float], b: array[float]) -> float:
    """Return 1 - cosine of two vectors of length 1; those of different lengths are farthest apart."""
    return 1.0 if len(a) != len(b) else max(0.0, 1.0 - sum(map(mul, a, b)))


def _quantile(in_order: Sequence[float], share: float) -> float:
    """Find a quantile between two values in proportion, as numpy does; 0 where there are none."""
    if not in_order:
        return 0.0
    place = share * (len(in_order) - 1)
    below = math.floor(place)
    above = min(below + 1, len(in_order) - 1)
    return in_order[below] + (place - below) * (in_order[above] - in_order[below])
