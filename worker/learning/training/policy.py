"""Which of a few frames would be shown: by hand-made weights, or with what was learned.

The rules are the picker's (`worker.pipeline.scoring.learned_head`), for frames of which defects and text tell
nothing apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from worker.pipeline.scoring.learned_head import REACH, moved_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from worker.learning.training.examples import Floats, Tests


def points(direction: NDArray[Any], centred: NDArray[Any]) -> Floats:
    """Value (n, d) embeddings that are centred within their video, in points of score: (n,), -1 to 1."""
    clipped: Floats = np.clip(centred.astype(np.float64) @ direction, -REACH, REACH)
    return clipped


def pick(tests: Tests, learned: Floats) -> NDArray[np.int64]:
    """Find the variant of each video that would be shown: (v,) rows.

    Args:
        tests: with hand scores.
        learned: (n,) points that a head gives; zeros for the order by hand.
    """
    best = np.maximum.reduceat(tests.hand, tests.starts)[tests.groups]
    return first_of_best(tests, moved_scores(tests.hand, learned, best - REACH))


def first_of_best(tests: Tests, scores: Floats) -> NDArray[np.int64]:
    """Find the first of the variants with the highest of (n,) scores, in each video: (v,) rows."""
    is_best = scores == np.maximum.reduceat(scores, tests.starts)[tests.groups]
    rows = np.where(is_best, np.arange(len(scores)), len(scores))
    return np.minimum.reduceat(rows, tests.starts)


def prefers_chosen(chosen_hand: Floats, other_hand: Floats, lead: Floats) -> Floats:
    """Tell which of two frames comes first: (n,) 1 for the chosen one, 0 for the other, .5 for neither.

    Args:
        chosen_hand: (n,) hand scores.
        other_hand: (n,) hand scores.
        lead: (n,) points that the chosen one gets more than the other.
    """
    by_hand = chosen_hand - other_hand
    is_near = np.abs(by_hand) <= REACH
    wins: Floats = (np.sign(by_hand + np.where(is_near, lead, 0.0)) + 1) / 2
    return wins


def first(hand: Floats, learned: Floats) -> int:
    """Find which of (n,) frames of one video comes first, with (n,) points that a head gives."""
    return int(moved_scores(hand, learned, hand.max() - REACH).argmax())
