"""Finds tests: the one that runs, whether viewers still see its variants, and those that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Boolean, and_, exists, func, literal_column, select
from sqlalchemy.orm import defer

from worker.database.choices import Choice
from worker.database.models import Asset
from worker.database.trials import Trial, TrialLook, Variant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session


# Written out, as the predicates of the indexes are: with parameters, PostgreSQL may not see which index fits.
IS_RUNNING = literal_column("trials.state = 'running'", Boolean)
IS_ENDED = literal_column("trials.state = 'ended'", Boolean)


def running_trial(session: Session, asset_id: int) -> Trial | None:
    """Find the test of an asset that runs; None where none does."""
    return session.scalar(select(Trial).where(Trial.asset_id == asset_id, IS_RUNNING))


def is_live() -> ColumnElement[bool]:
    """Build the condition that a trial, joined with its asset, may show its variants.

    What ends a test holds at once, before the next look notes it: a person's choice, other content, another
    thumbnail at the platform, a delete.
    """
    is_chosen = exists().where(
        Choice.asset_id == Trial.asset_id, Choice.released_at.is_(None), Choice.lost_at.is_(None)
    )
    return and_(
        IS_RUNNING,
        Asset.deleted_at.is_(None),
        Asset.foreign_thumbnail.is_(None),
        Asset.fingerprint.is_not_distinct_from(Trial.fingerprint),
        ~is_chosen,
    )


class TrialFilter(NamedTuple):
    """Which tests are listed."""

    platform: str | None = None
    account: str | None = None  #: of that platform
    state: str | None = None
    before_id: int | None = None  #: only what comes after this one in the list: the next page


class TrialLine(NamedTuple):
    """A test with its asset."""

    trial: Trial
    asset: Asset
    look: TrialLook | None  #: the newest


def newest_trial(session: Session, asset_id: int) -> Trial | None:
    """Find an asset's newest test, whether it runs or not."""
    newest = select(func.max(Trial.id)).where(Trial.asset_id == asset_id).scalar_subquery()
    return session.scalar(select(Trial).where(Trial.id == newest))


def newest_look(session: Session, trial_id: int) -> TrialLook | None:
    """Find the newest look at a test."""
    of_trial = select(TrialLook).where(TrialLook.trial_id == trial_id)
    return session.scalar(of_trial.order_by(TrialLook.id.desc()).limit(1))


def variants_of(session: Session, trial_id: int) -> Sequence[Variant]:
    """List the variants of a test by their numbers, without their vectors."""
    of_trial = select(Variant).where(Variant.trial_id == trial_id).order_by(Variant.number)
    return session.scalars(of_trial.options(defer(Variant.embedding), defer(Variant.cues))).all()


def list_trials(session: Session, wanted: TrialFilter, limit: int) -> list[TrialLine]:
    """List tests, the newest first."""
    found = select(Trial, Asset).join(Asset, Asset.id == Trial.asset_id)
    conditions = {
        Asset.platform: wanted.platform,
        Asset.account: wanted.account,
        Trial.state: wanted.state,
    }
    found = found.where(*(column == value for column, value in conditions.items() if value is not None))
    if wanted.before_id is not None:
        found = found.where(Trial.id < wanted.before_id)
    rows = session.execute(found.order_by(Trial.id.desc()).limit(limit)).all()
    return [TrialLine(trial, asset, newest_look(session, trial.id)) for trial, asset in rows]
