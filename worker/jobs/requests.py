"""Asking for work on an asset."""

from __future__ import annotations

import enum
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select, text
from sqlalchemy.dialects.postgresql import insert

from worker import wake
from worker.jobs.history import note
from worker.models import IS_WAITING, WAITING, Asset, Job, JobReason, JobState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.settings import Settings

_NOW = func.clock_timestamp()
_FORCED = frozenset({JobReason.EDIT, JobReason.REQUEUE})


class Requeued(enum.StrEnum):
    """What became of an operator's request."""

    QUEUED = "queued"  #: there is a job for it
    WAITING = "waiting"  #: there was one already; it goes first now
    DELETED = "deleted"  #: the asset is deleted at the platform


def request(session: Session, asset: Asset, reason: JobReason, *, delay_s: float, settings: Settings) -> int:
    """Ask for work on an asset whose row is locked, and return the job.

    One job waits per asset: a newer request gives it a new life and pushes it back by `delay_s`, but not
    beyond `max_wait_s` after the first request.
    """
    is_only_a_look = reason is JobReason.UPDATE
    asset.generation += 0 if is_only_a_look else 1  # a look finds out whether the content changed
    session.flush()
    statement = insert(Job).values(
        asset_id=asset.id,
        generation=asset.generation,
        reason=reason,
        is_forced=reason in _FORCED,
        max_attempts=settings.max_attempts,
        scheduled_at=_NOW + timedelta(seconds=delay_s),
    )
    first_at = case((Job.state == JobState.RETRYABLE, _NOW), else_=Job.requested_at)
    newer: dict[str, Any] = {
        "generation": statement.excluded.generation,
        "reason": statement.excluded.reason,
        "is_forced": Job.is_forced | statement.excluded.is_forced,
        "state": JobState.SCHEDULED,
        "scheduled_at": func.least(
            statement.excluded.scheduled_at, first_at + timedelta(seconds=settings.max_wait_s)
        ),
        "requested_at": first_at,
        "attempt": 0,
        "hinted_at": None,
    }
    job_id = session.scalars(
        statement.on_conflict_do_update(
            index_elements=["asset_id"],
            index_where=text(IS_WAITING),  # literally: no parameter matches an index
            set_={"generation": Job.generation} if is_only_a_look else newer,
        ).returning(Job.id)
    ).one()
    wake.dispatcher(session)
    return job_id


def requeue(session: Session, asset_id: int, actor: str, why: str, settings: Settings) -> Requeued:
    """Look at an asset again, at once, because an operator says so."""
    asset = session.get_one(Asset, asset_id, with_for_update=True)
    if asset.deleted_at:
        return Requeued.DELETED
    was_waiting = session.scalar(select(Job.id).where(Job.asset_id == asset_id, Job.state.in_(WAITING)))
    job_id = request(session, asset, JobReason.REQUEUE, delay_s=0.0, settings=settings)
    note(session, job_id, JobState.SCHEDULED, 0, actor, f"requeued: {why}" if why else "requeued")
    return Requeued.WAITING if was_waiting else Requeued.QUEUED
