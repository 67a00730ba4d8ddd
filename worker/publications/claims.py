"""Taking a publication and keeping it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased

from worker.database import NOW
from worker.database.models import Asset, Choice, Publication, Thumbnail
from worker.database.states import ChoiceKind, PublicationState
from worker.errors import Overtaken
from worker.queue import hints
from worker.queue.leased_rows import Claim, LeasedRows, lock_asset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from worker.queue.hints import Hint

# No request that was on its way for longer still arrives.
LATE_WRITE = timedelta(days=1)

ROWS = LeasedRows(Publication, announced=PublicationState.PENDING, held=PublicationState.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationClaim(Claim):
    """The right to write an asset's thumbnail, with all that the write needs to know."""

    written: str | None  #: what the platform shows because of us
    replaces: str | None  #: a foreign thumbnail that a person here has decided to replace
    is_image: bool  #: a person's own picture, which is of no moment of the video
    thumbnail_id: int
    time_s: float
    jpeg: bytes

    @classmethod
    def of(cls, session: Session, publication: Publication) -> Self:
        """Read the claim that holds a publication from its row, and from the rows that it names."""
        asset = session.get_one(Asset, publication.asset_id)
        thumbnail = session.get_one(Thumbnail, publication.thumbnail_id)
        choice = session.get(Choice, publication.choice_id) if publication.choice_id else None
        return cls(
            row_id=publication.id,
            token=publication.lease_token,
            owner=publication.lease_owner or "",
            attempt=publication.attempt,
            generation=publication.generation,
            asset_id=asset.id,
            platform=asset.platform,
            account=asset.account,
            external_id=asset.external_id,
            media_url=asset.media_url,
            traceparent=publication.traceparent,
            written=asset.written,
            replaces=publication.replaces,
            is_image=choice is not None and choice.kind == ChoiceKind.IMAGE,
            thumbnail_id=thumbnail.id,
            time_s=thumbnail.time_s,
            jpeg=thumbnail.jpeg,
        )


def is_waiting() -> ColumnElement[bool]:
    """Build the condition that a publication may be announced."""
    return Publication.state == PublicationState.PENDING


def announce(session: Session, rehint_s: float) -> list[Hint]:
    """Mark what is due, and return the hints to send once this is committed."""
    return hints.announce(session, Publication, is_waiting(), rehint_s)


def claim(session: Session, publication_id: int, owner: str, lease_s: float) -> PublicationClaim | None:
    """Move a publication from PENDING to SENDING; None if it cannot be taken, or a sibling is being sent."""
    # PENDING is also the state of a write that failed and waits: a late hint must not shorten its wait.
    is_due = Publication.scheduled_at <= NOW
    publication = ROWS.claim(session, publication_id, owner, lease_s, is_due)
    return None if publication is None else PublicationClaim.of(session, publication)


def renew(session: Session, claims: Sequence[PublicationClaim], lease_s: float) -> dict[int, bool]:
    """Extend leases, and tell of each publication that is still ours whether something newer replaces it."""
    newer = aliased(Publication)
    has_newer = exists().where(newer.asset_id == Publication.asset_id, newer.id > Publication.id)
    is_overtaken = or_(has_newer, Asset.deleted_at.is_not(None))
    return ROWS.renew(session, claims, lease_s, is_overtaken)


def begin_write(session: Session, claim: PublicationClaim) -> None:
    """Note that the write may reach the platform from now on, as the last thing before it does.

    Raises:
        LeaseLost: another worker has the publication.
        Overtaken: a newer write was asked for, or the asset was deleted.
    """
    asset = lock_asset(session, claim)
    if asset.deleted_at or has_newer_than(session, claim):
        raise Overtaken("something newer is to be shown")
    # The first attempt's time stays: a write that froze then may still arrive.
    sent_at = func.coalesce(Publication.sent_at, NOW)
    ROWS.update_held(session, claim, Publication.id, sent_at=sent_at)


def uncertain_times_s(session: Session, claim: PublicationClaim) -> list[float]:
    """List the moments that the platform may show because of us, though we never heard so, in seconds.

    Also those of earlier writes than the last that was confirmed: a worker that froze while it was sending
    may finish long after another has taken over.
    """
    return list(
        session.scalars(
            select(Thumbnail.time_s)
            .join(Publication, Publication.thumbnail_id == Thumbnail.id)
            .where(
                Publication.asset_id == claim.asset_id,
                Publication.sent_at > NOW - LATE_WRITE,
            )
        )
    )


def has_newer_than(session: Session, claim: PublicationClaim) -> bool:
    """Tell whether a later write to the same asset was asked for."""
    newer = (Publication.asset_id == claim.asset_id, Publication.id > claim.row_id)
    return session.scalar(select(Publication.id).where(*newer).limit(1)) is not None
