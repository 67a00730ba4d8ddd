"""How often videos are seen, as far as tests counted it in the last week. Nothing of it is stored."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Date, and_, cast, func, or_, select

from worker.database.base import STATEMENT_BEGAN
from worker.database.models import Asset
from worker.database.states import TrialKind
from worker.database.trials import Trial, TrialDay
from worker.trials.running import IS_ENDED, IS_RUNNING

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

WEEK = timedelta(days=7)
DAY_S = 86_400.0
# Of an account with more tests, these many tell.
MAX_TRIALS = 1000
# What a page with many players has, until it is known: of every twenty pictures that are seen, one is played.
USUAL_RATE = 0.05
LEAST_PLAYS = 100  #: before, a rate is not known


class Traffic(NamedTuple):
    """How often a video is seen."""

    daily_impressions: float  #: of one video, on average
    rate: float  #: quality plays for each impression


def of_asset(session: Session, asset: Asset) -> Traffic | None:
    """Measure how often a video was seen in the last week; None where no test counted for a day."""
    return _measured(session, Trial.asset_id == asset.id)


def of_account(session: Session, platform: str, account: str) -> Traffic | None:
    """Measure how often videos of an account are seen, on average; None where no test counted for a day."""
    of_it = select(Asset.id).where(
        Asset.id == Trial.asset_id, Asset.platform == platform, Asset.account == account
    )
    return _measured(session, of_it.exists())


def _measured(session: Session, *which: ColumnElement[bool]) -> Traffic | None:
    since = STATEMENT_BEGAN - WEEK
    is_recent = or_(IS_RUNNING, and_(IS_ENDED, Trial.ended_at >= since))
    some = (
        select(Trial.id, Trial.started_at, Trial.ended_at)
        .where(is_recent, Trial.kind == TrialKind.VIEWERS, *which)
        .order_by(Trial.id.desc())
        .limit(MAX_TRIALS)
        .subquery()
    )
    lasted = func.coalesce(some.c.ended_at, STATEMENT_BEGAN) - func.greatest(some.c.started_at, since)
    days = session.scalar(select(func.sum(func.extract("epoch", lasted)) / DAY_S))
    if days is None or days < 1:
        return None
    counted = select(func.sum(TrialDay.impressions), func.sum(TrialDay.quality_plays))
    of_week = TrialDay.day > cast(since, Date)
    impressions, plays = session.execute(
        counted.join(some, some.c.id == TrialDay.trial_id).where(of_week)
    ).one()
    if not impressions:  # the snippet may be missing: that tells nothing of viewers
        return None
    is_known = (plays or 0) >= LEAST_PLAYS
    rate = float(plays / impressions) if is_known else USUAL_RATE
    return Traffic(float(impressions) / float(days), rate)
