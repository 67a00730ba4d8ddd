"""An operator stops a job, or all that there is to do for an asset."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, update

from worker import publications
from worker.database import NOW
from worker.database.models import Asset, Job, Publication
from worker.database.states import WAITING, JobState, PublicationState
from worker.jobs.claims import note
from worker.queue.failing import note_failing

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

OPEN = (*WAITING, JobState.RUNNING)


class OpenWork(NamedTuple):
    """What there is to do for an asset."""

    job_ids: list[int]  #: that wait or run
    write_ids: list[int]  #: of publications that wait


def open_work(session: Session, asset_id: int, job_id: int | None = None) -> OpenWork:
    """List what an operator may cancel of an asset; only the job of this id, where one is given."""
    of_asset = select(Job.id).where(Job.asset_id == asset_id, Job.state.in_(OPEN)).order_by(Job.id)
    if job_id is not None:
        return OpenWork(list(session.scalars(of_asset.where(Job.id == job_id))), [])
    waiting = (Publication.asset_id == asset_id, Publication.state == PublicationState.PENDING)
    writes = session.scalars(select(Publication.id).where(*waiting).order_by(Publication.id))
    return OpenWork(list(session.scalars(of_asset)), list(writes))


def cancel_for_operator(
    session: Session, asset_id: int, actor: str, why: str, job_id: int | None = None
) -> OpenWork:
    """Cancel the jobs of an asset that wait or run, and its writes that wait; or only one job.

    A worker that has one of them notices with the next renewal of its lease, and can store nothing from now
    on. The asset keeps its thumbnails, and may be asked for again.

    Args:
        session: its transaction.
        asset_id: whose jobs.
        actor: who wants it, for the history.
        why: the reason, for the history.
        job_id: the only job to cancel; its asset's writes stay.

    Returns:
        What was cancelled.
    """
    asset = session.get_one(Asset, asset_id, with_for_update=True)  # first the asset, then its rows
    ids = open_work(session, asset_id, job_id).job_ids
    ended = session.scalars(
        update(Job)
        .where(Job.id.in_(ids), Job.state.in_(OPEN))
        # The token goes up, so that whoever holds the job has lost it.
        .values(state=JobState.CANCELLED, finished_at=NOW, lease_until=None, stage=None, note=why)
        .values(lease_token=Job.lease_token + 1)
        .returning(Job)
    ).all()
    for job in ended:
        said = f"cancelled: {why}" if why else "cancelled"
        note(session, job.id, JobState.CANCELLED, job.attempt, actor, said)
    said = f"cancelled by {actor}: {why}" if why else f"cancelled by {actor}"
    writes = publications.cancel(session, asset, said) if job_id is None else []
    note_failing(session, asset)
    return OpenWork([job.id for job in ended], [write.id for write in writes])
