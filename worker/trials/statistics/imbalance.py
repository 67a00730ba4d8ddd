"""Were the variants shown as they were drawn? A cache in front, or a picture that fails, breaks each verdict.

The alarm is a Bayes factor that may be looked at at any time: "the shares are some others" against "they are
those of the draw" (Lindon and Malek, Anytime-Valid Inference for Multinomial Count Data, NeurIPS 2022).
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

ALARM = 100  #: in a test that is shown as drawn, reached with a probability of at most 1 %
_CONCENTRATION = 100  #: for each variant: where the shares are wrong, they are so by some points
# The whole test and its days share the 1 %: a mean of such factors, with weights fixed beforehand, is one
# again, whatever the days have to do with each other, while an alarm at 100 for each of 28 days could be
# false in a quarter of all tests. All days together weigh 2 %, and take so much evidence from the whole test;
# one of 28 days alone has to reach 145,000, as it does at 56 instead of 50 % of 2,000 impressions.
_WEIGHT_OF_DAYS = 0.02
_SURE = 2  #: standard errors
_TENTHS = 10
_DEVIATIONS = 2 * statistics.NormalDist().inv_cdf(0.9)  # between the first and the last tenth of a normal law


class Imbalance(NamedTuple):
    """How the impressions were shared."""

    log_bayes_factor: float  #: of the whole test and its days together
    shares: list[float]  #: of each variant, of the impressions
    drawn: list[float]  #: what they should be
    day: date | None  #: the day on which it shows most, where it does not in the whole test

    @property
    def is_alarm(self) -> bool:
        """Whether the variants were not shown as drawn."""
        return self.log_bayes_factor >= math.log(ALARM)


def imbalance_of(
    impressions: Sequence[Sequence[float]], days: Mapping[date, Sequence[float]], planned_days: int
) -> Imbalance:
    """Weigh the impressions of a test, and of each of its days, against the draw.

    Args:
        impressions: for each variant those of its buckets; as many of them were drawn for it.
        days: for each day the impressions of each variant; empty where they cannot be told.
        planned_days: how long the test may go on.
    """
    sums = [sum(buckets) for buckets in impressions]
    drawn = [len(buckets) / sum(map(len, impressions)) for buckets in impressions]
    repeats = dispersion(impressions)
    of_whole = log_bayes_factor([count / repeats for count in sums], drawn)
    of_days = {
        day: log_bayes_factor([count / repeats for count in counts], drawn) for day, counts in days.items()
    }
    planned = max(planned_days, len(days), 1)
    mean = _log_sum([*of_days.values(), *[0.0] * (planned - len(days))]) - math.log(planned)
    whole = math.log1p(-_WEIGHT_OF_DAYS) + of_whole
    seen = sum(sums)
    return Imbalance(
        _log_sum([whole, math.log(_WEIGHT_OF_DAYS) + mean]),
        [count / seen if seen else share for count, share in zip(sums, drawn, strict=True)],
        drawn,
        max(of_days, key=of_days.__getitem__) if of_days and whole < math.log(ALARM) else None,
    )


def log_bayes_factor(counts: Sequence[float], drawn: Sequence[float]) -> float:
    """Weigh counts against shares: the Dirichlet-multinomial against the multinomial, as a logarithm.

    Args:
        counts: of each variant.
        drawn: the share of each, all over 0.
    """
    total = sum(counts)
    alphas = [_CONCENTRATION * len(counts) * share for share in drawn]
    factor = math.lgamma(sum(alphas)) - math.lgamma(sum(alphas) + total)
    for count, alpha, share in zip(counts, alphas, drawn, strict=True):
        factor += math.lgamma(alpha + count) - math.lgamma(alpha) - count * math.log(share)
    return factor


def dispersion(impressions: Sequence[Sequence[float]]) -> float:
    """Measure how many impressions come together, since people come back: 1 where each comes alone.

    Shares of impressions vary by so much more than those of viewers; without it, active viewers alone would
    set the alarm off. It is the variance of a variant's buckets for their mean, by which counts are divided
    (Rao and Scott, Ann. Stat. 12, 1984): the middle one of all variants, and where few buckets make most of
    it, at most twice what the distance between the first and the last tenth says. A cache that fills a bucket
    of one variant must not excuse itself by that.
    """
    spreads = [spread for buckets in impressions if (spread := _spread(buckets)) is not None]
    if not spreads:
        return 1.0
    # What may be chance alone is believed less, or the alarm would be slow where viewers come once. Where
    # they surely come back it is believed more, as a guess that is too low sets the alarm off.
    spread, error = statistics.median(spreads), math.sqrt(2 / sum(map(len, impressions)))
    return spread + error if spread > 1 + _SURE * error else max(1.0, spread - error)


def _spread(buckets: Sequence[float]) -> float | None:
    """Measure the variance of a variant's buckets for their mean; None where that cannot be."""
    mean = sum(buckets) / len(buckets)
    if not mean or len(buckets) < _TENTHS:
        return None
    variance = sum([(count - mean) ** 2 for count in buckets]) / (len(buckets) - 1)
    ordered = sorted(buckets)
    tenth = len(buckets) // _TENTHS
    robust = ((ordered[-1 - tenth] - ordered[tenth]) / _DEVIATIONS) ** 2
    return min(variance, 2 * max(robust, mean)) / mean


def _log_sum(logs: Sequence[float]) -> float:
    """Add up what is given as logarithms."""
    most = max(logs)
    return most + math.log(sum(math.exp(log - most) for log in logs))
