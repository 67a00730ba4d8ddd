"""What viewers like, learned from tests and from people's choices: one direction in a model's embeddings.

It has the last word, and a small one: it changes the order of frames that are about equally good by hand-made
weights. However wrong a head is, the best frame that may be picked scores at most `REACH` more by hand than
the one that is picked in its place, and no frame passes another that has fewer defects.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from worker.pipeline.cues.defects import defects
from worker.pipeline.frames import LEARNED
from worker.pipeline.scoring import text_cost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Scored

# Points of the score: a head gives a frame so many at most, and only those can gain that score no less than
# this below the best.
REACH = 1.0
# What a head dislikes stays in front of all that cannot gain. Its floor rises a little with the score by
# hand, which so decides between frames that stand on it.
FLOOR_SLOPE = 0.01


class LearnedHead(NamedTuple):
    """What was learned for the embeddings of one model."""

    id: int  #: of its row
    sight: str  #: of the model, as of `ClipScorer.sight`; the embeddings of another mean nothing to it
    direction: NDArray[np.float32]  #: (d,) points for each unit of an embedding that is centred in its video

    def points(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Tell how much more than the mean of a video its viewers like each frame.

        Args:
            embeddings: (n, d) L2-normalized, of all frames of the video that are scored.

        Returns:
            (n,) points of the score, -1..1.
        """
        exact = embeddings.astype(np.float64)
        points = (exact - exact.mean(axis=0)) @ self.direction.astype(np.float64)
        return np.asarray(np.clip(points, -REACH, REACH), np.float64)


def add_learned(scored: Sequence[Scored], head: LearnedHead | None) -> list[Scored]:
    """Add the part `learned` to the score of those frames that are good enough, in the order given.

    Three rules bound what a head can do. Only what scores within `REACH` of the best by hand, has as few
    defects as any frame here, and was looked at for text where text counts, gets points of its own. What is
    within, and has more defects or was not looked at, gets the fewest points of these: so it never passes a
    frame that was better by hand. And nothing within falls below what is not, which keeps its score.

    Where no frame gets points there is no part `learned`, and nothing changes, to the last bit.

    Args:
        scored: the frames of one video, at least one, with all other parts.
        head: of the model that made the embeddings; None: nothing is learned.
    """
    if head is None:
        return list(scored)
    by_hand = np.array([one.hand_score for one in scored], np.float64)
    floor = float(by_hand.max()) - REACH
    is_within = by_hand >= floor
    may_move = is_within & _are_sound(scored)
    points = head.points(np.stack([one.embedding for one in scored]))
    if not points[may_move].any():
        return list(scored)
    fewest = min(0.0, float(points[may_move].min()))
    moved = moved_scores(by_hand, np.where(may_move, points, fewest), floor)
    return [
        replace(one, parts={**one.parts, LEARNED: float(score - hand)}, score=float(score)) if within else one
        for one, score, hand, within in zip(scored, moved, by_hand, is_within, strict=True)
    ]


def moved_scores(
    by_hand: NDArray[np.float64], points: NDArray[np.float64], floor: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Add points to the scores of (n,) frames, and let nothing at or above the floor fall below it.

    Args:
        by_hand: (n,) scores by hand.
        points: (n,) that a head gives, -1..1.
        floor: `REACH` below the best of its video; what is below it keeps its score.
    """
    moved = np.maximum(by_hand + points, floor + FLOOR_SLOPE * (by_hand - floor))
    return np.where(by_hand >= floor, moved, by_hand)


def may_lead(first: Scored, by_hand: Scored) -> bool:
    """Tell whether a frame may be the first pick in place of what would be it without a learned head.

    What an earlier run picked stays where nothing is clearly better; were it not for this, it would also stay
    where a head has only lowered what is better.
    """
    is_near = first.unlearned_score >= by_hand.unlearned_score - REACH
    return is_near and len(defects(first.candidate.cues)) <= len(defects(by_hand.candidate.cues))


def _are_sound(scored: Sequence[Scored]) -> NDArray[np.bool_]:
    """Tell which have as few defects as any, and were looked at for text where it counts: (n,)."""
    faults = [len(defects(one.candidate.cues)) for one in scored]
    is_looked_at = [one.text_lines is not None or text_cost.PART not in one.parts for one in scored]
    return np.asarray((np.array(faults) == min(faults)) & np.array(is_looked_at), np.bool_)
