"""Which tests run, and whether viewers still see their variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, select

from worker.database.choices import Choice
from worker.database.models import Asset
from worker.database.states import TrialState
from worker.database.trials import Trial

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session


def running_trial(session: Session, asset_id: int) -> Trial | None:
    """Find the test of an asset that runs; None where none does."""
    is_it = (Trial.asset_id == asset_id, Trial.state == TrialState.RUNNING)
    return session.scalar(select(Trial).where(*is_it))


def is_live() -> ColumnElement[bool]:
    """Build the condition that a trial, joined with its asset, may show its variants.

    What ends a test holds at once, before the next look notes it: a person's choice, other content, another
    thumbnail at the platform, a delete.
    """
    is_chosen = exists().where(
        Choice.asset_id == Trial.asset_id, Choice.released_at.is_(None), Choice.lost_at.is_(None)
    )
    return and_(
        Trial.state == TrialState.RUNNING,
        Asset.deleted_at.is_(None),
        Asset.foreign_thumbnail.is_(None),
        Asset.fingerprint.is_not_distinct_from(Trial.fingerprint),
        ~is_chosen,
    )
