"""Look through stored filmstrips: does a head show a defect, or move a frame too far?

The traps of the benchmarks are not part of the product, and would say little of an operator's own videos.
These filmstrips are those videos, with what was measured of each frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from worker.learning.gate.report import Rule
from worker.learning.training import policy
from worker.learning.training.stored_rows import has_defect
from worker.pipeline.scoring.learned_head import REACH

if TYPE_CHECKING:
    from worker.learning.training.data import Stored
    from worker.learning.training.examples import Vectors

_MOST_VIDEOS = 200


def look_through(source: Stored, direction: Vectors) -> Rule:
    """Pick the first frame of many stored videos by hand and with a head, and compare.

    Args:
        source: of the videos.
        direction: (d,) of the head.
    """
    videos = moved = by_hand = with_head = 0
    furthest = 0.0
    for rows, (vectors, hand) in source.videos(_MOST_VIDEOS):
        embeddings = vectors.astype(np.float64)
        first = int(hand.argmax())
        ours = policy.first(hand, policy.points(direction, embeddings - embeddings.mean(axis=0)))
        videos, moved = videos + 1, moved + (ours != first)
        by_hand, with_head = by_hand + has_defect(rows[first]), with_head + has_defect(rows[ours])
        furthest = max(furthest, float(hand[first] - hand[ours]))
    says = (
        f"in {videos} stored videos, of which {moved} get another first pick: {with_head} first picks with a "
        f"defect, {by_hand} by hand; none further than {furthest:.2f} points below the best"
    )
    numbers = {
        "videos": videos,
        "moved": moved,
        "with_head": with_head,
        "by_hand": by_hand,
        "furthest": furthest,
    }
    is_met = with_head <= by_hand and furthest <= REACH + 1e-6
    return Rule(
        "no defects", "no more first picks with a defect, none moved by over a point", says, is_met, numbers
    )
