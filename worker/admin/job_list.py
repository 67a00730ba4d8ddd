"""List jobs as operators look at them: with their asset, the moment that was chosen, and without echoes.

What we write to a platform, it tells us of, and the look that follows finds nothing new. Such jobs would be
half of every list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import contains_eager

from worker.admin.matching import is_touched_within
from worker.database.models import Asset, Job, Thumbnail
from worker.database.states import IS_NEWS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from sqlalchemy import ColumnElement, TextClause
    from sqlalchemy.orm import Session

# Of what was left out between the jobs that are listed, so many are counted.
MAX_COUNTED = 1000


class JobFilter(NamedTuple):
    """Which jobs are listed."""

    states: Sequence[str] = ()  #: empty: all
    platform: str | None = None
    account: str | None = None
    asset_id: int | None = None
    since: timedelta | None = None  #: what was asked for, started or ended within this time
    is_news: bool = False  #: leave out looks that found nothing new


class JobLine(NamedTuple):
    """A job with its asset, and the moment that it chose."""

    job: Job
    chosen_s: float | None  #: of the thumbnail that it brought: the person's choice, or the best pick


def list_jobs(session: Session, chosen: JobFilter, limit: int) -> list[JobLine]:
    """List jobs with their assets, the newest first."""
    statement = select(Job).options(contains_eager(Job.asset)).order_by(Job.id.desc()).limit(limit)
    jobs = list(session.scalars(statement.join(Job.asset).where(*_conditions(chosen))))
    moments = _chosen_moments(session, [job.id for job in jobs])
    return [JobLine(job, moments.get(job.id)) for job in jobs]


def count_left_out(session: Session, chosen: JobFilter, listed: Sequence[JobLine], limit: int) -> int:
    """Count the looks without news that would stand between the listed jobs, up to `MAX_COUNTED`."""
    if not chosen.is_news:
        return 0
    statement = select(Job.id).join(Job.asset).where(*_conditions(chosen._replace(is_news=False)))
    if len(listed) == limit:  # below the last one there is more of everything
        statement = statement.where(Job.id > listed[-1].job.id)
    some = statement.where(text(f"NOT ({IS_NEWS})")).limit(MAX_COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _conditions(chosen: JobFilter) -> list[ColumnElement[bool] | TextClause]:
    conditions: list[ColumnElement[bool] | TextClause] = []
    if chosen.states:
        conditions.append(Job.state.in_(chosen.states))
    if chosen.platform:
        conditions.append(Asset.platform == chosen.platform)
    if chosen.account:
        conditions.append(Asset.account == chosen.account)
    if chosen.asset_id is not None:
        conditions.append(Job.asset_id == chosen.asset_id)
    if chosen.since is not None:
        conditions.append(is_touched_within(chosen.since))
    if chosen.is_news:
        conditions.append(text(IS_NEWS))
    return conditions


def _chosen_moments(session: Session, job_ids: Sequence[int]) -> dict[int, float]:
    """Find the moment of the first thumbnail of each job; a person's choice has the lowest rank."""
    rows = select(Thumbnail.job_id, Thumbnail.time_s).where(Thumbnail.job_id.in_(job_ids))
    moments: dict[int, float] = {}
    for job_id, time_s in session.execute(rows.order_by(Thumbnail.rank, Thumbnail.id)):
        if job_id is not None:
            moments.setdefault(job_id, time_s)
    return moments
