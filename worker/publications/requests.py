"""Asking for a write, and calling writes off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from worker import tracing
from worker.database import NOW
from worker.database.models import Publication
from worker.database.states import Priority, PublicationState
from worker.publications import holding
from worker.publications.ownership import is_same
from worker.queue import notify
from worker.queue.failing import note_failing

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database.choices import Choice
    from worker.database.models import Asset, Thumbnail

# In `error_class` of a write that is called off for good, as is one that is held; no newer one need be there.
_CANCELLED = "Cancelled"


def request(
    session: Session,
    asset: Asset,
    thumbnail: Thumbnail,
    choice: Choice | None = None,
    *,
    replaces: str | None = None,
    priority: Priority = Priority.LIVE,
    generation: int | None = None,
) -> None:
    """Ask for a write, and call off those that wait; the asset's row is locked, the thumbnail stored.

    A pick that is flagged as unsafe is not written where its asset is held; the row of the write says so.

    Args:
        session: of the transaction that decides it.
        asset: whose thumbnail it is.
        thumbnail: what to show.
        choice: why, where a person chose it.
        replaces: the foreign thumbnail at the platform that may be overwritten.
        priority: of the run that picked it; if a write that waits was more urgent, its priority.
        generation: what it counts for, where an earlier run's thumbnail goes on being shown; None: that of
            the thumbnail.
    """
    called_off = supersede(session, asset)
    publication = Publication(
        asset_id=asset.id,
        thumbnail_id=thumbnail.id,
        choice_id=choice.id if choice else None,
        generation=thumbnail.generation if generation is None else generation,
        replaces=replaces,
        priority=min([priority, *(publication.priority for publication in called_off)]),
        traceparent=tracing.traceparent(),
    )
    if holding.has_to_wait(asset, thumbnail, choice):
        publication.state = PublicationState.SUPERSEDED
        publication.error_class, publication.error = holding.FLAGGED, holding.WAITS
        asset.unpublished_since = None  # a person is waited for, and no machine
    session.add(publication)
    session.flush()
    note_failing(session, asset)
    notify.wake_dispatcher(session)


def supersede(session: Session, asset: Asset) -> list[Publication]:
    """Call off the writes of an asset that wait, and return them; its row is locked."""
    waiting = (Publication.asset_id == asset.id, Publication.state == PublicationState.PENDING)
    called_off = update(Publication).where(*waiting).values(state=PublicationState.SUPERSEDED)
    return list(session.scalars(called_off.returning(Publication)))


def cancel(session: Session, asset: Asset, said: str) -> list[Publication]:
    """Call off the writes of an asset that wait because an operator says so; its row is locked.

    They stay called off, whatever looks find, until another write is asked for.

    Args:
        session: its transaction.
        asset: whose writes.
        said: who wants it and why, for the record.
    """
    called_off = supersede(session, asset)
    for publication in called_off:
        publication.error_class, publication.error = _CANCELLED, said
    if called_off:
        asset.unpublished_since = None  # nobody waits for it any more
    return called_off


def carry_over(
    session: Session,
    asset: Asset,
    generation: int,
    shown: str | None,
    priority: Priority = Priority.LIVE,
) -> None:
    """Let the newest write count for this generation too, whether it is done or still to come.

    Args:
        session: with the asset's row locked.
        asset: whose content did not change.
        generation: what it counts for.
        shown: what the platform shows at present; where that is not what we wrote, the write is looked at
            again: a person there may have set another thumbnail, or removed theirs or ours.
        priority: of the look, for a write that has to be looked at again.
    """
    publication = _newest(session, asset)
    if publication is None:
        return
    publication.generation = generation
    if _is_cancelled(publication):
        asset.unpublished_since = None
    elif publication.state == PublicationState.CONFIRMED and is_same(shown, asset.written):
        asset.published_generation = generation
    elif publication.state != PublicationState.SENDING:
        is_waiting = publication.state == PublicationState.PENDING
        publication.priority = min(priority, publication.priority) if is_waiting else priority
        _start_again(session, asset, publication)
    notify.wake_dispatcher(session)


def ask_again(session: Session, asset: Asset, priority: Priority | None = None) -> bool:
    """Have the newest write looked at again unless it is under way; False where there is none to be made.

    Args:
        session: with the asset's row locked.
        asset: whose thumbnail it is.
        priority: of a write that is over; None: the one that it had. One that waits keeps its own.
    """
    publication = _newest(session, asset)
    if publication is None or _is_cancelled(publication):
        return False
    if publication.state != PublicationState.SENDING:
        if priority is not None and publication.state != PublicationState.PENDING:
            publication.priority = priority
        _start_again(session, asset, publication)
        notify.wake_dispatcher(session)
    return True


def _newest(session: Session, asset: Asset) -> Publication | None:
    newest = select(func.max(Publication.id)).where(Publication.asset_id == asset.id).scalar_subquery()
    return session.scalar(select(Publication).where(Publication.id == newest).with_for_update())


def _is_cancelled(publication: Publication) -> bool:
    is_called_off = publication.state == PublicationState.SUPERSEDED
    return is_called_off and publication.error_class in {_CANCELLED, holding.FLAGGED}


def _start_again(session: Session, asset: Asset, publication: Publication) -> None:
    """Let a write wait to be made; one that was given up gets all its attempts anew."""
    publication.state, publication.attempt, publication.hinted_at = PublicationState.PENDING, 0, None
    publication.traceparent = tracing.traceparent()
    # Nobody waited any more for a write that was given up.
    is_waited_for = publication.priority == Priority.LIVE and asset.generation > asset.published_generation
    if is_waited_for and asset.unpublished_since is None:
        asset.unpublished_since = session.scalar(select(NOW))
    session.flush()
    note_failing(session, asset)
