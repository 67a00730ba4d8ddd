"""Taking a job and keeping it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Boolean, and_, exists, literal_column, or_, select, update
from sqlalchemy.orm import aliased

from worker.database import NOW
from worker.database.models import Asset, Job, JobLog
from worker.database.states import IS_WAITING, JobState
from worker.queue import hints, open_accounts
from worker.queue.leased_rows import Claim, LeasedRows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from worker.queue.hints import Hint

ROWS = LeasedRows(Job, announced=JobState.AVAILABLE, held=JobState.RUNNING)
# Written out, as the predicates of the indexes are: with parameters, PostgreSQL may not see which index fits.
_WAITS = literal_column(IS_WAITING, Boolean)
_IS_HELD = literal_column("state = 'running'", Boolean)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobClaim(Claim):
    """The right to work on a job, with what its row and its asset's row said when it was taken."""

    max_attempts: int
    external_retries: int  #: how often the cause of a failure was elsewhere, see `queue.backoff`
    title: str
    known_fingerprint: str | None  #: of the content that the newest thumbnails were made from
    is_forced: bool  #: work even where the fingerprint says that nothing changed
    options: Mapping[str, Any] | None = None  #: what is wanted of this asset, see `time_ranges.read_options`
    edit: Mapping[str, Any] | None = None  #: what is known of the change, see `edits`
    model: str | None = None  #: which has to judge; None: whichever the worker has

    @classmethod
    def of(cls, job: Job, asset: Asset) -> Self:
        """Read the claim that holds a running job from its row and its asset's."""
        return cls(
            row_id=job.id,
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
            traceparent=job.traceparent,
            title=asset.title,
            known_fingerprint=asset.fingerprint,
            is_forced=job.is_forced,
            options=asset.options,
            edit=job.edit,
            model=job.model,
        )


def is_waiting() -> ColumnElement[bool]:
    """Build the condition that a job may be announced: it waits, and none of its asset's runs."""
    running = aliased(Job)
    has_sibling = exists().where(running.asset_id == Job.asset_id, running.state == JobState.RUNNING)
    return and_(_WAITS, ~has_sibling)


def announce(session: Session, rehint_s: float, limit: int = 0) -> list[Hint]:
    """Move what is due to AVAILABLE, and return the hints to send once this is committed.

    Args:
        session: its transaction.
        rehint_s: what was announced is announced again after this.
        limit: how many jobs of one account may run at a time; 0: any number.
    """
    values = {"state": JobState.AVAILABLE}
    return hints.announce(session, Job, is_waiting(), _IS_HELD, rehint_s, limit, **values)


def claim(session: Session, job_id: int, owner: str, lease_s: float, limit: int = 0) -> JobClaim | None:
    """Move a job from AVAILABLE to RUNNING; None if it is not there to be taken.

    Nor is it while another of its asset runs, or `limit` of its account do.
    """
    if not open_accounts.has_room(session, Job, job_id, _IS_HELD, limit):
        return None
    # The job is for the asset's content as it is now, whatever it was when the job was asked for.
    generation = select(Asset.generation).where(Asset.id == Job.asset_id).scalar_subquery()
    job = ROWS.claim(session, job_id, owner, lease_s, generation=generation, started_at=NOW, stage="claimed")
    if job is None:
        return None
    note(session, job.id, JobState.RUNNING, job.attempt, owner)
    return JobClaim.of(job, session.get_one(Asset, job.asset_id))


def renew(session: Session, claims: Sequence[JobClaim], lease_s: float) -> dict[int, bool]:
    """Extend leases, and tell of each job that is still ours whether newer content makes it useless."""
    is_overtaken = or_(Asset.generation > Job.generation, Asset.deleted_at.is_not(None))
    return ROWS.renew(session, claims, lease_s, is_overtaken)


def note_stage(session: Session, claim: JobClaim, stage: str) -> None:
    """Tell the operators what the worker is doing; without effect where the job is no longer ours."""
    session.execute(update(Job).where(*ROWS.is_held_by(claim)).values(stage=stage))


def note(session: Session, job_id: int, state: JobState, attempt: int, actor: str, why: str = "") -> None:
    """Add a line to a job's history."""
    session.add(JobLog(job_id=job_id, state=state, attempt=attempt, actor=actor, note=why))
