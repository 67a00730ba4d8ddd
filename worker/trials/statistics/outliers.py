"""Buckets that no people fill: a monitor that asks each minute, a machine that follows a link for ever."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMES_LEFT_OUT = 50  #: the median of a test's buckets: more is left out
TIMES_HEAVY = 20  #: more is told


class Outliers(NamedTuple):
    """What is unusual about the buckets of a test."""

    ranks: int  #: of each variant, so many of its fullest buckets are left out
    heavy: int  #: buckets of the test that are told, those left out aside


def outliers_of(impressions: Sequence[Sequence[float]]) -> Outliers:
    """Find what to leave out: alike in all variants, by a rule that was fixed before anything was counted.

    Where the fullest bucket of one variant is left out, so is the fullest of each other, whatever it holds:
    else only one of them would lose its most active viewers.

    Args:
        impressions: for each variant those of its buckets.
    """
    median = statistics.median([count for buckets in impressions for count in buckets])
    if median < 1:  # too early: whoever came first would be an outlier
        return Outliers(0, 0)
    left_out = [sum(count > TIMES_LEFT_OUT * median for count in buckets) for buckets in impressions]
    told = sum(count > TIMES_HEAVY * median for buckets in impressions for count in buckets)
    return Outliers(max(left_out), told - sum(left_out))


def kept(impressions: Sequence[float], ranks: int) -> list[int]:
    """List the places of a variant's buckets that stay when its fullest ones are left out."""
    if not ranks:
        return list(range(len(impressions)))
    by_rank = sorted(range(len(impressions)), key=lambda place: -impressions[place])
    return sorted(by_rank[ranks:])
