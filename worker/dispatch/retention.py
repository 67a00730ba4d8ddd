"""Removes rows that are over and past their time, and counts the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, false, func, select

from worker import metrics
from worker.database import NOW
from worker.database.models import Asset, Job, Publication, StoredCandidate, Thumbnail, WebhookEvent
from worker.database.states import FINAL, WAITING, PublicationState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from worker.settings import Settings

    Prunable = WebhookEvent | Job | StoredCandidate | Thumbnail

# Small enough that a batch holds no other work up; the rest goes in the next rounds.
BATCH_ROWS = 1000


def prune(session: Session, settings: Settings) -> None:
    """Remove one batch of each kind of row that is over."""
    events_end = NOW - timedelta(days=settings.events_retention_days)
    jobs_end = NOW - timedelta(days=settings.jobs_retention_days)
    _remove(session, WebhookEvent, WebhookEvent.received_at < events_end)
    _remove(session, Job, Job.state.in_(FINAL), Job.finished_at < jobs_end)
    _prune_pictures(session, NOW - timedelta(days=settings.thumbnails_retention_days))


def _prune_pictures(session: Session, end: ColumnElement[datetime]) -> None:
    """Remove pictures of deleted assets, which stay as tombstones, and of older runs if not published."""
    is_gone = exists().where(Asset.deleted_at < end)
    _remove(session, StoredCandidate, is_gone.where(Asset.id == StoredCandidate.asset_id))
    _remove(session, Thumbnail, is_gone.where(Asset.id == Thumbnail.asset_id))
    _remove(session, Thumbnail, Thumbnail.outdated_at < end, ~_is_published())


def _is_published() -> ColumnElement[bool]:
    """Build the condition that a thumbnail is what the newest accepted write shows."""
    written = (Publication.asset_id == Thumbnail.asset_id, Publication.state == PublicationState.CONFIRMED)
    newest = select(Publication.thumbnail_id).where(*written).order_by(Publication.id.desc()).limit(1)
    return func.coalesce(newest.correlate(Thumbnail).scalar_subquery() == Thumbnail.id, false())


def _remove(session: Session, table: type[Prunable], *conditions: ColumnElement[bool]) -> None:
    ids = select(table.id).where(*conditions).limit(BATCH_ROWS).with_for_update(skip_locked=True)
    # As in `queue.hints`: a CTE runs once, and so keeps its limit.
    batch = ids.cte("batch").prefix_with("MATERIALIZED")
    session.execute(delete(table).where(table.id.in_(select(batch.c.id))))


def count(session: Session) -> None:
    """Show how many rows are in which state, and how long the oldest due ones wait."""
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
