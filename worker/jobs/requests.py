"""Asking for work on an asset."""

from __future__ import annotations

import enum
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Interval, bindparam, case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from worker.database.base import table
from worker.database.models import Asset, Job
from worker.database.states import IS_WAITING, WAITING, JobReason, JobState, Priority
from worker.jobs import edits
from worker.jobs.claims import note
from worker.queue import notify
from worker.timeline import Timeline

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


_assets, _jobs = table(Asset), table(Job)
# A look (by 0) finds out whether the content changed, and opens no generation.
_BUMP = (
    update(_assets)
    .where(_assets.c.id == bindparam("of_asset"))
    .values(generation=_assets.c.generation + bindparam("by"), deleted_at=None)
    .returning(_assets.c.generation)
)
_new = insert(_jobs).values(scheduled_at=_NOW + bindparam("delay", type_=Interval))
_since = case((_jobs.c.state == JobState.RETRYABLE, _NOW), else_=_jobs.c.requested_at)
_FIRST = {"priority": func.least(_jobs.c.priority, _new.excluded.priority)}
_NEWER: dict[str, Any] = {
    **_FIRST,
    "generation": _new.excluded.generation,
    "reason": _new.excluded.reason,
    "is_forced": _jobs.c.is_forced | _new.excluded.is_forced,
    "state": JobState.SCHEDULED,
    "scheduled_at": func.least(_new.excluded.scheduled_at, _since + bindparam("longest", type_=Interval)),
    "requested_at": _since,
    "edit": _new.excluded.edit,
    "model": func.coalesce(_new.excluded.model, _jobs.c.model),
    "attempt": 0,
    "external_retries": 0,
    "hinted_at": None,
}
_ASK, _LOOK = (
    _new.on_conflict_do_update(
        index_elements=["asset_id"],
        index_where=text(IS_WAITING),  # literally: no parameter matches an index
        set_=changes,
    ).returning(_jobs.c.id)
    for changes in (_NEWER, _FIRST)
)


def request(
    session: Session,
    asset_id: int,
    reason: JobReason,
    *,
    delay_s: float,
    settings: Settings,
    change: Timeline | None = None,
    model: str | None = None,
    priority: Priority = Priority.LIVE,
) -> int:
    """Ask for work on an asset whose row is locked, and return the job.

    One job waits per asset: a newer request gives it a new life and pushes it back by `delay_s`, but not
    beyond `max_wait_s` after the first request.

    Args:
        session: with the asset's row locked.
        asset_id: what to look at.
        reason: why.
        delay_s: when it is due, in seconds from now.
        settings: how often to try, and how long to wait.
        change: what was done to the content since the last request; None where nobody knows.
        model: which has to judge; None: whichever the worker has.
        priority: of a new job; one that waits keeps its own, if that is higher.
    """
    is_look = reason is JobReason.UPDATE
    edit = edits.after(session, asset_id, change)
    generation = session.scalar(_BUMP, {"of_asset": asset_id, "by": 0 if is_look else 1})
    values = {
        "asset_id": asset_id,
        "generation": generation,
        "reason": reason,
        "is_forced": reason in _FORCED,
        "max_attempts": settings.max_attempts,
        "delay": timedelta(seconds=delay_s),
        "edit": edit,
        "model": model,
        "priority": priority,
    }
    longest = {} if is_look else {"longest": timedelta(seconds=settings.max_wait_s)}
    job_id = session.execute(_LOOK if is_look else _ASK, values | longest).scalar_one()
    notify.wake_dispatcher(session)
    return int(job_id)


def requeue(
    session: Session, asset_id: int, actor: str, why: str, settings: Settings, *, model: str | None = None
) -> Requeued:
    """Look at an asset again, at once, because an operator says so.

    With a model, what was stored of the video is judged anew by it, and the video is scanned only where that
    does not suffice; without one, everything is done anew.
    """
    asset = session.get_one(Asset, asset_id, with_for_update=True)
    if asset.deleted_at:
        return Requeued.DELETED
    was_waiting = session.scalar(select(Job.id).where(Job.asset_id == asset_id, Job.state.in_(WAITING)))
    change = None if model is None else Timeline.whole()
    job_id = request(
        session, asset_id, JobReason.REQUEUE, delay_s=0.0, settings=settings, change=change, model=model
    )
    what = f"requeued for {model}" if model else "requeued"
    note(session, job_id, JobState.SCHEDULED, 0, actor, f"{what}: {why}" if why else what)
    return Requeued.WAITING if was_waiting else Requeued.QUEUED
