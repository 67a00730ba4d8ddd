"""Which tests run, and whether viewers still see their variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Boolean, and_, exists, literal_column, select

from worker.database.choices import Choice
from worker.database.models import Asset
from worker.database.trials import Trial

if TYPE_CHECKING:
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
