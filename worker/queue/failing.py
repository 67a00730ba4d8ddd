"""Keeps on the asset's row whether what was last tried for it failed, so that people find it among many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from worker.database.base import NOW
from worker.database.models import Job, Publication
from worker.database.states import JobState, PublicationState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database.models import Asset

#: How a job ends that tells something. One that was superseded does not: another one took its place.
TELLING = (JobState.COMPLETED, JobState.DISCARDED, JobState.CANCELLED)


def note_failing(session: Session, asset: Asset, *, is_given_up: bool = False) -> None:
    """Note whether the asset's newest job that ended, or its newest write, was given up.

    To be called wherever one of them may end, fail for good, or be asked for again; the row is locked.

    Args:
        session: any.
        asset: whose.
        is_given_up: one of them was given up just now, so that whoever found the last failure fine has not
            seen this one.
    """
    jobs = select(Job.state).where(Job.asset_id == asset.id, Job.state.in_(TELLING))
    writes = select(Publication.state).where(Publication.asset_id == asset.id)
    asset.has_failed = (
        session.scalar(jobs.order_by(Job.id.desc()).limit(1)) == JobState.DISCARDED
        or session.scalar(writes.order_by(Publication.id.desc()).limit(1)) == PublicationState.FAILED
    )
    if is_given_up:
        asset.failed_at = session.scalar(select(NOW))
    elif not asset.has_failed:
        asset.failed_at = None
