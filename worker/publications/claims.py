"""Taking a publication and keeping it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from worker.database.models import Asset, Choice, Publication, Thumbnail
from worker.database.states import ChoiceKind, PublicationState
from worker.errors import LeaseLost, Overtaken
from worker.queue import hints, leases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.queue.hints import Hint

# No request that was on its way for longer still arrives.
LATE_WRITE = timedelta(days=1)

_NOW = func.clock_timestamp()


@dataclass(frozen=True, slots=True)
class PublicationClaim:
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
    def row_id(self) -> int:
        """Of the publication."""
        return self.publication_id

    @property
    def held(self) -> tuple[ColumnElement[bool], ...]:
        """The condition that every write must meet: the publication is still ours."""
        return (
            Publication.id == self.publication_id,
            Publication.state == PublicationState.SENDING,
            Publication.lease_token == self.token,
        )


def announce(session: Session, rehint_s: float) -> list[Hint]:
    """Mark what is due; the hints are to be sent once this is committed."""
    return hints.announce(session, Publication, is_waiting(), rehint_s)


def is_waiting() -> ColumnElement[bool]:
    """Which publications may be announced."""
    return Publication.state == PublicationState.PENDING


def claim(session: Session, publication_id: int, owner: str, lease_s: float) -> PublicationClaim | None:
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
    return None if row is None else claim_of(session, row)


def claim_of(session: Session, row: Publication) -> PublicationClaim:
    """What the rows say about the claim that holds a publication that is being sent."""
    asset, thumbnail = session.get_one(Asset, row.asset_id), session.get_one(Thumbnail, row.thumbnail_id)
    choice = session.get(Choice, row.choice_id) if row.choice_id else None
    return PublicationClaim(
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


def renew(session: Session, claims: Sequence[PublicationClaim], lease_s: float) -> dict[int, bool]:
    """Extend leases. Each publication that is still ours, and whether nobody wants it any more."""
    newer = aliased(Publication)
    has_newer = exists().where(newer.asset_id == Publication.asset_id, newer.id > Publication.id)
    is_overtaken = or_(has_newer, Asset.deleted_at.is_not(None))
    return leases.renew(session, Publication, PublicationState.SENDING, claims, lease_s, is_overtaken)


def begin_write(session: Session, claim: PublicationClaim) -> None:
    """Note that the write may reach the platform from now on, as the last thing before it does.

    Raises:
        LeaseLost: another worker has the publication.
        Overtaken: a newer write was asked for, or the asset was deleted.
    """
    asset = session.get_one(Asset, claim.asset_id, with_for_update=True, populate_existing=True)
    if asset.deleted_at or has_newer_than(session, claim):
        raise Overtaken("something newer is to be shown")
    sent = update(Publication).where(*claim.held).values(sent_at=func.coalesce(Publication.sent_at, _NOW))
    if session.scalar(sent.returning(Publication.id)) is None:
        raise LeaseLost(f"publication {claim.publication_id} was taken over while {claim.owner} had it")


def uncertain_times_s(session: Session, claim: PublicationClaim) -> list[float]:
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


def has_newer_than(session: Session, claim: PublicationClaim) -> bool:
    """Whether a later write was asked for."""
    newer = (Publication.asset_id == claim.asset_id, Publication.id > claim.publication_id)
    return session.scalar(select(Publication.id).where(*newer).limit(1)) is not None
