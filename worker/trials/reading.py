"""Finds tests, and what was last said of them, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import defer

from worker.database.models import Asset
from worker.database.trials import Trial, TrialLook, Variant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


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
