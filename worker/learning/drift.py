"""Is a head in use still right? Once a month it is judged by the newest tests, without numpy.

What it gave to each variant stands beside the picture, so nothing needs to be computed again.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Float, cast, func, or_, select

from worker.database import STATEMENT_BEGAN
from worker.database.models import Thumbnail
from worker.database.states import TrialKind, TrialMetric, TrialOutcome
from worker.database.trials import Trial, TrialCount, Variant
from worker.learning.t_quantile import Mean, mean_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from sqlalchemy.orm import Session

LEAST_CHANGED = 30  #: tests in which it shows another picture than the order by hand
ALPHA = 0.05
_REACH = 1.0  # points of hand score that a head may move a frame by


class ScoredVariant(NamedTuple):
    """A variant: what both orders think of it, and what viewers did."""

    trial_id: int
    hand: float
    learned: float
    impressions: float
    plays: float


class Drift(NamedTuple):
    """What the newest tests say of a head."""

    changed: int
    gain: Mean  #: of plays, against the order by hand

    @property
    def is_worse(self) -> bool:
        """Whether viewers surely play less with it by now."""
        return self.changed >= LEAST_CHANGED and self.gain.high(ALPHA) < 0


def drift_of(session: Session, head_id: int, span: timedelta) -> Drift:
    """Judge a head by the tests that began within a span of time, and whose pictures it helped to pick."""
    is_of = (
        TrialCount.trial_id == Variant.trial_id,
        TrialCount.bucket >= Variant.bucket_from,
        TrialCount.bucket < Variant.bucket_to,
    )
    sums = [
        cast(
            func.coalesce(select(func.sum(column)).where(*is_of).correlate(Variant).scalar_subquery(), 0),
            Float,
        )
        for column in (TrialCount.impressions, TrialCount.quality_plays)
    ]
    learned = func.coalesce(Thumbnail.parts["learned"].as_float(), 0.0)
    rows = session.execute(
        select(Variant.trial_id, Variant.hand_score, learned, *sums)
        .join(Trial, Trial.id == Variant.trial_id)
        .join(Thumbnail, Thumbnail.id == Variant.thumbnail_id)
        .where(
            Trial.started_at > STATEMENT_BEGAN - span,
            Trial.kind == TrialKind.VIEWERS,
            Trial.metric == TrialMetric.PLAYS,
            or_(Trial.outcome.is_(None), Trial.outcome != TrialOutcome.BROKEN),
            Variant.head_id == head_id,
            Variant.hand_score.is_not(None),
        )
        .order_by(Variant.trial_id, Variant.number)
    )
    return judge_drift(ScoredVariant(*row) for row in rows)


def judge_drift(variants: Iterable[ScoredVariant]) -> Drift:
    """Compare what the head would show with what the order by hand would, in each test.

    Args:
        variants: those of a test next to each other.
    """
    count, changed, total, squares = 0, 0, 0.0, 0.0
    for _, of_test in groupby(variants, key=lambda one: one.trial_id):
        shown = list(of_test)
        impressions, plays = sum(one.impressions for one in shown), sum(one.plays for one in shown)
        if len(shown) < 2 or not plays or not all(one.impressions for one in shown):  # noqa: PLR2004
            continue
        by_hand = max(shown, key=lambda one: one.hand)
        near = [one for one in shown if one.hand >= by_hand.hand - _REACH]
        ours = max(near, key=lambda one: one.hand + one.learned)
        gain = (ours.plays / ours.impressions - by_hand.plays / by_hand.impressions) * impressions / plays
        count, changed = count + 1, changed + (ours is not by_hand)
        total, squares = total + gain, squares + gain**2
    return Drift(changed, mean_of(count, total, squares))
