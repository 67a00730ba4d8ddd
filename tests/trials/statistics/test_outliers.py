"""Buckets that no people fill are left out, alike of all variants."""

from __future__ import annotations

from worker.trials.statistics.outliers import kept, outliers_of


def test_a_flooded_bucket_is_left_out_with_the_fullest_of_each_other_variant() -> None:
    """By rank, whatever the others hold."""
    flooded, calm = [10] * 63 + [501], [10] * 62 + [30, 10]
    outliers = outliers_of([flooded, calm])
    assert outliers.ranks == 1
    assert 63 not in kept(flooded, outliers.ranks)
    assert 62 not in kept(calm, outliers.ranks)
    assert len(kept(flooded, 1)) == len(kept(calm, 1)) == 63


def test_a_heavy_bucket_is_told_and_counted() -> None:
    """Up to 50 times the median."""
    outliers = outliers_of([[10] * 63 + [500], [10] * 63 + [201]])
    assert outliers == (0, 2)
    assert kept([10, 500], 0) == [0, 1]


def test_nothing_is_left_out_before_half_of_the_buckets_were_seen() -> None:
    """The first viewers are no outliers."""
    assert outliers_of([[0] * 40 + [60] * 24, [0] * 64]) == (0, 0)
