"""How unlike the pictures of one video are: whether two show one scene, or even the same picture.

Cosines are not comparable between models: with one, two scenes are at 0.1, with another at 0.7. So distances
are measured in units of the video itself: 1 is how far apart its unlike frames are. A shot is no measure: a
cut inside a scene makes two shots of it, and a camera that turns shows two scenes in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from worker.pictures.likeness import MIN_DISTANCE, SAME_PICTURE, UNLIKE_QUANTILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Scored

# Nearer than this, two frames are of one scene. With `lite`, frames of one clip are within 0.4 of each other
# in 95 % of pairs, those of two clips beyond 0.45.
SAME_SCENE = 0.5


def scene_distances(scored: Sequence[Scored]) -> NDArray[np.float64]:
    """Measure how unlike frames of one video are.

    Args:
        scored: n frames, at least one.

    Returns:
        (n, n) distances, 0 for the same content; compare them with `SAME_SCENE` and `SAME_PICTURE`.
    """
    return picture_distances(np.stack([one.embedding for one in scored]))


def picture_distances(embeddings: NDArray[np.floating]) -> NDArray[np.float64]:
    """Measure how unlike pictures of one video are, as `scene_distances` does.

    Args:
        embeddings: (n, d) L2-normalized, of at least one picture.
    """
    exact = embeddings.astype(np.float64)
    apart = np.maximum(0.0, 1.0 - exact @ exact.T)
    pairs = apart[np.triu_indices(len(exact), k=1)]
    unlike = float(np.quantile(pairs, UNLIKE_QUANTILE)) if len(pairs) else 0.0
    return np.asarray(apart / max(unlike, MIN_DISTANCE / SAME_PICTURE), np.float64)
