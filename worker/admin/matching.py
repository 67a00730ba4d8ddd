"""Which assets an operator means by filters, found without reading those that do not match.

A busy year leaves millions of assets, and a few that failed. So a search begins where only the rows in
question are indexed, and looks at the assets' newest jobs afterwards, in batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, func, or_, select, text, true

from worker.database.base import STATEMENT_BEGAN
from worker.database.models import Asset, Job
from worker.database.review import FAILED
from worker.database.states import FINAL, WAITING, JobState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

BATCH = 1000  # assets that are looked at in one statement


class Filters(NamedTuple):
    """Which assets an operator means; deleted ones and those without a job never match."""

    #: Whose newest job was given up, or whose newest write to the platform was; not where a new job is there.
    is_failed: bool = False
    since: timedelta | None = None  #: whose newest job was asked for, started or ended within this time
    platform: str | None = None


def candidates(session: Session, filters: Filters) -> list[int]:
    """List the ids of all assets that may match, in order; some may not, but all that do are among them."""
    if filters.since is not None and not filters.is_failed:
        return sorted(set(session.scalars(select(Job.asset_id).where(is_touched_within(filters.since)))))
    statement = select(Asset.id)
    if filters.is_failed:
        statement = statement.where(text(FAILED))
    if filters.platform:
        statement = statement.where(Asset.platform == filters.platform)
    return sorted(session.scalars(statement))


def matching(session: Session, filters: Filters, ids: Sequence[int]) -> list[Asset]:
    """List those of these assets that match, in order of their ids."""
    statement = _matching(filters).where(Asset.id.in_(ids)).order_by(Asset.id)
    return list(session.scalars(statement))


def _matching(filters: Filters) -> Select[Asset]:
    newest = (
        select(Job).where(Job.asset_id == Asset.id).order_by(Job.id.desc()).limit(1).lateral("newest_job")
    )
    statement = select(Asset).join(newest, true()).where(Asset.deleted_at.is_(None))
    if filters.is_failed:  # the flag stays until a job that was asked for since is over
        statement = statement.where(Asset.has_failed, newest.c.state.in_(FINAL))
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
