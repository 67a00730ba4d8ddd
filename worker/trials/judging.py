"""Judges a test. A stand-in: the whole comes with the statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from worker.database.states import TrialOutcome
from worker.trials.sums import Sums
from worker.trials.verdict import Verdict

if TYPE_CHECKING:
    from worker.trials.verdict import Counted


def judge(counted: Counted) -> Verdict:
    """End a test when its time is up, and say nothing before."""
    variants = []
    for number, (first, end) in enumerate(counted.ranges):
        total = Sums()
        for bucket in range(first, end):
            total = total.plus(counted.buckets.get(bucket, Sums()))
        rate = total.quality_plays / total.impressions if total.impressions else 0.0
        of_variant: dict[str, Any] = {
            "number": number,
            "impressions": total.impressions,
            "plays": total.plays,
        }
        of_variant |= {"quality_plays": total.quality_plays, "watch_s": total.watch_s, "rate": rate}
        variants.append(of_variant | {"is_out": False, "p_best": 1 / len(counted.ranges)})
    is_over = counted.now >= counted.ends_at
    numbers = {"variants": variants, "pairs": [], "imbalance": None, "days": 0, "need": None, "left_out": 0}
    said = "out of time, and it cannot be told" if is_over else "counting"
    return Verdict(TrialOutcome.UNDECIDED if is_over else None, said, numbers, {})
