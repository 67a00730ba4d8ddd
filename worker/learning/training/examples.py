"""What is learned from, as arrays: tests with their counts, people's choices, frames without any label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]


class Frames(NamedTuple):
    """Frames of one video, scored and without defects."""

    embeddings: Vectors  #: (n, d) L2-normalized
    hand: Floats  #: (n,) scores by hand-made weights


class Tests(NamedTuple):
    """Some tests: v videos with n variants in all; those of one video are next to each other."""

    at_s: Floats  #: (v,) when each began, as a Unix time
    videos: NDArray[np.int64]  #: (v,)
    accounts: NDArray[np.str_]  #: (v,) "mux/main"
    starts: NDArray[np.int64]  #: (v,) the first variant of each
    embeddings: Vectors  #: (n, d)
    hand: Floats  #: (n,)
    impressions: Floats  #: (n,)
    plays: Floats  #: (n,) quality plays
    shares: Floats  #: (n,) of the viewers to whom each was shown

    @property
    def groups(self) -> NDArray[np.int64]:
        """(n,) The index of the video of each variant."""
        sizes = np.diff(np.append(self.starts, len(self.hand)))
        return np.repeat(np.arange(len(self.starts)), sizes)

    def sums(self, values: NDArray[Any]) -> NDArray[Any]:
        """Add up what the variants of each video have: (n, ...) -> (v, ...)."""
        return np.add.reduceat(values, self.starts) if len(self.starts) else values[:0]

    def centred(self, values: NDArray[Any], weights: Floats | None = None) -> NDArray[Any]:
        """Take from (n, ...) values the weighted mean of each video."""
        each = np.ones(len(self.hand)) if weights is None else weights
        each = each.reshape(-1, *[1] * (values.ndim - 1))
        means = self.sums(values * each) / self.sums(each)
        centred: NDArray[Any] = values - means[self.groups]
        return centred

    def where(self, is_kept: NDArray[np.bool_]) -> Tests:
        """Keep some of the videos: (v,) True for those."""
        rows = is_kept[self.groups]
        sizes = np.diff(np.append(self.starts, len(self.hand)))[is_kept]
        starts = np.cumsum(sizes) - sizes
        of_videos = (column[is_kept] for column in self[:3])
        return Tests._make([*of_videos, starts, *(column[rows] for column in self[4:])])


class Choices(NamedTuple):
    """Pairs of frames: a person took one, and could have had the other."""

    at_s: Floats  #: (n,) Unix times
    videos: NDArray[np.int64]  #: (n,)
    accounts: NDArray[np.str_]  #: (n,) "mux/main"
    choices: NDArray[np.int64]  #: (n,) one choice makes a pair with each pick that was seen
    chosen: Vectors  #: (n, d)
    others: Vectors  #: (n, d)
    chosen_hand: Floats  #: (n,)
    other_hand: Floats  #: (n,)

    def where(self, is_kept: NDArray[np.bool_]) -> Choices:
        """Keep some of the pairs: (n,) True for those."""
        return Choices._make(column[is_kept] for column in self)


class ExampleSource(Protocol):
    """Where examples come from, in parts that fit into memory. It may be read several times."""

    def frames(self) -> Iterator[Frames]:
        """Read a sample of frames, a video at a time."""

    def tests(self) -> Iterator[Tests]:
        """Read all tests, the oldest first."""

    def choices(self) -> Iterator[Choices]:
        """Read all people's choices, the oldest first."""
