"""Asking for a write, and calling writes off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from worker import tracing
from worker.database.models import Publication
from worker.database.states import PublicationState
from worker.queue import notify

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database.models import Asset, Choice, Thumbnail


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
        replaces: the foreign thumbnail at the platform that may be overwritten.
    """
    supersede(session, asset)
    session.add(
        Publication(
            asset_id=asset.id,
            thumbnail_id=thumbnail.id,
            choice_id=choice.id if choice else None,
            generation=thumbnail.generation,
            replaces=replaces,
            traceparent=tracing.traceparent(),
        )
    )
    notify.wake_dispatcher(session)


def supersede(session: Session, asset: Asset) -> None:
    """Call off the writes of an asset that wait; its row is locked."""
    waiting = (Publication.asset_id == asset.id, Publication.state == PublicationState.PENDING)
    session.execute(update(Publication).where(*waiting).values(state=PublicationState.SUPERSEDED))


def carry_over(session: Session, asset: Asset, generation: int, shown: str | None) -> None:
    """Let the newest write count for this generation too, whether it is done or still to come.

    Args:
        session: with the asset's row locked.
        asset: whose content did not change.
        generation: what it counts for.
        shown: what the platform shows at present; where that is not what we wrote, the write is looked at
            again: a person there may have set another thumbnail, or removed theirs or ours.
    """
    newest = select(func.max(Publication.id)).where(Publication.asset_id == asset.id).scalar_subquery()
    publication = session.scalar(select(Publication).where(Publication.id == newest).with_for_update())
    if publication is None:
        return
    publication.generation = generation
    if publication.state == PublicationState.CONFIRMED and shown == asset.written:
        asset.published_generation = generation
    elif publication.state != PublicationState.SENDING:
        publication.traceparent = tracing.traceparent()
        # What was given up gets a new chance.
        publication.state, publication.attempt, publication.hinted_at = PublicationState.PENDING, 0, None
    notify.wake_dispatcher(session)
