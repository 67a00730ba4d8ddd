"""Viewers whose taste is known: who sees which variant, how often they come back, and what they play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from worker.trials.assignment import BUCKETS, bucket_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

DAYS = 28
_MOST = 0.95  # of viewers play, however much they like it
_SPOILT = 0.05  # of what is counted
_LATE_LOOKS = 3

Spoil = Literal["bots", "duplicates", "lost", "late"]


@dataclass(frozen=True)
class ViewerModel:
    """The viewers of a test, alike many in each of 128 buckets, who come back during all of it."""

    rate: float  #: quality plays for each impression of variant 0
    lifts: tuple[float, ...]  #: of each variant against it, as a factor
    impressions: float  #: of the whole test, of all variants
    looks: int
    viewers: int = 256  #: few, so that each counts for much
    taste: float = 0.25  #: how unlike their rates are: the standard deviation for the mean
    activity: float = 0.3  #: the same of how often they come
    is_rhythmic: bool = True  #: by day and by week
    spoil: Spoil | None = None  #: what goes wrong in counting

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The buckets of each variant, as production splits them."""
        return bucket_ranges(len(self.lifts))

    def days(self) -> list[int]:
        """List the day of each look."""
        return [look * DAYS // self.looks for look in range(self.looks)]


def watch(audience: ViewerModel, tests: int, rng: np.random.Generator) -> Iterator[tuple[Counts, Counts]]:
    """Run tests side by side: at each look, all impressions and plays by now, (tests, buckets) each."""
    lifts = np.repeat(audience.lifts, [end - begin for begin, end in audience.ranges])
    comes = _unlike(audience.activity, audience, tests, rng)
    likes = _unlike(audience.taste, audience, tests, rng)
    activity = comes.mean(2)
    taste = (comes * likes).sum(2) / comes.sum(2)
    seen = np.zeros((tests, BUCKETS), np.int64)
    played = np.zeros((tests, BUCKETS), np.int64)
    waiting = [np.zeros((tests, BUCKETS), np.int64)] * _LATE_LOOKS
    for look in range(audience.looks):
        day = look * DAYS / audience.looks
        crowd, mood = 1.0, 1.0
        if audience.is_rhythmic:
            crowd += 0.5 * np.sin(2 * np.pi * day)
            mood += 0.3 * np.sin(2 * np.pi * day / 7)
        new = rng.poisson(audience.impressions / audience.looks / BUCKETS * crowd * activity)
        plays = rng.binomial(new, np.clip(audience.rate * mood * taste * lifts, 0, _MOST))
        if audience.spoil == "late":
            waiting.append(plays)
            plays = waiting.pop(0)
        new, plays = _spoilt(audience, new, plays, rng)
        seen += new
        played += plays
        yield seen, played


def _unlike(
    deviation: float, audience: ViewerModel, tests: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw a factor for each viewer, 1 on average: (tests, buckets, viewers of a bucket)."""
    shape = (tests, BUCKETS, audience.viewers // BUCKETS)
    return rng.gamma(deviation**-2, deviation**2, shape) if deviation else np.ones(shape)


def _spoilt(
    audience: ViewerModel, new: Counts, plays: Counts, rng: np.random.Generator
) -> tuple[Counts, Counts]:
    """Count wrongly, as it happens."""
    if audience.spoil == "bots":  # look at the last variant, and play nothing
        begin, end = audience.ranges[-1]
        bots = rng.poisson(_SPOILT * new.sum(1, keepdims=True) / (end - begin), (len(new), end - begin))
        new[:, begin:end] += bots
    if audience.spoil == "duplicates":  # batches of some viewers arrive twice
        twice = 1 + (rng.random(new.shape) < _SPOILT)
        return new * twice, plays * twice
    if audience.spoil == "lost":  # a process is killed before it has written
        kept = rng.random((len(new), 1)) >= _SPOILT
        return new * kept, plays * kept
    return new, plays
