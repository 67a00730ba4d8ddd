"""Chooses which frames of a video are put in order: most of them far from one another, some at random.

Those that are far apart show what there is to choose from; those at random are often alike, as the frames
are that a score has to tell apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from worker.pipeline.selection.scenes import picture_distances

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FAR_APART, AT_RANDOM = 7, 3
USUAL_FRAMES = FAR_APART + AT_RANDOM
MIN_FRAMES = 4  #: fewer give an order too little to say


def varied(embeddings: NDArray[np.floating], times_s: Sequence[float], rng: np.random.Generator) -> list[int]:
    """Choose `USUAL_FRAMES` frames, or all where there are no more; in an order drawn at random.

    The first is the most usual one; each that follows is the farthest from all before it (Gonzalez,
    Clustering to minimize the maximum intercluster distance, 1985). Look and time count alike.

    Args:
        embeddings: (n, d) L2-normalized.
        times_s: of each frame.
        rng: draws.
    """
    apart_s = np.abs(np.subtract.outer(times_s, times_s))
    apart = np.minimum(picture_distances(embeddings), 1.0) + apart_s / max(float(apart_s.max()), 1e-9)
    chosen = [int(apart.sum(axis=0).argmin())]
    while len(chosen) < min(FAR_APART, len(apart)):
        chosen.append(
            int(np.where(np.isin(range(len(apart)), chosen), -1.0, apart[chosen].min(axis=0)).argmax())
        )
    others = [index for index in range(len(apart)) if index not in chosen]
    drawn = rng.choice(others, min(AT_RANDOM, len(others)), replace=False).tolist() if others else []
    return [int(index) for index in rng.permutation([*chosen, *drawn])]
