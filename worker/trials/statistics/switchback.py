"""Tests by whole days: which of two pictures is better, where the platform shows all viewers the same one.

A day differs from the next by far more than two pictures do, so nothing is assumed of how days are
distributed. Only the coin is used that decided which picture came first in a pair of days: without an effect,
the difference of a pair is as likely to be +D as -D, whatever D is. What a bet on the sign would have won is
the evidence (an e-process); without an effect it ever grows to 1/alpha in at most alpha of all tests, however
often one looks (Ville, 1939; Ramdas, Grünwald, Vovk and Shafer, "Game-theoretic statistics and safe
anytime-valid inference", 2023).

Everything here is a pure function.
"""

from __future__ import annotations

import itertools
import math
import statistics
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BETS = (0.5, 1.0, 2.0, 4.0)  # how high is bet, in units of the usual difference: nobody knows the effect
FIRST_SCALE = 0.3  # the usual difference, as a log, while two pairs are not known yet
LEAST_SCALE = 0.02  # pairs without any noise must not make a bet of any height

#: No verdict before so many pairs of days, or blocks: two weeks with two pictures.
LEAST_BLOCKS = 7

# How far an interval of the effect can reach, as a log of a ratio: from -78 % to +348 %.
WIDEST = 1.5
STEP = 0.02


class Evidence(NamedTuple):
    """What the pairs up to one of them prove, as natural logarithms."""

    for_first: float  #: that the first picture is better than the second
    for_second: float


def log_level(views: float, impressions: float | None = None) -> float:
    """Return a day's views, or its share of views among impressions, as a logarithm.

    Half a view is added, so that a day without any has a logarithm, too.
    """
    return math.log(views + 0.5) - (0.0 if impressions is None else math.log(impressions + 1.0))


def evidence_path(differences: Sequence[float]) -> Iterator[Evidence]:
    """Yield the evidence after each pair of days.

    Args:
        differences: of each pair, the first picture's logarithm less the second's, the oldest pair first.
    """
    for_first, for_second = [0.0] * len(BETS), [0.0] * len(BETS)
    squares = 0.0
    for pair, difference in enumerate(differences):
        # From the pairs before only: a scale that knew this one would tell how it came out.
        scale = math.sqrt(squares / pair) if pair >= 2 else FIRST_SCALE  # noqa: PLR2004 - the first two
        stake = difference / max(scale, LEAST_SCALE)
        for place, bet in enumerate(BETS):
            for_first[place] += _log_won(bet * stake)
            for_second[place] += _log_won(-bet * stake)
        squares += difference * difference
        yield Evidence(_log_mean(for_first), _log_mean(for_second))


def _log_won(x: float) -> float:
    """Return the log of 2 exp(x) / (exp(x) + exp(-x)); its mean over both signs of x is a factor of 1."""
    return math.log(2.0) - _log1p_exp(-2.0 * x)


def _log1p_exp(x: float) -> float:
    return x + math.log1p(math.exp(-x)) if x > 0 else math.log1p(math.exp(x))


def _log_mean(logs: Sequence[float]) -> float:
    most = max(logs)
    return most + math.log(math.fsum(math.exp(one - most) for one in logs) / len(logs))


def line(alpha: float, variants: int) -> float:
    """Return the logarithm of the evidence that proves that one picture is better than another.

    A winner must beat all others, so some pair of pictures must be decided wrongly for a false one: alpha is
    split over as many pairs as fit beside each other; and over both signs.
    """
    return math.log(2.0 * math.ceil(variants / 2) / alpha)


def strongest(differences: Sequence[float], least: int = LEAST_BLOCKS) -> Evidence:
    """Return the strongest evidence for each side at any time since the first that counts."""
    path = list(evidence_path(differences))[least - 1 :]
    return Evidence(*(max(side) for side in zip(*path, strict=True))) if path else Evidence(0.0, 0.0)


def interval(differences: Sequence[float], log_line: float) -> tuple[float, float]:
    """Return the least and the greatest effect that the pairs do not contradict, at any time of looking.

    An effect is contradicted where the pairs, with it taken out, prove one. The result is a log of a ratio,
    and reaches to `WIDEST` at most, also where any effect fits. It is rounded to steps of `STEP`, outwards.
    """
    steps = round(WIDEST / STEP)
    effects = [STEP * step for step in range(-steps, steps + 1)]
    fit = [effect for effect in effects if _fits([one - effect for one in differences], log_line)]
    fit = fit or [statistics.fmean(differences)]
    return max(-WIDEST, min(fit) - STEP), min(WIDEST, max(fit) + STEP)


def _fits(differences: Sequence[float], log_line: float) -> bool:
    return all(max(found) < log_line for found in evidence_path(differences))


def noise(blocks: Sequence[Sequence[float]]) -> float:
    """Return how much days of the same picture differ, as the standard deviation of a log.

    Args:
        blocks: the logs of each picture, in the order of the pictures; two blocks at least.
    """
    centred = [[level - statistics.fmean(block) for level in block] for block in blocks]
    arms = list(zip(*centred, strict=True))
    squares = math.fsum((level - statistics.fmean(arm)) ** 2 for arm in arms for level in arm)
    return math.sqrt(squares / ((len(blocks) - 1) * (len(arms) - 1)))


def chances(blocks: Sequence[Sequence[float]], tau: float) -> list[float]:
    """Return for each picture how probable it is that it is the best one; not proved, and never a verdict.

    Two pictures are expected to differ by N(0, tau²) before a day is seen, and days as `noise` measures.

    Args:
        blocks: as of `noise`.
        tau: as a log of rates.
    """
    count = len(blocks[0])
    variance = max(noise(blocks), LEAST_SCALE) ** 2 / len(blocks)
    prior = tau * tau / 2
    weight = prior / (prior + variance)
    levels = [
        statistics.fmean(block[arm] - statistics.fmean(block) for block in blocks) for arm in range(count)
    ]
    arms = [statistics.NormalDist(weight * level, math.sqrt(weight * variance)) for level in levels]
    grid = [step / 100 for step in range(-600, 601)]
    shares = [
        math.fsum(
            arm.pdf(at) * math.prod(other.cdf(at) for other in arms if other is not arm)
            for at in (arm.mean + arm.stdev * step for step in grid)
        )
        * arm.stdev
        for arm in arms
    ]
    total = math.fsum(shares)
    return [share / total for share in shares]


def pairs(blocks: Sequence[Sequence[float]]) -> Mapping[tuple[int, int], list[float]]:
    """Return the differences of each two pictures, block by block; the lower number is the first."""
    count = len(blocks[0]) if blocks else 0
    both = itertools.combinations(range(count), 2)
    return {(a, b): [block[a] - block[b] for block in blocks] for a, b in both}
