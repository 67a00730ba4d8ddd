"""Taking a job and keeping it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from worker.database.models import Asset, Job, JobLog
from worker.database.states import WAITING, JobState
from worker.queue import hints, leases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from worker.queue.hints import Hint

_NOW = func.clock_timestamp()


@dataclass(frozen=True, slots=True)
class JobClaim:
    """The right to work on a job, until its lease ends or another worker takes over."""

    job_id: int
    token: int
    owner: str
    attempt: int
    max_attempts: int
    external_retries: int  #: how often the cause of a failure was elsewhere, see `queue.backoff`
    generation: int
    asset_id: int
    platform: str
    account: str
    external_id: str
    media_url: str | None
    title: str
    known_fingerprint: str | None  #: of the content that the newest thumbnails were made from
    is_forced: bool  #: work even where the fingerprint says that nothing changed
    options: Mapping[str, Any] | None = None  #: what is wanted of this asset, see `time_ranges.read_options`
    edit: Mapping[str, Any] | None = None  #: what is known of the change, see `edits`
    model: str | None = None  #: which has to judge; None: whichever the worker has

    @property
    def row_id(self) -> int:
        """Of the job."""
        return self.job_id

    @property
    def held(self) -> tuple[ColumnElement[bool], ...]:
        """The condition that every write must meet: the job is still ours."""
        return (Job.id == self.job_id, Job.state == JobState.RUNNING, Job.lease_token == self.token)


def is_waiting() -> ColumnElement[bool]:
    """Which jobs may be announced: those that wait, and have no sibling that runs."""
    running = aliased(Job)
    has_sibling = exists().where(running.asset_id == Job.asset_id, running.state == JobState.RUNNING)
    return and_(Job.state.in_(WAITING), ~has_sibling)


def announce(session: Session, rehint_s: float) -> list[Hint]:
    """Move what is due to AVAILABLE; the hints are to be sent once this is committed."""
    return hints.announce(session, Job, is_waiting(), rehint_s, state=JobState.AVAILABLE)


def claim(session: Session, job_id: int, owner: str, lease_s: float) -> JobClaim | None:
    """Move a job from AVAILABLE to RUNNING; None if it is not there to be taken, or a sibling runs."""
    generation = select(Asset.generation).where(Asset.id == Job.asset_id).scalar_subquery()
    try:
        with session.begin_nested():
            job = session.scalar(
                update(Job)
                .where(Job.id == job_id, Job.state == JobState.AVAILABLE)
                .values(
                    state=JobState.RUNNING,
                    generation=generation,
                    attempt=Job.attempt + 1,
                    lease_owner=owner,
                    lease_token=Job.lease_token + 1,
                    lease_until=_NOW + timedelta(seconds=lease_s),
                    started_at=_NOW,
                    stage="claimed",
                )
                .returning(Job)
            )
    except IntegrityError:  # uq_jobs_running
        return None
    if job is None:
        return None
    note(session, job.id, JobState.RUNNING, job.attempt, owner)
    return claim_of(job, session.get_one(Asset, job.asset_id))


def claim_of(job: Job, asset: Asset) -> JobClaim:
    """What the rows say about the claim that holds a running job."""
    return JobClaim(
        job_id=job.id,
        token=job.lease_token,
        owner=job.lease_owner or "",
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        external_retries=job.external_retries,
        generation=job.generation,
        asset_id=asset.id,
        platform=asset.platform,
        account=asset.account,
        external_id=asset.external_id,
        media_url=asset.media_url,
        title=asset.title,
        known_fingerprint=asset.fingerprint,
        is_forced=job.is_forced,
        options=asset.options,
        edit=job.edit,
        model=job.model,
    )


def renew(session: Session, claims: Sequence[JobClaim], lease_s: float) -> dict[int, bool]:
    """Extend leases. Each job that is still ours, and whether newer content makes it useless."""
    is_overtaken = or_(Asset.generation > Job.generation, Asset.deleted_at.is_not(None))
    return leases.renew(session, Job, JobState.RUNNING, claims, lease_s, is_overtaken)


def note_stage(session: Session, claim: JobClaim, stage: str) -> None:
    """Tell those who look what the worker is doing."""
    session.execute(update(Job).where(*claim.held).values(stage=stage))


def note(session: Session, job_id: int, state: JobState, attempt: int, actor: str, why: str = "") -> None:
    """Add a line to a job's history."""
    session.add(JobLog(job_id=job_id, state=state, attempt=attempt, actor=actor, note=why))
