"""Champion against challenger: a head in use is still tried against the order by hand, and ends by a loss.

On some new videos both picks are tested by viewers. All these tests together say what the head does on the
average, and may be looked at any time: the evidence is always valid, as that of one test.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from worker.database.states import TrialKind, TrialOutcome
from worker.database.trials import Trial, TrialCount, Variant
from worker.trials.statistics.evidence import MIN_PLAYS, log_evidence
from worker.trials.statistics.rates import Lift, lift_of, rate_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from worker.trials.statistics.rates import Rate

ALPHA = 0.05  #: how often a head that is no worse may be rolled back, over all looks
# Videos differ in what the head does for them by so much, and so much is its mean expected to differ from 0:
_TAU = 0.2  # of what pictures are worth, as a log of rates
_BOTH = 2  # variants: with the head, and without


class Loss(NamedTuple):
    """What the challenge says of a head by now."""

    tests: int
    lift: float  #: mean log of rates, with the head against without
    log_evidence: float  #: that it is below 0

    @property
    def is_proved(self) -> bool:
        """Whether viewers play less with the head."""
        return self.log_evidence >= -math.log(ALPHA)


def challenged(session: Session, head_id: int) -> Loss:
    """Judge a head by all tests of it against the order by hand."""
    first = aliased(Variant)
    of_head = (
        select(Trial.id)
        .join(first, (first.trial_id == Trial.id) & (first.number == 0))
        .where(
            Trial.is_challenge,
            Trial.kind == TrialKind.VIEWERS,
            first.head_id == head_id,
            or_(Trial.outcome.is_(None), Trial.outcome != TrialOutcome.BROKEN),
        )
    )
    buckets = func.array_agg(TrialCount.impressions), func.array_agg(TrialCount.quality_plays)
    rows = session.execute(
        select(Variant.trial_id, Variant.number, Variant.bucket_to - Variant.bucket_from, *buckets)
        .join(
            TrialCount,
            (TrialCount.trial_id == Variant.trial_id)
            & (TrialCount.bucket >= Variant.bucket_from)
            & (TrialCount.bucket < Variant.bucket_to),
        )
        .where(Variant.trial_id.in_(of_head), Variant.number < _BOTH)
        .group_by(Variant.trial_id, Variant.number, Variant.bucket_from, Variant.bucket_to)
    )
    rates: dict[int, dict[int, Rate]] = {}
    for trial_id, number, width, impressions, plays in rows:
        unseen = [0.0] * (width - len(plays))  # buckets that nobody of came
        rates.setdefault(trial_id, {})[number] = rate_of([*impressions, *unseen], [*plays, *unseen])
    both = (of_trial for of_trial in rates.values() if len(of_trial) == _BOTH)
    return pooled(
        (of_trial[0], of_trial[1])
        for of_trial in both
        if min(of_trial[0].outcomes, of_trial[1].outcomes) >= MIN_PLAYS
    )


def pooled(tests: Iterable[tuple[Rate, Rate]]) -> Loss:
    """Pool tests: each lift by the inverse of its variance, and of how much videos differ.

    Args:
        tests: with the head, and without.
    """
    count, information, total = 0, 0.0, 0.0
    for ours, theirs in tests:
        lift = lift_of(ours, theirs)
        if lift is not None:
            weight = 1 / (lift.variance + _TAU**2)
            count, information, total = count + 1, information + weight, total + weight * lift.log_lift
    if not count:
        return Loss(0, 0.0, 0.0)
    mean = Lift(total / information, 1 / information)
    return Loss(count, mean.log_lift, log_evidence(mean, _TAU) if mean.log_lift < 0 else 0.0)
