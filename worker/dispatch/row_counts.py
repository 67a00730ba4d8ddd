"""Shows how many rows are in which state, and how long the oldest due ones wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from worker import accounts, metrics
from worker.database import NOW
from worker.database.models import Asset, Job, Publication
from worker.database.states import WAITING, PublicationState

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session


def count(session: Session) -> None:
    """Show how many rows are in which state, how long the oldest due ones wait, and how accounts stand."""
    accounts.measure(session)
    metrics.JOBS.clear()
    _count(session, "analyze", Job, Job.state.in_(WAITING))
    _count(session, "publish", Publication, Publication.state == PublicationState.PENDING)
    metrics.YIELDED.clear()
    by_account = (Asset.platform, Asset.account)
    foreign = select(*by_account, func.count()).where(Asset.foreign_thumbnail.is_not(None))
    for platform, account, number in session.execute(foreign.group_by(*by_account)):
        metrics.YIELDED.labels(platform, account).set(number)


def _count(
    session: Session, queue: str, table: type[Job | Publication], is_waiting: ColumnElement[bool]
) -> None:
    for state, number in session.execute(select(table.state, func.count()).group_by(table.state)):
        metrics.JOBS.labels(queue, state).set(number)
    lag = func.extract("epoch", NOW - func.min(table.scheduled_at))
    lag_s = session.scalar(select(lag).where(is_waiting, table.scheduled_at <= NOW))
    metrics.QUEUE_LAG_SECONDS.labels(queue).set(float(lag_s or 0.0))
