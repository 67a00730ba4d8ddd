"""Taking a publication and keeping it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from sqlalchemy import Boolean, case, exists, literal_column, or_, select
from sqlalchemy.orm import aliased

from worker.database import NOW
from worker.database.choices import Choice
from worker.database.models import Asset, Publication, Thumbnail
from worker.database.states import ChoiceKind, PublicationState
from worker.errors import Overtaken
from worker.queue import hints, open_accounts
from worker.queue.leased_rows import Claim, LeasedRows, lock_asset

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from worker.queue.hints import Hint

ROWS = LeasedRows(Publication, announced=PublicationState.PENDING, held=PublicationState.SENDING)
# Written out, as the predicates of the indexes are: with parameters, PostgreSQL may not see which index fits.
_WAITS = literal_column("state = 'pending'", Boolean)
_IS_HELD = literal_column("state = 'sending'", Boolean)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationClaim(Claim):
    """The right to write an asset's thumbnail, with all that the write needs to know."""

    sent_at: datetime | None  #: when an earlier attempt may have reached the platform last
    written: str | None  #: what the platform shows because of us, as far as we know
    replaces: str | None  #: a foreign thumbnail that a person here has decided to replace
    is_image: bool  #: a person's own picture, which is of no moment of the video
    thumbnail_id: int
    time_s: float
    sha256: str  #: of its picture
    jpeg: bytes | None  #: None: in the bucket

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
            sent_at=publication.sent_at,
            written=asset.written,
            replaces=publication.replaces,
            is_image=choice is not None and choice.kind == ChoiceKind.IMAGE,
            thumbnail_id=thumbnail.id,
            time_s=thumbnail.time_s,
            sha256=thumbnail.sha256,
            jpeg=thumbnail.jpeg,
        )


def is_waiting() -> ColumnElement[bool]:
    """Build the condition that a publication may be announced."""
    return _WAITS


def announce(session: Session, rehint_s: float, limit: int = 0) -> list[Hint]:
    """Mark what is due, and return the hints to send once this is committed.

    Args:
        session: its transaction.
        rehint_s: what was announced is announced again after this.
        limit: how many writes of one account may be under way at a time; 0: any number.
    """
    return hints.announce(session, Publication, is_waiting(), _IS_HELD, rehint_s, limit)


def claim(
    session: Session, publication_id: int, owner: str, lease_s: float, limit: int = 0
) -> PublicationClaim | None:
    """Move a publication from PENDING to SENDING; None if it cannot be taken.

    Nor can it while another of its asset is being sent, or `limit` of its account are.
    """
    if not open_accounts.has_room(session, Publication, publication_id, _IS_HELD, limit):
        return None
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
    # The latest attempt's time: whichever attempt arrives, it is on its way for no longer than that. What
    # differs from the claim was noted by this attempt already, whose answer was lost.
    is_noted = Publication.sent_at.is_distinct_from(claim.sent_at)
    sent_at = case((is_noted, Publication.sent_at), else_=NOW)
    ROWS.update_held(session, claim, Publication.id, sent_at=sent_at)


def has_newer_than(session: Session, claim: PublicationClaim) -> bool:
    """Tell whether a later write to the same asset was asked for."""
    newer = (Publication.asset_id == claim.asset_id, Publication.id > claim.row_id)
    return session.scalar(select(Publication.id).where(*newer).limit(1)) is not None
