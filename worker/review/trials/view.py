"""All that the page of one test shows, gathered in a number of statements that does not grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from worker.database import NOW
from worker.database.base import MAX_ROW_ID
from worker.database.models import Asset, Thumbnail
from worker.database.states import Role, TrialKind, TrialOutcome, TrialState
from worker.database.trials import Slot, Trial, TrialLook, Variant
from worker.review.trials.figures import VariantFigures, count_by_now, read_days, read_figures
from worker.review.trials.intervals import LiftScale, read_intervals, scale_of
from worker.review.trials.of_assets import said_of
from worker.trials.assignment import BUCKETS
from worker.trials.saying import picture

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from worker.people.roles import Actor
    from worker.review.trials.figures import DayFigures, LookFigures
    from worker.review.trials.intervals import LiftInterval

SHOWN_LOOKS = 100
MOST_SLOTS = 400  #: more days than a test can last
_LARGE_PX = (640, 360)  # where the picture is gone


class ShownVariant(NamedTuple):
    """One of the pictures that a test compares."""

    number: int
    thumbnail_id: int | None  #: None: its picture is no longer stored
    time_s: float
    width_px: int
    height_px: int
    share: float  #: of the viewers who are to see it
    figure: VariantFigures

    @property
    def name(self) -> str:
        """What people call it."""
        return picture(self.number)


class PastLook(NamedTuple):
    """What was said at a moment."""

    at: datetime
    said: str


@dataclass(frozen=True, slots=True)
class TrialView:
    """What the page of a test shows."""

    trial: Trial
    asset: Asset
    said: str  #: the sentence that stands for all
    variants: list[ShownVariant]
    figures: LookFigures
    intervals: list[LiftInterval]
    days: list[DayFigures]  #: the newest first; none where the platform shows one picture
    slots: list[Slot]  #: the newest first, of such a platform
    looks: list[PastLook]  #: the newest first
    counted: int  #: impressions by now
    now: datetime
    can_edit: bool

    @property
    def is_running(self) -> bool:
        """Whether viewers see its variants."""
        return self.trial.state == TrialState.RUNNING

    @property
    def is_broken(self) -> bool:
        """Whether the variants were not shown as drawn, so that nothing may be concluded."""
        is_alarm = self.figures.imbalance is not None and self.figures.imbalance.is_alarm
        return is_alarm or self.trial.outcome == TrialOutcome.BROKEN

    @property
    def scale(self) -> LiftScale:
        """The scale of all intervals."""
        return scale_of(self.intervals)

    @property
    def looked_at(self) -> datetime | None:
        """When the figures were last judged."""
        return self.looks[0].at if self.looks else None

    @property
    def uncounted(self) -> int:
        """How many impressions were counted since the figures were judged; 0 where that is not known."""
        if self.figures.left_out:
            return 0
        return max(self.counted - self.figures.impressions, 0)

    @property
    def has_figures(self) -> bool:
        """Whether there is anything to compare."""
        return any(one.figure.rate is not None or one.figure.a_day is not None for one in self.variants)


def find_trial(session: Session, actor: Actor, trial_id: int) -> tuple[Trial, Asset] | None:
    """Find a test that somebody may look at; None where there is none, or they may not."""
    if not 0 < trial_id <= MAX_ROW_ID:
        return None
    both = select(Trial, Asset).join(Asset, Asset.id == Trial.asset_id).where(Trial.id == trial_id)
    found = session.execute(both).first()
    return (found[0], found[1]) if found is not None and actor.may(Role.VIEWER, found[1]) else None


def read_trial(session: Session, actor: Actor, trial_id: int) -> TrialView | None:
    """Gather what the page of a test shows; None as `find_trial`."""
    found = find_trial(session, actor, trial_id)
    if found is None:
        return None
    trial, asset = found
    looks = list(
        session.scalars(
            select(TrialLook)
            .where(TrialLook.trial_id == trial.id)
            .order_by(TrialLook.id.desc())
            .limit(SHOWN_LOOKS)
        )
    )
    figures = read_figures(looks[0].numbers if looks else {})
    variants = _variants(session, trial, figures)
    is_slots = trial.kind == TrialKind.SLOTS
    return TrialView(
        trial=trial,
        asset=asset,
        said=said_of(trial.state, trial.why, looks[0].said if looks else None),
        variants=variants,
        figures=figures,
        intervals=read_intervals(figures.pairs),
        days=[] if is_slots else read_days(session, trial, len(variants)),
        slots=_slots(session, trial) if is_slots else [],
        looks=[PastLook(one.at, one.said) for one in looks],
        counted=count_by_now(session, trial),
        now=session.scalars(select(NOW)).one(),
        can_edit=actor.may(Role.EDITOR, asset) and asset.deleted_at is None,
    )


def _variants(session: Session, trial: Trial, figures: LookFigures) -> list[ShownVariant]:
    size = (Thumbnail.id, Thumbnail.width_px, Thumbnail.height_px)
    rows = session.execute(
        select(Variant, *size)
        .outerjoin(Thumbnail, Thumbnail.id == Variant.thumbnail_id)
        .where(Variant.trial_id == trial.id)
        .order_by(Variant.number)
    )
    return [
        ShownVariant(
            one.number,
            thumbnail_id,
            one.time_s,
            width_px or _LARGE_PX[0],
            height_px or _LARGE_PX[1],
            (one.bucket_to - one.bucket_from) / BUCKETS,
            figures.variants.get(one.number, VariantFigures()),
        )
        for one, thumbnail_id, width_px, height_px in rows
    ]


def _slots(session: Session, trial: Trial) -> list[Slot]:
    of_trial = select(Slot).where(Slot.trial_id == trial.id).order_by(Slot.number.desc()).limit(MOST_SLOTS)
    return list(session.scalars(of_trial))
