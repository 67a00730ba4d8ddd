"""How a claimed publication ends, or goes back to wait."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from worker import accounts
from worker.database import NOW
from worker.database.models import Publication
from worker.database.states import PublicationState
from worker.errors import WorkerSilent
from worker.publications.claims import ROWS, PublicationClaim, has_newer_than
from worker.queue.backoff import MAX_EXTERNAL_RETRIES, delay_s, is_retryable
from worker.queue.failing import note_failing
from worker.queue.leased_rows import lock_asset

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database.models import Asset


def confirm(session: Session, claim: PublicationClaim, written: str | None) -> PublicationState:
    """Note that the platform accepted the write, or that there was nothing to write. Raises LeaseLost."""
    asset = _settle(session, claim, PublicationState.CONFIRMED, written)
    asset.written = written
    asset.foreign_thumbnail = asset.foreign_at = None
    return PublicationState.CONFIRMED


def yield_to(session: Session, claim: PublicationClaim, shown: str) -> PublicationState:
    """Note that the platform shows a foreign thumbnail, which stays. Raises LeaseLost."""
    asset = _settle(session, claim, PublicationState.YIELDED, shown)
    if asset.foreign_thumbnail != shown:
        asset.foreign_thumbnail, asset.foreign_at = shown, session.scalar(select(NOW))
    return PublicationState.YIELDED


def _settle(session: Session, claim: PublicationClaim, state: PublicationState, shown: str | None) -> Asset:
    """End the claim as done for this generation, and return the locked asset."""
    asset = lock_asset(session, claim)
    # Its generation may have grown meanwhile, see `carry_over`. What may be replaced, may be so once.
    generation = ROWS.release(
        session,
        claim,
        state,
        Publication.generation,
        confirmed_at=NOW,
        shown=shown,
        replaces=None,
        sent_at=None,
    )
    asset.published_generation = max(asset.published_generation, generation)
    return asset


def fail(
    session: Session, claim: PublicationClaim, error: Exception, *, is_refused: bool = False
) -> PublicationState:
    """Note a failure, and decide whether the write is tried again.

    Args:
        session: its transaction.
        claim: the right to the publication.
        error: why it failed.
        is_refused: the platform said no, so that this attempt cannot have left what is shown there.

    Raises:
        LeaseLost: another worker has the publication.
    """
    asset = lock_asset(session, claim)
    values: dict[str, Any] = {"error_class": type(error).__name__, "error": str(error)}
    if is_refused:
        values["sent_at"] = claim.sent_at
    state = PublicationState.FAILED
    if asset.deleted_at or has_newer_than(session, claim):
        state = PublicationState.SUPERSEDED
    elif accounts.is_refusal(error):
        # It costs the write nothing, however long it lasts: the account is closed, and holds it back.
        state = PublicationState.PENDING
        values |= {"attempt": Publication.attempt - 1, "scheduled_at": NOW}
    elif is_retryable(error) and claim.attempt < MAX_EXTERNAL_RETRIES:
        state = PublicationState.PENDING
        values["scheduled_at"] = NOW + timedelta(seconds=delay_s(claim.attempt, error))
    ROWS.release(session, claim, state, Publication.id, **values)
    note_failing(session, asset, is_given_up=state is PublicationState.FAILED)
    accounts.note_failure(session, claim, error, to_write=True)
    return state


def give_back(session: Session, claim: PublicationClaim) -> PublicationState:
    """Let another process write at once, as this one stops; the attempt does not count. Raises LeaseLost."""
    lock_asset(session, claim)
    state = PublicationState.SUPERSEDED if has_newer_than(session, claim) else PublicationState.PENDING
    ROWS.release(session, claim, state, Publication.id, attempt=Publication.attempt - 1)
    return state


def take_over(session: Session) -> bool:
    """End the claim of one worker that went silent; False where there is none."""

    def fail_silent(publication: Publication, _asset: Asset) -> None:
        silent = WorkerSilent(f"{publication.lease_owner} went silent while it was writing")
        fail(session, PublicationClaim.of(session, publication), silent)

    return ROWS.take_over(session, fail_silent)
