"""An audience with a known taste: tests, choices and frames, as arrays, of which the truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from worker.learning.training.examples import Choices, Frames, Tests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: Deviations of real lite frames within their videos, along their principal directions, the largest first.
SPREADS = np.loadtxt(Path(__file__).with_name("lite_spreads.txt"))
_TASTE_DIRECTIONS = 64  # in which a taste is planted
_EFFECT_SD = 0.2  # of what pictures are worth, as a log of rates
_NOISE_SD = 0.116  # beyond chance, between equal pictures
_HAND_RHO = 0.3  # how much of it the hand score tells
_TITLES_SD = 0.5  # of what titles and seasons do to rates
_IMPRESSIONS = 3_000  # of each variant
_SAMPLED = 150  # videos whose frames are known
_FRAMES = 40
_FIRST_S = 1.7e9


@dataclass
class PlantedTaste:
    """A taste, and what it does to the videos that are shown to it.

    Args:
        rng: draws everything.
        videos: how many are tested.
        variants: of each.
        rho: how much of what pictures are worth their vectors tell; 0: nothing.
        rate: of plays.
        is_shuffled: whether the counts were swapped among the variants of each video.
        hand_from_vectors: how much of the hand score the vectors tell, as the bundled taste does.
        worth_sd: of what pictures are worth; 0: nothing is.
    """

    rng: np.random.Generator
    videos: int
    variants: int = 2
    rho: float = 0.7
    rate: float = 0.05
    is_shuffled: bool = False
    hand_from_vectors: float = 0.0
    worth_sd: float = _EFFECT_SD
    judged: int = 0  #: choices of people
    people_rho: float = 0.0  #: how much of what people like the vectors tell

    def __post_init__(self) -> None:
        """Draw the taste, the tests and the choices."""
        self._taste = self._unit_direction()
        self._hand_taste = self._unit_direction()
        self._tests, _ = self._draw(self.videos)
        self._choices = self._choose() if self.judged else None

    def fresh(self, videos: int) -> tuple[Tests, NDArray[np.float64]]:
        """Draw videos that nobody has learned from, and what their variants are worth: (n,) logs of rates."""
        return self._draw(videos)

    def _draw(self, videos: int) -> tuple[Tests, NDArray[np.float64]]:
        rng, count = self.rng, videos * self.variants
        vectors = self._vectors(count)
        hand = self._hands(vectors)
        rest = np.sqrt(max(0.0, 1 - self.rho**2 - _HAND_RHO**2)) * rng.normal(size=count)
        worth = self.worth_sd * (self.rho * vectors @ self._taste + _HAND_RHO * hand + rest)
        titles = np.repeat(rng.normal(0, _TITLES_SD, videos), self.variants)
        rates = self.rate * np.exp(titles + worth + rng.normal(0, _NOISE_SD, count) - _NOISE_SD**2 / 2)
        plays = rng.poisson(np.minimum(_IMPRESSIONS * rates, _IMPRESSIONS)).astype(np.float64)
        if self.is_shuffled:
            plays = rng.permuted(plays.reshape(videos, -1), axis=1).ravel()
        tests = Tests(
            _FIRST_S + np.arange(videos, dtype=np.float64),
            np.arange(videos),
            np.full(videos, "mux/main"),
            np.arange(0, count, self.variants),
            vectors.astype(np.float32),
            hand,
            np.full(count, float(_IMPRESSIONS)),
            plays,
            np.full(count, 1 / self.variants),
        )
        return tests, worth

    def frames(self) -> Iterator[Frames]:
        """Read frames without labels: the same ones each time, as they are stored."""
        yield from self._frames

    @cached_property
    def _frames(self) -> list[Frames]:
        vectors = [self._vectors(_FRAMES) for _ in range(_SAMPLED)]
        return [Frames(some.astype(np.float32), self._hands(some)) for some in vectors]

    def tests(self) -> Iterator[Tests]:
        """Read all tests at once."""
        yield self._tests

    def choices(self) -> Iterator[Choices]:
        """Read all people's choices at once."""
        if self._choices is not None:
            yield self._choices

    def _choose(self) -> Choices:
        """Let people choose among the frames of a video; it is on record where it was not the first pick.

        Of ten frames, the three with the best hand scores are the picks. A person who likes another frame
        best takes it; what they like has nothing to do with the hand score but for `_HAND_RHO`.
        """
        frames = 10
        vectors = self._vectors(self.judged * frames).reshape(self.judged, frames, -1)
        hand = self._hands(vectors.reshape(-1, vectors.shape[-1])).reshape(self.judged, frames)
        liked = (
            self.people_rho * vectors @ self._taste
            + _HAND_RHO * hand
            + np.sqrt(1 - self.people_rho**2 - _HAND_RHO**2) * self.rng.normal(size=hand.shape)
        )
        picks, best = np.argsort(-hand, axis=1)[:, :3], liked.argmax(axis=1)
        video = np.flatnonzero(best != picks[:, 0])
        rows, others = np.repeat(video, 3), picks[video].ravel()
        is_other = others != best[rows]
        rows, others = rows[is_other], others[is_other]
        chosen = best[rows]
        return Choices(
            _FIRST_S + rows.astype(np.float64),
            self.videos + rows,
            np.full(len(rows), "mux/main"),
            rows,
            vectors[rows, chosen].astype(np.float32),
            vectors[rows, others].astype(np.float32),
            hand[rows, chosen],
            hand[rows, others],
        )

    def _vectors(self, count: int) -> NDArray[np.float64]:
        return self.rng.normal(size=(count, len(SPREADS))) * SPREADS

    def _hands(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        share = self.hand_from_vectors
        own = self.rng.normal(size=len(vectors))
        hands: NDArray[np.float64] = share * vectors @ self._hand_taste + np.sqrt(1 - share**2) * own
        return hands

    def _unit_direction(self) -> NDArray[np.float64]:
        """Draw a direction along which frames have a deviation of 1."""
        direction = self.rng.normal(size=len(SPREADS)) * (np.arange(len(SPREADS)) < _TASTE_DIRECTIONS)
        scaled: NDArray[np.float64] = direction / np.sqrt(SPREADS**2 @ direction**2)
        return scaled
