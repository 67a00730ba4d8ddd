"""The directions in which frames of one video differ most; found without any label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from worker.errors import NothingToLearn

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from numpy.typing import NDArray

    from worker.learning.training.examples import Floats, Frames

# 64 of lite's 256 directions hold 91 % of how the frames of a video differ.
MOST_DIRECTIONS = 64
_NEGLIGIBLE = 1e-6  # of the first direction's variance


@dataclass(frozen=True, slots=True)
class Basis:
    """Principal directions of embeddings that are centred within their videos, and how hand scores spread."""

    components: Floats  #: (p, d); a centred frame's coordinate along the first has a deviation of 1
    hand_sd: float  #: deviation of hand scores within a video
    hand_slope: Floats  #: (p,) by how much a coordinate grows with each point of hand score

    def features(self, differences: NDArray[Any]) -> Floats:
        """Turn (n, d) differences of embeddings into (n, p) coordinates."""
        coordinates: Floats = differences.astype(np.float64) @ self.components.T
        return coordinates


def find_basis(videos: Iterable[Frames]) -> Basis:
    """Find the principal directions of the frames of some videos (Jolliffe, Principal Component Analysis).

    Raises:
        NothingToLearn: there are no two frames of one video.
    """
    covariance, with_hand, of_hand, count = np.zeros((0, 0)), np.zeros(0), 0.0, 0
    for frames in videos:
        centred = frames.embeddings.astype(np.float64) - frames.embeddings.mean(axis=0, dtype=np.float64)
        hand = frames.hand - frames.hand.mean()
        if not count:
            covariance, with_hand = np.zeros((centred.shape[1],) * 2), np.zeros(centred.shape[1])
        covariance += centred.T @ centred
        with_hand += centred.T @ hand
        of_hand += float(hand @ hand)
        count += len(hand)
    if not covariance.any():
        raise NothingToLearn("no frames are stored that this model has measured: let it look at videos first")
    variances, vectors = np.linalg.eigh(covariance / count)
    kept = np.flatnonzero(variances > _NEGLIGIBLE * variances[-1])[::-1][:MOST_DIRECTIONS]
    components = vectors[:, kept].T
    # An eigenvector may point either way; which one, must not depend on the library.
    ends = np.take_along_axis(components, np.abs(components).argmax(axis=1)[:, None], axis=1)
    components *= np.sign(ends) / np.sqrt(variances[-1])
    slope = components @ with_hand / of_hand if of_hand else np.zeros(len(components))
    return Basis(components, float(np.sqrt(of_hand / count)) or 1.0, slope)
