"""What a difference between two variants proves, valid at every look: the mixture sequential test.

Who looks daily at a test "with 95 %" crowns a false winner in a third to two thirds of tests of equal
pictures. This evidence is a likelihood ratio averaged over the lifts that pictures have, N(0, tau^2). Under
"no difference" it is a non-negative martingale: it ever reaches 1/alpha with a probability of at most alpha
(Ville's inequality), so anybody may look at any time. Robbins, Ann. Math. Stat. 41 (1970); Johari, Koomen,
Pekelis and Walsh, Always Valid Inference, Operations Research 70 (2022), for the difference of two means.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from worker.trials.statistics.rates import lift_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from worker.trials.statistics.rates import Lift, Rate

MIN_PLAYS = (
    100  #: of each variant, before anything is taken as evidence: the logarithm is about normal from here
)

Pair = tuple[int, int]  #: the numbers of two variants: "the first is better than the second"
Maxima = dict[Pair, float]  #: the most log evidence of any look


def pair_alpha(alpha: float, variants: int) -> float:
    """Say how often a single pair may be wrong, so that a false winner is found in `alpha` of all tests.

    A winner has to beat all others. Pair the variants off, ceil(K/2) pairs (a lone one with any other): in at
    least one of them the winner is, or two equal ones would have to be told apart.
    """
    return alpha / math.ceil(variants / 2)


def log_evidence(lift: Lift, tau: float) -> float:
    """Weigh a lift against none: log E = .5 log(v / (v + t2)) + L^2 t2 / (2 v (v + t2)), with t2 = tau^2."""
    v, t2 = lift.variance, tau**2
    return 0.5 * math.log(v / (v + t2)) + lift.log_lift**2 * t2 / (2 * v * (v + t2))


def interval(lift: Lift, tau: float, alpha: float) -> tuple[float, float]:
    """Find the lifts, as logarithms, that are not refuted: valid at all looks together.

    |L - l| <= sqrt(v (v + t2) / t2 * (log((v + t2) / v) + 2 log(1 / alpha))): those whose evidence against
    them is under 1/alpha, so 0 is outside exactly when `log_evidence` is log(1/alpha) or more.

    Args:
        lift: what was measured.
        tau: how far apart two pictures are expected to be, as a log of rates.
        alpha: how often the interval may ever miss the true lift.
    """
    v, t2 = lift.variance, tau**2
    half = math.sqrt(v * (v + t2) / t2 * (math.log((v + t2) / v) + 2 * math.log(1 / alpha)))
    return lift.log_lift - half, lift.log_lift + half


def strengthen(maxima: Mapping[Pair, float], rates: Sequence[Rate], tau: float) -> Maxima:
    """Keep the most evidence of each ordered pair; call it at looks where each variant has `MIN_PLAYS`.

    Args:
        maxima: of the look before.
        rates: of all variants at this look.
        tau: as in `log_evidence`.
    """
    risen = dict(maxima)
    for a, better in enumerate(rates):
        for b, other in enumerate(rates):
            if better.rate > other.rate and (lift := lift_of(better, other)):
                risen[a, b] = max(risen.get((a, b), 0.0), log_evidence(lift, tau))
    return risen


def is_proved(maxima: Mapping[Pair, float], pair: Pair, rates: Sequence[Rate], alpha: float) -> bool:
    """Tell whether the first of a pair was proved better than the second, and is ahead at this look, too.

    Args:
        maxima: of all looks up to this one.
        pair: the numbers of both.
        rates: of all variants at this look.
        alpha: how often a false winner may be found, for the whole test.
    """
    a, b = pair
    needed = -math.log(pair_alpha(alpha, len(rates)))
    return rates[a].rate > rates[b].rate and maxima.get(pair, 0.0) >= needed


def proved_winner(maxima: Mapping[Pair, float], rates: Sequence[Rate], alpha: float) -> int | None:
    """Find the variant that was proved better than all others; None where there is none."""
    numbers = range(len(rates))
    leader = max(numbers, key=lambda number: rates[number].rate)
    others = (number for number in numbers if number != leader)
    return leader if all(is_proved(maxima, (leader, other), rates, alpha) for other in others) else None
