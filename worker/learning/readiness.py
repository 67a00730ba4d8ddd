"""How much there is to learn from, against what is needed; light, since pages and `thumbs doctor` ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, or_, select

from worker.database.choices import Judgement
from worker.database.models import StoredCandidate
from worker.database.states import TrialKind, TrialMetric, TrialOutcome, TrialState
from worker.database.trials import Trial, Variant

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# With so many pairs of variants a strong taste is found nearly always, and a middling one every other time:
# 1,200 videos with two variants, or 400 with four (`python -m tests.benchmarks.audience heads`).
_ENOUGH_PAIRS = 1_200
ENOUGH_CHOICES = 670  #: of which the newer part, on which a head is judged, holds 200


def enough_videos(tests: int, variants: int) -> int:
    """Say about how many videos have to be tested, from how many variants the tests up to now have in all."""
    pairs = variants - tests
    return round(_ENOUGH_PAIRS * tests / pairs) if pairs > 0 else _ENOUGH_PAIRS


class Readiness(NamedTuple):
    """What one model's heads can learn from."""

    model: str | None  #: that judges now; None where none has judged
    tests: int  #: that ended, and were not broken
    choices: int  #: of people; counted no further than is needed
    enough_tests: int = _ENOUGH_PAIRS
    enough_choices: int = ENOUGH_CHOICES

    @property
    def is_enough(self) -> bool:
        """Whether it is worth the while to train."""
        return self.tests >= self.enough_tests or self.choices >= self.enough_choices

    def __str__(self) -> str:
        """Say it: "63 of about 1,200 videos tested, 12 of about 670 choices of people"."""
        return (
            f"{self.tests:,} of about {self.enough_tests:,} videos tested, "
            f"{self.choices:,} of about {self.enough_choices:,} choices of people"
        )


def readiness(session: Session, model: str | None = None) -> Readiness:
    """Count what there is to learn from for a model; None: for the one that judges now."""
    if model is None:
        newest = select(StoredCandidate.model).where(StoredCandidate.model.is_not(None))
        model = session.scalar(newest.order_by(StoredCandidate.id.desc()).limit(1))
    if model is None:
        return Readiness(None, 0, 0)
    counts = select(func.count(Trial.id.distinct()), func.count()).join(Variant, Variant.trial_id == Trial.id)
    counted = counts.where(
        Variant.model == model,
        Trial.state == TrialState.ENDED,
        Trial.kind == TrialKind.VIEWERS,
        Trial.metric == TrialMetric.PLAYS,
        or_(Trial.outcome.is_(None), Trial.outcome != TrialOutcome.BROKEN),
    )
    tests, variants = session.execute(counted).one()
    some = select(Judgement.choice_id).where(Judgement.model == model).distinct().limit(ENOUGH_CHOICES)
    choices = select(func.count()).select_from(some.subquery())
    return Readiness(model, tests, session.scalar(choices) or 0, enough_videos(tests, variants))
