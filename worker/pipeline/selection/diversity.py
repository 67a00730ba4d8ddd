"""Chooses frames that are good and unlike each other.

Maximal marginal relevance (Carbonell & Goldstein 1998) on CLIP embeddings, with hard floors:
one per shot while unused shots last, at least `MIN_GAP_S` apart, no near-duplicate.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from worker.pipeline.frames import STILL_APPROACH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Scored

# Two picks closer than this look the same on a shelf of thumbnails.
MIN_GAP_S = 2.0
# Candidates keep more: each of their stills may move towards the other.
CANDIDATE_GAP_S = MIN_GAP_S / (1 - 2 * STILL_APPROACH)

# Quality against likeness to what is already picked.
QUALITY_SHARE = 0.7

# Cosines are not comparable between models, so "alike" is measured on the video itself: as alike as
# neighbouring candidates of one shot usually are. The bounds hold where a video has too few of those.
DUPLICATE_COSINE_RANGE = (0.80, 0.97)


def pick_diverse(
    scored: Sequence[Scored], count: int, preferred: frozenset[int] = frozenset()
) -> tuple[list[int], dict[int, str]]:
    """Choose up to `count` frames, best first; at least one where there is any.

    Args:
        scored: at least one, in order of time.
        count: how many at most.
        preferred: indexes that go before all others, as long as they differ from what is picked.

    Returns:
        Indexes of the picks, and for every other index why it lost.
    """
    quality, likeness = _quality(scored), _likeness(scored)
    is_duplicate = likeness >= duplicate_cosine(scored, likeness)
    open_to = list(range(len(scored)))
    picks: list[int] = []
    why: dict[int, str] = {}
    while open_to and len(picks) < count:
        used_shots = {scored[pick].candidate.shot for pick in picks}
        first = [i for i in open_to if i in preferred] or open_to
        fresh = [i for i in first if scored[i].candidate.shot not in used_shots] or first
        # The first pick is the best of all, wherever it lies; later ones keep room for those still to come.
        roomy = _leaving_room(fresh, open_to, count - len(picks), scored) if picks else fresh
        best = max(roomy, key=lambda i: _marginal(i, quality, likeness, picks))
        picks.append(best)
        # What is too near or too like goes for good, with the first reason found.
        for i in open_to:
            if abs(scored[i].candidate.time_s - scored[best].candidate.time_s) < CANDIDATE_GAP_S:
                why[i] = f"within {MIN_GAP_S:.0f} s of pick {len(picks)}"
            elif is_duplicate[i, best]:
                why[i] = f"too like pick {len(picks)}"
        open_to = [i for i in open_to if i not in why]
    return picks, {i: why.get(i, "outscored") for i in range(len(scored)) if i not in picks}


def _leaving_room(
    among: Sequence[int], open_to: Sequence[int], wanted: int, scored: Sequence[Scored]
) -> Sequence[int]:
    """Keep those after which the most of the wanted picks still find a place; in a short video, few do."""
    times_s = np.array([scored[i].candidate.time_s for i in open_to])

    def places(index: int) -> int:
        apart = np.abs(times_s - scored[index].candidate.time_s) >= CANDIDATE_GAP_S
        return min(wanted - 1, _places(times_s[apart]))

    room = {index: places(index) for index in among}
    return [index for index in among if room[index] == max(room.values())]


def _places(times_s: NDArray[np.float64]) -> int:
    """Count how many of these moments, in order, can be taken so that no two are too close.

    To take each as early as possible leaves the most room for the rest, so this is the most there can be.
    """
    taken, last_s = 0, -np.inf
    for time_s in times_s:
        if time_s - last_s >= CANDIDATE_GAP_S:
            taken, last_s = taken + 1, time_s
    return taken


def _quality(scored: Sequence[Scored]) -> NDArray[np.float64]:
    """Bring scores to 0..1 within the video, the scale of cosines."""
    scores = np.array([one.score for one in scored], np.float64)
    return np.asarray((scores - scores.min()) / max(float(np.ptp(scores)), 1e-9), np.float64)


def _likeness(scored: Sequence[Scored]) -> NDArray[np.float64]:
    embeddings = np.stack([one.embedding for one in scored]).astype(np.float64)
    return np.asarray(embeddings @ embeddings.T, np.float64)


def _marginal(
    index: int, quality: NDArray[np.float64], likeness: NDArray[np.float64], picks: Sequence[int]
) -> float:
    likest = max((float(likeness[index, pick]) for pick in picks), default=0.0)
    return QUALITY_SHARE * float(quality[index]) - (1 - QUALITY_SHARE) * likest


def duplicate_cosine(scored: Sequence[Scored], likeness: NDArray[np.float64]) -> float:
    """Find the cosine from which on two frames of this video are near-duplicates.

    Args:
        scored: n frames, in order of time.
        likeness: (n, n) cosines of their embeddings.
    """
    neighbours = [
        float(likeness[a, b])
        for a, b in pairwise(range(len(scored)))
        if scored[a].candidate.shot == scored[b].candidate.shot
    ]
    middle = float(np.median(neighbours)) if neighbours else DUPLICATE_COSINE_RANGE[1]
    return float(np.clip(middle, *DUPLICATE_COSINE_RANGE))
