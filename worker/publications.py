"""A publication's life: one write of one thumbnail to the platform. The only module that changes its state.

    request ─> pending ── claim ──> sending ──> confirmed, yielded, superseded, failed
                  └──── failed, given back ┘

One write per asset is under way at a time, and always the newest one that was asked for: an older one that
still waits is superseded. So a person's choice, which asks for a write in the transaction that takes it down,
is written after every pick that was on its way. A platform knows nothing of our leases, so a write may happen
twice; it is the same write, and what was written last wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError

from worker import announcements, wake
from worker.errors import LeaseLost, Overtaken, WorkerSilent
from worker.models import Asset, Choice, ChoiceKind, Publication, PublicationState, Thumbnail
from worker.retry import PATIENCE, delay_s, may_help

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.announcements import Hint

# No request that was on its way for longer still arrives.
LATE_WRITE = timedelta(days=1)

_NOW = func.clock_timestamp()


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write an asset's thumbnail, until the lease ends."""

    publication_id: int
    token: int
    owner: str
    attempt: int
    generation: int
    asset_id: int
    platform: str
    account: str
    external_id: str
    media_url: str | None
    written: str | None  #: what the platform shows because of us
    replaces: str | None  #: what somebody else set, and a person here has decided to replace
    is_image: bool  #: a person's own picture, which is of no moment of the video
    thumbnail_id: int
    time_s: float
    jpeg: bytes

    @property
    def held(self) -> tuple[ColumnElement[bool], ...]:
        """The condition that every write must meet: the publication is still ours."""
        return (
            Publication.id == self.publication_id,
            Publication.state == PublicationState.SENDING,
            Publication.lease_token == self.token,
        )


def request(
    session: Session,
    asset: Asset,
    thumbnail: Thumbnail,
    choice: Choice | None = None,
    *,
    replaces: str | None = None,
) -> None:
    """Ask for a write, and call off those that wait; the asset's row is locked, the thumbnail stored.

    Args:
        session: of the transaction that decides it.
        asset: whose thumbnail it is.
        thumbnail: what to show.
        choice: why, where a person chose it.
        replaces: what somebody else set at the platform, and may be overwritten.
    """
    supersede(session, asset)
    session.add(
        Publication(
            asset_id=asset.id,
            thumbnail_id=thumbnail.id,
            choice_id=choice.id if choice else None,
            generation=thumbnail.generation,
            replaces=replaces,
        )
    )
    wake.dispatcher(session)


def supersede(session: Session, asset: Asset) -> None:
    """Nobody wants the writes that wait."""
    waiting = (Publication.asset_id == asset.id, Publication.state == PublicationState.PENDING)
    session.execute(update(Publication).where(*waiting).values(state=PublicationState.SUPERSEDED))


def carry_over(session: Session, asset: Asset, generation: int, shown: str | None) -> None:
    """The newest write counts for this generation too, whether it is done or still to come.

    Args:
        session: with the asset's row locked.
        asset: whose content did not change.
        generation: what it counts for.
        shown: what the platform shows at present; where that is not what we wrote, the write is looked at
            again: somebody else may have set another thumbnail, or removed theirs or ours.
    """
    newest = select(func.max(Publication.id)).where(Publication.asset_id == asset.id).scalar_subquery()
    publication = session.scalar(select(Publication).where(Publication.id == newest).with_for_update())
    if publication is None:
        return
    publication.generation = generation
    if publication.state == PublicationState.CONFIRMED and shown == asset.written:
        asset.published_generation = generation
    elif publication.state != PublicationState.SENDING:
        # What was given up gets a new chance.
        publication.state, publication.attempt, publication.hinted_at = PublicationState.PENDING, 0, None
    wake.dispatcher(session)


def announce(session: Session, rehint_s: float) -> list[Hint]:
    """Mark what is due; the hints are to be sent once this is committed."""
    return announcements.announce(session, Publication, is_waiting(), rehint_s)


def is_waiting() -> ColumnElement[bool]:
    """Which publications may be announced."""
    return Publication.state == PublicationState.PENDING


def claim(session: Session, publication_id: int, owner: str, lease_s: float) -> Claim | None:
    """Move a publication from PENDING to SENDING; None if it cannot be taken, or a sibling is being sent."""
    try:
        with session.begin_nested():
            row = session.scalar(
                update(Publication)
                .where(
                    Publication.id == publication_id,
                    Publication.state == PublicationState.PENDING,
                    Publication.scheduled_at <= _NOW,
                )
                .values(
                    state=PublicationState.SENDING,
                    attempt=Publication.attempt + 1,
                    lease_owner=owner,
                    lease_token=Publication.lease_token + 1,
                    lease_until=_NOW + timedelta(seconds=lease_s),
                )
                .returning(Publication)
            )
    except IntegrityError:  # uq_publications_sending
        return None
    return None if row is None else _claim_of(session, row)


def begin_write(session: Session, claim: Claim) -> None:
    """Note that the write may reach the platform from now on, as the last thing before it does.

    Raises:
        LeaseLost: another worker has the publication.
        Overtaken: a newer write was asked for, or the asset was deleted.
    """
    asset = session.get_one(Asset, claim.asset_id, with_for_update=True, populate_existing=True)
    if asset.deleted_at or _has_newer(session, claim):
        raise Overtaken("something newer is to be shown")
    sent = update(Publication).where(*claim.held).values(sent_at=func.coalesce(Publication.sent_at, _NOW))
    if session.scalar(sent.returning(Publication.id)) is None:
        raise LeaseLost(f"publication {claim.publication_id} was taken over while {claim.owner} had it")


def uncertain_times_s(session: Session, claim: Claim) -> list[float]:
    """Moments that the platform may show because of us, though we never heard so.

    Also those of earlier writes than the last that was confirmed: a worker that froze while it was sending
    may finish long after another has taken over.
    """
    return list(
        session.scalars(
            select(Thumbnail.time_s)
            .join(Publication, Publication.thumbnail_id == Thumbnail.id)
            .where(
                Publication.asset_id == claim.asset_id,
                Publication.sent_at > _NOW - LATE_WRITE,
            )
        )
    )


def confirm(session: Session, claim: Claim, written: str | None) -> None:
    """The platform accepted the write, or there was nothing to write. Raises LeaseLost."""
    asset = _settle(session, claim, PublicationState.CONFIRMED, written)
    asset.written = written
    asset.foreign_thumbnail = asset.foreign_at = None


def yield_to(session: Session, claim: Claim, shown: str) -> None:
    """Somebody else's thumbnail is shown, and stays. Raises LeaseLost."""
    asset = _settle(session, claim, PublicationState.YIELDED, shown)
    if asset.foreign_thumbnail != shown:
        asset.foreign_thumbnail, asset.foreign_at = shown, session.scalar(select(_NOW))


def _settle(session: Session, claim: Claim, state: PublicationState, shown: str | None) -> Asset:
    """Nothing more is to be done for this generation; returns the locked asset."""
    asset = session.get_one(Asset, claim.asset_id, with_for_update=True, populate_existing=True)
    # Its generation may have grown meanwhile, see `carry_over`. What may be replaced, may be so once.
    generation = _end(session, claim, state, confirmed_at=_NOW, shown=shown, replaces=None, sent_at=None)
    asset.published_generation = max(asset.published_generation, generation)
    return asset


def fail(session: Session, claim: Claim, error: Exception) -> PublicationState:
    """Note a failure, and decide whether the write is tried again. Raises LeaseLost."""
    asset = session.get_one(Asset, claim.asset_id, with_for_update=True, populate_existing=True)
    values: dict[str, Any] = {"error_class": type(error).__name__, "error": str(error)}
    state = PublicationState.FAILED
    if asset.deleted_at or _has_newer(session, claim):
        state = PublicationState.SUPERSEDED
    elif may_help(error) and claim.attempt < PATIENCE:
        state = PublicationState.PENDING
        values["scheduled_at"] = _NOW + timedelta(seconds=delay_s(claim.attempt, error))
    _end(session, claim, state, **values)
    return state


def give_back(session: Session, claim: Claim) -> None:
    """This process stops: another may write at once, and the attempt does not count. Raises LeaseLost."""
    session.get_one(Asset, claim.asset_id, with_for_update=True)
    state = PublicationState.SUPERSEDED if _has_newer(session, claim) else PublicationState.PENDING
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
            _claim_of(session, row),
            WorkerSilent(f"{row.lease_owner} went silent while it was writing"),
        )
    return True


def _has_newer(session: Session, claim: Claim) -> bool:
    newer = (Publication.asset_id == claim.asset_id, Publication.id > claim.publication_id)
    return session.scalar(select(Publication.id).where(*newer).limit(1)) is not None


def _claim_of(session: Session, row: Publication) -> Claim:
    asset, thumbnail = session.get_one(Asset, row.asset_id), session.get_one(Thumbnail, row.thumbnail_id)
    choice = session.get(Choice, row.choice_id) if row.choice_id else None
    return Claim(
        publication_id=row.id,
        token=row.lease_token,
        owner=row.lease_owner or "",
        attempt=row.attempt,
        generation=row.generation,
        asset_id=asset.id,
        platform=asset.platform,
        account=asset.account,
        external_id=asset.external_id,
        media_url=asset.media_url,
        written=asset.written,
        replaces=row.replaces,
        is_image=choice is not None and choice.kind == ChoiceKind.IMAGE,
        thumbnail_id=thumbnail.id,
        time_s=thumbnail.time_s,
        jpeg=thumbnail.jpeg,
    )


def _end(session: Session, claim: Claim, state: PublicationState, **values: Any) -> int:
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
    wake.dispatcher(session)
    return generation
