"""How a claimed job ends, or goes back to wait."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, update

from worker import accounts, choices, publications, trials
from worker.database import NOW
from worker.database.models import Asset, Job, StoredCandidate, Thumbnail
from worker.database.states import FINAL, WAITING, JobState, Priority
from worker.errors import BucketUnavailable, Overtaken, WorkerSilent
from worker.jobs.claims import ROWS, JobClaim, note
from worker.queue.backoff import MAX_EXTERNAL_RETRIES, delay_s, is_external, is_retryable
from worker.queue.failing import note_failing
from worker.queue.leased_rows import lock_asset
from worker.storage import removals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from worker.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Result:
    """What a job found."""

    fingerprint: str  #: of the content that was looked at
    thumbnails: Sequence[Thumbnail]  #: new rows; asset, job and generation are filled in here
    candidates: Sequence[StoredCandidate]  #: the same
    publish: Thumbnail  #: the one of `thumbnails` to write to the platform
    timings_s: Mapping[str, float]  #: seconds that each stage took
    note: str = ""
    title: str = ""
    is_private: bool = False  #: whether the video is, at the platform
    duration_s: float | None = None  #: of the content
    timeline: Timeline | None = None  #: how it came from the content before, if that is known and right
    pick_gap: float | None = None  #: between picks 1 and 2, as `Asset.pick_gap`
    is_noted: bool = False  #: no frame is free of defects
    is_flagged: bool = False  #: every pick is flagged as unsafe
    is_held: bool = False  #: so they wait for a person
    objects: Sequence[str] = ()  #: keys of what was put into the bucket for these rows


def complete(session: Session, claim: JobClaim, result: Result) -> JobState:
    """Store what a job found and ask for its publication, all in this transaction.

    Returns:
        COMPLETED; or CANCELLED or SUPERSEDED, where the result is not wanted any more, and nothing is stored.

    Raises:
        LeaseLost: another worker has the job.
        BucketUnavailable: its pictures were removed again, as it took more than a day to come here.
    """
    asset, job = _lock(session, claim)
    if (unwanted := _unwanted(asset, job)) is not None:
        return _end(session, claim, unwanted, "its result came too late")
    if gone := removals.hold(session, result.objects):
        raise BucketUnavailable(f"{min(gone)} was removed from the bucket before a row could show it")
    _end(session, claim, JobState.COMPLETED, result.note, timings_s=dict(result.timings_s), note=result.note)
    best_s = _best_pick_s(session, asset)
    session.execute(delete(StoredCandidate).where(StoredCandidate.asset_id == asset.id))
    for thumbnail in result.thumbnails:
        thumbnail.asset_id, thumbnail.generation, thumbnail.job_id = asset.id, job.generation, job.id
    for candidate in result.candidates:
        candidate.asset_id, candidate.generation = asset.id, job.generation
    session.add_all([*result.thumbnails, *result.candidates])
    session.flush()
    removals.take_back(session, result.objects)
    is_changed = result.fingerprint != asset.fingerprint
    is_newly_flagged = result.is_flagged and not asset.is_flagged
    asset.fingerprint, asset.title = result.fingerprint, result.title or asset.title
    asset.duration_s, asset.is_private = result.duration_s, result.is_private
    asset.pick_gap, asset.is_noted = result.pick_gap, result.is_noted
    asset.is_flagged, asset.is_held = result.is_flagged, result.is_held
    chosen = choices.carry_through_run(session, asset, job.generation, result.timeline, is_changed=is_changed)
    kept = None if chosen else trials.carry_through_run(session, asset, job.generation)
    is_another = is_newly_flagged or not _is_same_moment(best_s, result.publish.time_s)
    if is_changed or (chosen is None and kept is None and is_another):
        # Whoever decided something about it has not seen this.
        asset.reviewed_at = asset.reviewed_by = None
    shown = chosen or (kept or result.publish,)
    priority = Priority(job.priority)
    publications.request(session, asset, *shown, priority=priority, generation=job.generation)
    older = (Thumbnail.asset_id == asset.id, Thumbnail.generation < job.generation)
    session.execute(update(Thumbnail).where(*older, Thumbnail.outdated_at.is_(None)).values(outdated_at=NOW))
    return JobState.COMPLETED


def complete_unchanged(
    session: Session, claim: JobClaim, shown: str | None, *, is_private: bool = False
) -> JobState:
    """Let the newest thumbnails count for this generation too, as the content is what they were made from.

    Args:
        session: for all of it.
        claim: the right to the job.
        shown: the thumbnail that is set at the platform.
        is_private: whether the video is, at the platform.

    Raises:
        LeaseLost: another worker has the job.
    """
    asset, job = _lock(session, claim)
    if (unwanted := _unwanted(asset, job)) is not None:
        return _end(session, claim, unwanted, "its result came too late")
    asset.is_private = is_private
    choices.carry_over(session, asset, job.generation)
    for table in (Thumbnail, StoredCandidate):
        newest = select(func.max(table.generation)).where(table.asset_id == asset.id).scalar_subquery()
        # A look opens no generation: then they stay as they are, or each would rewrite a whole filmstrip.
        is_behind = (table.generation == newest, table.generation != job.generation)
        session.execute(
            update(table).where(table.asset_id == asset.id, *is_behind).values(generation=job.generation)
        )
    publications.carry_over(session, asset, job.generation, shown, Priority(job.priority))
    return _end(session, claim, JobState.COMPLETED, "the content did not change")


def content_changed(session: Session, claim: JobClaim) -> JobClaim:
    """Open a new generation for the content that a look found, and let the job go on for it.

    Where this was done before with the same claim, and its answer was lost, nothing is opened again.

    Returns:
        The claim, for the new generation.

    Raises:
        LeaseLost: another worker has the job.
        Overtaken: newer content was announced meanwhile, and another job waits for it.
    """
    asset, job = _lock(session, claim)
    if _unwanted(asset, job) is not None:
        raise Overtaken("newer content was announced, and its job waits")
    if job.generation == claim.generation:
        asset.generation += 1
        job.generation = asset.generation
    return replace(claim, generation=job.generation)


def fail(session: Session, claim: JobClaim, error: Exception) -> JobState:
    """Note a failure, and decide whether the job is tried again. Raises LeaseLost."""
    asset, job = _lock(session, claim)
    return _after_failure(session, asset, job, error, claim.owner)


def give_back(session: Session, claim: JobClaim) -> JobState:
    """Let another process begin the job anew, as this one stops; the attempt does not count.

    Raises:
        LeaseLost: another worker has the job.
    """
    asset, job = _lock(session, claim)
    state = _unwanted(asset, job) or _supersede_by_waiting(session, job) or JobState.AVAILABLE
    return _end(session, claim, state, "given back", attempt=Job.attempt - 1)


def cancel(session: Session, asset: Asset, why: str) -> None:
    """Call off the waiting jobs of a locked asset; a running one learns it from its next `renew`."""
    ended = session.scalars(
        update(Job)
        .where(Job.asset_id == asset.id, Job.state.in_(WAITING))
        .values(state=JobState.CANCELLED, finished_at=NOW)
        .returning(Job)
    )
    for job in ended.all():
        note(session, job.id, JobState.CANCELLED, job.attempt, "inbox", why)
    note_failing(session, asset)


def take_over(session: Session, actor: str) -> bool:
    """End the claim of one worker that went silent; False where there is none."""

    def fail_silent(job: Job, asset: Asset) -> None:
        silent = WorkerSilent(f"{job.lease_owner} went silent while it had this job ({job.stage})")
        _after_failure(session, asset, job, silent, actor)

    return ROWS.take_over(session, fail_silent)


def _lock(session: Session, claim: JobClaim) -> tuple[Asset, Job]:
    """Lock and read the rows of a claim's asset and job.

    What comes of a job is decided by these and not by the claim, which may be older: a step may have been
    committed although the worker never heard so.

    Raises:
        LeaseLost: another worker has the job.
    """
    asset = lock_asset(session, claim)
    return asset, ROWS.lock_held(session, claim)


def _best_pick_s(session: Session, asset: Asset) -> float | None:
    """Find the moment of the best pick so far; None where there is none."""
    picks = select(Thumbnail.time_s).where(*choices.is_newest_pick(asset))
    return session.scalar(picks.order_by(Thumbnail.rank, Thumbnail.id).limit(1))


def _is_same_moment(earlier_s: float | None, now_s: float) -> bool:
    return earlier_s is not None and abs(now_s - earlier_s) <= choices.SAME_MOMENT_S


def _unwanted(asset: Asset, job: Job) -> JobState | None:
    """Tell how a job ends whose result is not wanted any more; None where it is wanted."""
    if asset.deleted_at:
        return JobState.CANCELLED
    return JobState.SUPERSEDED if asset.generation > job.generation else None


def _supersede_by_waiting(session: Session, job: Job) -> JobState | None:
    """Hand the work to another job of the asset that waits already; None where there is none.

    An asset has at most one job that waits (uq_jobs_waiting), so this one cannot wait beside it.
    """
    waiting = session.scalar(
        update(Job)
        .where(Job.asset_id == job.asset_id, Job.state.in_(WAITING))
        .values(is_forced=Job.is_forced | job.is_forced)
        .returning(Job.id)
    )
    return None if waiting is None else JobState.SUPERSEDED


def _after_failure(session: Session, asset: Asset, job: Job, error: Exception, actor: str) -> JobState:
    values: dict[str, Any] = {"error_class": type(error).__name__, "error": str(error)}
    state = _unwanted(asset, job) or _supersede_by_waiting(session, job)
    if state is None and accounts.is_refusal(error):
        # It costs the job nothing, however long it lasts: the account is closed, and holds it back.
        state, delay = JobState.RETRYABLE, 0.0
        values["attempt"] = Job.attempt - 1
    elif state is None and is_external(error) and job.external_retries < MAX_EXTERNAL_RETRIES:
        # The attempt does not count: nothing is wrong with the video, nor with us.
        state, delay = JobState.RETRYABLE, delay_s(job.external_retries + 1, error)
        values |= {"attempt": Job.attempt - 1, "external_retries": Job.external_retries + 1}
    elif state is None and is_retryable(error) and job.attempt < job.max_attempts:
        state, delay = JobState.RETRYABLE, delay_s(job.attempt, error)
    if state is JobState.RETRYABLE:
        values["scheduled_at"] = NOW + timedelta(seconds=delay)
    claim = JobClaim.of(job, asset)
    why = f"{type(error).__name__}: {error}"
    ended = _end(session, claim, state or JobState.DISCARDED, why, actor, **values)
    accounts.note_failure(session, claim, error)
    return ended


def _end(
    session: Session, claim: JobClaim, state: JobState, why: str, actor: str = "", **values: Any
) -> JobState:
    """End the claim in this state, and add a line to the job's history."""
    if state in FINAL:
        values["finished_at"] = NOW
    attempt = ROWS.release(session, claim, state, Job.attempt, stage=None, **values)
    note(session, claim.row_id, state, attempt, actor or claim.owner, why)
    if state in FINAL:
        asset = session.get_one(Asset, claim.asset_id)
        note_failing(session, asset, is_given_up=state is JobState.DISCARDED)
    return state
