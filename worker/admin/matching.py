"""Which assets an operator means by filters, found without reading those that do not match.

A busy year leaves millions of assets, and a few that failed. So a search begins where only the rows in
question are indexed, and looks at the assets' newest jobs afterwards, in batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, func, or_, select, true

from worker.database.base import STATEMENT_BEGAN
from worker.database.models import Asset, Job, Publication
from worker.database.states import FINAL, WAITING, JobState, PublicationState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

BATCH = 1000  # assets that are looked at in one statement


class Filters(NamedTuple):
    """Which assets an operator means; deleted ones and those without a job never match."""

    is_failed: bool = False  #: whose newest job was given up, or whose newest write to the platform was
    since: timedelta | None = None  #: whose newest job was asked for, started or ended within this time
    platform: str | None = None


def candidates(session: Session, filters: Filters) -> list[int]:
    """List the ids of all assets that may match, in order; some may not, but all that do are among them."""
    if filters.is_failed:
        # Only the newest job and the newest write count, but those that failed are few.
        statement = select(Job.asset_id).where(Job.state == JobState.DISCARDED)
        failed = select(Publication.asset_id).where(Publication.state == PublicationState.FAILED)
        return sorted(session.scalars(statement.union(failed)))
    if filters.since is not None:
        return sorted(set(session.scalars(select(Job.asset_id).where(is_touched_within(filters.since)))))
    statement = select(Asset.id).order_by(Asset.id)
    if filters.platform:
        statement = statement.where(Asset.platform == filters.platform)
    return list(session.scalars(statement))


def matching(session: Session, filters: Filters, ids: Sequence[int]) -> list[Asset]:
    """List those of these assets that match, in order of their ids."""
    statement = _matching(filters).where(Asset.id.in_(ids)).order_by(Asset.id)
    return list(session.scalars(statement))


def _matching(filters: Filters) -> Select[Asset]:
    newest = (
        select(Job).where(Job.asset_id == Asset.id).order_by(Job.id.desc()).limit(1).lateral("newest_job")
    )
    statement = select(Asset).join(newest, true()).where(Asset.deleted_at.is_(None))
    if filters.is_failed:
        write = (
            select(Publication)
            .where(Publication.asset_id == Asset.id)
            .order_by(Publication.id.desc())
            .limit(1)
            .lateral("newest_write")
        )
        write_failed = and_(write.c.generation == Asset.generation, write.c.state == PublicationState.FAILED)
        statement = statement.outerjoin(write, true())
        statement = statement.where(or_(newest.c.state == JobState.DISCARDED, write_failed))
    if filters.since is not None:
        touched = func.greatest(newest.c.requested_at, newest.c.started_at, newest.c.finished_at)
        statement = statement.where(touched >= STATEMENT_BEGAN - filters.since)
    if filters.platform:
        statement = statement.where(Asset.platform == filters.platform)
    return statement


def is_touched_within(age: timedelta) -> ColumnElement[bool]:
    """Build the condition that a job was asked for, started or ended within this time.

    What is over has ended last, and what is not over are few: each half has an index.
    """
    start: ColumnElement[datetime] = STATEMENT_BEGAN - age
    is_open = Job.state.in_((*WAITING, JobState.RUNNING))
    return or_(
        and_(Job.state.in_(FINAL), Job.finished_at >= start),
        and_(is_open, func.greatest(Job.requested_at, Job.started_at) >= start),
    )
