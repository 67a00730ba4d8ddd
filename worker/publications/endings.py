"""How a claimed publication ends, or goes back to wait."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from worker.database.models import Asset, Publication
from worker.database.states import PublicationState
from worker.errors import LeaseLost, WorkerSilent
from worker.publications.claims import claim_of, has_newer_than
from worker.queue import notify
from worker.queue.backoff import MAX_EXTERNAL_RETRIES, delay_s, is_retryable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.publications.claims import PublicationClaim

_NOW = func.clock_timestamp()


def confirm(session: Session, claim: PublicationClaim, written: str | None) -> None:
    """The platform accepted the write, or there was nothing to write. Raises LeaseLost."""
    asset = _settle(session, claim, PublicationState.CONFIRMED, written)
    asset.written = written
    asset.foreign_thumbnail = asset.foreign_at = None


def yield_to(session: Session, claim: PublicationClaim, shown: str) -> None:
    """Somebody else's thumbnail is shown, and stays. Raises LeaseLost."""
    asset = _settle(session, claim, PublicationState.YIELDED, shown)
    if asset.foreign_thumbnail != shown:
        asset.foreign_thumbnail, asset.foreign_at = shown, session.scalar(select(_NOW))


def _settle(session: Session, claim: PublicationClaim, state: PublicationState, shown: str | None) -> Asset:
    """Nothing more is to be done for this generation; returns the locked asset."""
    asset = session.get_one(Asset, claim.asset_id, with_for_update=True, populate_existing=True)
    # Its generation may have grown meanwhile, see `carry_over`. What may be replaced, may be so once.
    generation = _end(session, claim, state, confirmed_at=_NOW, shown=shown, replaces=None, sent_at=None)
    asset.published_generation = max(asset.published_generation, generation)
    return asset


def fail(session: Session, claim: PublicationClaim, error: Exception) -> PublicationState:
    """Note a failure, and decide whether the write is tried again. Raises LeaseLost."""
    asset = session.get_one(Asset, claim.asset_id, with_for_update=True, populate_existing=True)
    values: dict[str, Any] = {"error_class": type(error).__name__, "error": str(error)}
    state = PublicationState.FAILED
    if asset.deleted_at or has_newer_than(session, claim):
        state = PublicationState.SUPERSEDED
    elif is_retryable(error) and claim.attempt < MAX_EXTERNAL_RETRIES:
        state = PublicationState.PENDING
        values["scheduled_at"] = _NOW + timedelta(seconds=delay_s(claim.attempt, error))
    _end(session, claim, state, **values)
    return state


def give_back(session: Session, claim: PublicationClaim) -> None:
    """This process stops: another may write at once, and the attempt does not count. Raises LeaseLost."""
    session.get_one(Asset, claim.asset_id, with_for_update=True)
    state = PublicationState.SUPERSEDED if has_newer_than(session, claim) else PublicationState.PENDING
    _end(session, claim, state, attempt=Publication.attempt - 1)


def take_over(session: Session) -> bool:
    """End the claim of one worker that went silent; False where there is none."""
    is_silent = (Publication.state == PublicationState.SENDING, Publication.lease_until < _NOW)
    found = session.execute(select(Publication.id, Publication.asset_id).where(*is_silent).limit(1)).first()
    if found is None:
        return False
    session.get_one(Asset, found.asset_id, with_for_update=True)
    row = session.scalar(select(Publication).where(Publication.id == found.id, *is_silent).with_for_update())
    if row is not None:
        fail(
            session,
            claim_of(session, row),
            WorkerSilent(f"{row.lease_owner} went silent while it was writing"),
        )
    return True


def _end(session: Session, claim: PublicationClaim, state: PublicationState, **values: Any) -> int:
    """Leave SENDING; whatever waits for the asset is due now. Returns the generation."""
    generation: int | None = session.scalar(
        update(Publication)
        .where(*claim.held)
        .values(state=state, lease_until=None, hinted_at=None, **values)
        .returning(Publication.generation)
    )
    if generation is None:
        raise LeaseLost(f"publication {claim.publication_id} was taken over while {claim.owner} had it")
    waiting = (Publication.asset_id == claim.asset_id, Publication.state == PublicationState.PENDING)
    session.execute(update(Publication).where(*waiting).values(hinted_at=None))
    notify.dispatcher(session)
    return generation
