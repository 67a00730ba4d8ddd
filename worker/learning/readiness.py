"""How much there is to learn from, against what is needed; light, since pages and `thumbs doctor` ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, or_, select

from worker.database.choices import Judgement
from worker.database.models import StoredCandidate
from worker.database.states import TrialKind, TrialMetric, TrialOutcome
from worker.database.trials import Trial, TrialCount, Variant

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import Session

LEAST_PLAYS = 30  #: of each variant on average; with fewer, a test tells nothing

# So many videos with two variants each let a strong taste pass in nine of ten cases, and a middling one in
# every other; 710 with three do, or 530 with four (`python -m tests.benchmarks.audience heads`).
_ENOUGH_TESTS = 1_200
# More variants tell more of a video, but not as much as further videos.
_WORTH_OF_VARIANTS = 0.75
ENOUGH_CHOICES = 670  #: of which the newer part, on which a head is judged, holds 200


def enough_videos(tests: int, variants: int) -> int:
    """Say about how many videos have to be tested, from how many variants the tests up to now have in all."""
    pairs = variants - tests
    if pairs <= 0:
        return _ENOUGH_TESTS
    return int(round(_ENOUGH_TESTS * (tests / pairs) ** _WORTH_OF_VARIANTS, -1))


class Readiness(NamedTuple):
    """What one model's heads can learn from."""

    model: str | None  #: that judges now; None where none has judged
    tests: int  #: that tell something; counted no further than is needed, as choices are
    choices: int  #: of people
    enough_tests: int = _ENOUGH_TESTS
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
    told = _tests_that_tell(model).subquery()
    counted = session.execute(
        select(func.count(), func.coalesce(func.sum(told.c.variants), 0)).select_from(told)
    )
    tests, variants = counted.one()
    of_model = (
        Judgement.model == model,
        Judgement.chosen_score.is_not(None),
        Judgement.other_score.is_not(None),
    )
    some = select(Judgement.choice_id).where(*of_model).distinct().limit(ENOUGH_CHOICES)
    choices = select(func.count()).select_from(some.subquery())
    return Readiness(model, tests, session.scalar(choices) or 0, enough_videos(tests, int(variants)))


def _tests_that_tell(model: str) -> Select[tuple[int]]:
    """Build the question for the tests that a training would read, as far as is needed: how many variants."""
    of_trial = select(func.count()).where(Variant.trial_id == Trial.id)
    variants = of_trial.correlate(Trial).scalar_subquery()
    is_measured = (
        Variant.model == model,
        Variant.embedding.is_not(None),
        Variant.hand_score.is_not(None),
    )
    measured = of_trial.where(*is_measured).correlate(Trial).scalar_subquery()
    plays = select(func.coalesce(func.sum(TrialCount.quality_plays), 0)).where(
        TrialCount.trial_id == Trial.id
    )
    return (
        select(variants.label("variants"))
        .where(
            Trial.kind == TrialKind.VIEWERS,
            Trial.metric == TrialMetric.PLAYS,
            or_(Trial.outcome.is_(None), Trial.outcome != TrialOutcome.BROKEN),
            measured > 1,
            measured == variants,
            plays.correlate(Trial).scalar_subquery() >= LEAST_PLAYS * variants,
        )
        .order_by(Trial.id.desc())
        .limit(_ENOUGH_TESTS)
    )
