"""Asking for work on an asset."""

from __future__ import annotations

import enum
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Interval, bindparam, case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from worker import tracing
from worker.database import NOW
from worker.database.base import table_of
from worker.database.models import Asset, Job
from worker.database.states import IS_WAITING, WAITING, JobReason, JobState, Priority
from worker.jobs import edits
from worker.jobs.claims import note
from worker.queue import notify
from worker.timeline import Timeline

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.settings import Settings

_FORCED = frozenset({JobReason.EDIT, JobReason.REQUEUE})


class Requeued(enum.StrEnum):
    """What became of an operator's request."""

    QUEUED = "queued"  #: there is a job for it
    WAITING = "waiting"  #: there was one already; it goes first now
    DELETED = "deleted"  #: the asset is deleted at the platform


# The statements of `request` are built once, on tables instead of classes, and get their values as bound
# parameters: the receiver runs them for every event, and must not spend its time on building them anew.
_assets, _jobs = table_of(Asset), table_of(Job)

# `by` is 1, or 0 for a look, which only finds out whether the content changed and opens no generation. Work
# is asked for only on an asset that is there, so the marks of its end go.
_RAISE_GENERATION = (
    update(_assets)
    .where(_assets.c.id == bindparam("of_asset"))
    .values(generation=_assets.c.generation + bindparam("by"), deleted_at=None, erased_at=None)
    .returning(_assets.c.generation)
)

# The new job; `delay` is an interval, counted by the database's clock. The columns that are not named here
# (asset_id, generation, reason, ...) are set by the parameters of the same names.
_new_job = insert(_jobs).values(scheduled_at=NOW + bindparam("delay", type_=Interval))

# What becomes of the job that waits already, if there is one; `excluded` is what the new job would have been.
# A look changes nothing but the job's place in the queue, and that only for the better.
_CHANGES_BY_LOOK = {
    "priority": func.least(_jobs.c.priority, _new_job.excluded.priority),
    "traceparent": _new_job.excluded.traceparent,
}

# Newer content gives the job a new life: it is pushed back by the delay, but to `longest` after the first
# request at most, so that a stream of edits cannot hold it back for ever. For a job that waits to be tried
# again, whose first request may be long past, this is the first request.
_requested_at = case((_jobs.c.state == JobState.RETRYABLE, NOW), else_=_jobs.c.requested_at)
_latest = _requested_at + bindparam("longest", type_=Interval)
_CHANGES_BY_REQUEST: dict[str, Any] = {
    **_CHANGES_BY_LOOK,
    "generation": _new_job.excluded.generation,
    "reason": _new_job.excluded.reason,
    "is_forced": _jobs.c.is_forced | _new_job.excluded.is_forced,
    "state": JobState.SCHEDULED,
    "scheduled_at": func.least(_new_job.excluded.scheduled_at, _latest),
    "requested_at": _requested_at,
    "edit": _new_job.excluded.edit,
    "model": func.coalesce(_new_job.excluded.model, _jobs.c.model),
    "attempt": 0,
    "external_retries": 0,
    "hinted_at": None,
}

# Insert the job, or change the one that waits, of which the unique index uq_jobs_waiting allows one.
_INSERT_OR_PUSH, _INSERT_OR_LOOK = (
    _new_job.on_conflict_do_update(
        index_elements=["asset_id"],
        # Written out: with a parameter in its place PostgreSQL could not tell which partial index is meant.
        index_where=text(IS_WAITING),
        set_=changes,
    ).returning(_jobs.c.id)
    for changes in (_CHANGES_BY_REQUEST, _CHANGES_BY_LOOK)
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
    """Ask for work on an asset whose row is locked, and return the id of the job.

    One job waits per asset: a newer request gives it a new life and pushes it back by `delay_s`, but not
    beyond `max_wait_s` after the first request.

    Args:
        session: with the asset's row locked.
        asset_id: what to look at.
        reason: why.
        delay_s: when it is due, in seconds from now.
        settings: how often to try, and how long to wait.
        change: what was done to the content since the last request; None where that is not known.
        model: which has to judge; None: whichever the worker has.
        priority: of a new job; one that waits keeps its own, if that is higher.
    """
    is_look = reason is JobReason.UPDATE
    edit = edits.known_after(session, asset_id, change)
    generation = session.scalar(_RAISE_GENERATION, {"of_asset": asset_id, "by": 0 if is_look else 1})
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
        "traceparent": tracing.traceparent(),
    }
    longest = {} if is_look else {"longest": timedelta(seconds=settings.max_wait_s)}
    statement = _INSERT_OR_LOOK if is_look else _INSERT_OR_PUSH
    job_id = session.execute(statement, values | longest).scalar_one()
    notify.wake_dispatcher(session)
    return int(job_id)


def requeue(
    session: Session,
    asset_id: int,
    actor: str,
    why: str,
    settings: Settings,
    *,
    model: str | None = None,
    is_for_other_picks: bool = False,
) -> Requeued:
    """Look at an asset again, at once, because an operator says so.

    With a model, or for other picks, what was stored of the video is judged anew, and the video is scanned
    only where that does not suffice; else everything is done anew, by whichever model the worker has.

    Args:
        session: its transaction.
        asset_id: what to look at.
        actor: who asks for it.
        why: in their words; may be empty.
        settings: of the job.
        model: which has to judge; None: any.
        is_for_other_picks: only what is wanted of the picks changed; a waiting job keeps the model that was
            asked for. Without this, None lifts that wish.
    """
    asset = session.get_one(Asset, asset_id, with_for_update=True)
    if asset.deleted_at:
        return Requeued.DELETED
    was_waiting = session.scalar(select(Job.id).where(Job.asset_id == asset_id, Job.state.in_(WAITING)))
    change = Timeline.whole() if model or is_for_other_picks else None
    job_id = request(
        session, asset_id, JobReason.REQUEUE, delay_s=0.0, settings=settings, change=change, model=model
    )
    if model is None and not is_for_other_picks:
        session.execute(update(Job).where(Job.id == job_id).values(model=None))
    what = f"requeued for {model}" if model else "requeued"
    note(session, job_id, JobState.SCHEDULED, 0, actor, f"{what}: {why}" if why else what)
    return Requeued.WAITING if was_waiting else Requeued.QUEUED
