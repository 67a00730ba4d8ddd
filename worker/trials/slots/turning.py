"""Shows each slot's picture when its day begins, and says which days count.

The picture is an ordinary write: newest wins, a foreign thumbnail stays, and nothing is written where the
same picture goes on. A day counts only if its picture was shown for nine tenths of it at least, and no other
one was meanwhile; if it does not, neither do the other days of its block.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import DBAPIError

from worker import choices, publications
from worker.database import NOW, transaction
from worker.database.models import Asset, Publication, Thumbnail
from worker.database.states import PublicationState, TrialKind, TrialState
from worker.database.trials import Slot, Trial, Variant
from worker.trials.running import is_live
from worker.trials.slots.drawing import COUNTED_AFTER, date_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Engine
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

LATE = 0.1  # of a day, after which its picture must be shown
MOST_TESTS = 1000  # in one round; the next one comes soon


def turn_due(engine: Engine, is_stopped: Callable[[], bool] = lambda: False) -> int:
    """Show what is due in all tests, each in a transaction of its own; return how many were looked at."""
    with transaction(engine) as session:
        due = session.scalars(select(Slot.trial_id).join(Trial, Trial.id == Slot.trial_id).where(_is_due()))
        ids = list(dict.fromkeys(due.fetchmany(MOST_TESTS)))
    for done, trial_id in enumerate(ids):
        if is_stopped():
            return done
        try:
            with transaction(engine) as session:
                turn(session, trial_id)
        except DBAPIError:
            raise
        except Exception:
            # A bug of ours: the log shows where, and the other tests go on.
            log.exception("the days of test %s could not be looked at", trial_id)
    return len(ids)


def _is_due() -> ColumnElement[bool]:
    is_over = and_(Slot.to_at <= NOW, Slot.ask_at.is_(None))
    return and_(
        Trial.state == TrialState.RUNNING,
        Trial.kind == TrialKind.SLOTS,
        Slot.counted_at.is_(None),
        ~Slot.is_void,
        Slot.from_at <= NOW,
        or_(Slot.shown_at.is_(None), is_over),
    )


def turn(session: Session, trial_id: int) -> None:
    """Show today's picture of one test, note that it is shown, and close the days that are over."""
    of_trial = select(Asset).join(Trial, Trial.asset_id == Asset.id).where(Trial.id == trial_id)
    # What the session has of both may be older than the lock.
    anew = {"populate_existing": True}
    asset = session.scalar(of_trial.with_for_update(of=Asset), execution_options=anew)
    trial = session.get(Trial, trial_id, populate_existing=True)
    if asset is None or trial is None:
        return  # erased meanwhile
    live = select(Trial.id).join(Asset, Asset.id == Trial.asset_id).where(Trial.id == trial_id, is_live())
    if session.scalar(live) is None:
        return  # it is about to end
    now = session.scalars(select(NOW)).one()
    slots = session.scalars(select(Slot).where(Slot.trial_id == trial_id).order_by(Slot.number)).all()
    variants = _variants(session, trial)
    for slot in slots:
        if slot.from_at <= now and not slot.is_void and slot.ask_at is None and slot.counted_at is None:
            why = _show(session, asset, slot, variants[slot.variant], now) or _close(
                session, asset, slot, now
            )
            if why is not None:
                _void(slots, slot, len(variants), f"{date_of(slot, trial):%d %B %Y}: {why}")
    session.flush()


def _variants(session: Session, trial: Trial) -> Sequence[Variant]:
    of_it = select(Variant).where(Variant.trial_id == trial.id).order_by(Variant.number)
    return session.scalars(of_it).all()


def _newest(session: Session, asset: Asset) -> Publication | None:
    of_it = select(Publication).where(Publication.asset_id == asset.id)
    return session.scalar(of_it.order_by(Publication.id.desc()).limit(1))


def _show(session: Session, asset: Asset, slot: Slot, variant: Variant, now: datetime) -> str | None:
    """Ask for a slot's picture, or note that it is shown; say why the day does not count, if so."""
    is_late = now > slot.from_at + (slot.to_at - slot.from_at) * LATE
    if slot.shown_at is not None:
        return None
    if slot.publication_id is None:
        if is_late:
            return "its picture was not asked for in time, as the dispatcher did not run"
        thumbnail = session.get(Thumbnail, variant.thumbnail_id) if variant.thumbnail_id else None
        if thumbnail is None:
            return "its picture is not stored any more"
        newest = _newest(session, asset)
        if newest is None or newest.thumbnail_id != thumbnail.id or newest.state not in _ON_ITS_WAY:
            # It may be of an earlier run of the same content; the write counts for the newest one.
            publications.request(
                session, asset, thumbnail, generation=choices.newest_generation(session, asset)
            )
            newest = _newest(session, asset)
        slot.publication_id = newest.id if newest else None
    publication = _asked_for(session, asset, slot, variant)
    if publication is not None and publication.state == PublicationState.CONFIRMED:
        shown_at = max(slot.from_at, publication.confirmed_at or now)
        if shown_at <= slot.from_at + (slot.to_at - slot.from_at) * LATE:
            slot.shown_at = shown_at
            return None
    if not is_late:
        return None
    error = f" ({publication.error})" if publication is not None and publication.error else ""
    return f"its picture was not shown in time{error}"


def _asked_for(session: Session, asset: Asset, slot: Slot, variant: Variant) -> Publication | None:
    """Find the write of a slot; a run that ended before it arrived has asked for the same picture anew."""
    publication = session.get(Publication, slot.publication_id) if slot.publication_id else None
    if publication is not None and publication.state == PublicationState.SUPERSEDED:
        newest = _newest(session, asset)
        if newest is not None and newest.thumbnail_id == variant.thumbnail_id:
            slot.publication_id = newest.id
            return newest
    return publication


_ON_ITS_WAY = (PublicationState.PENDING, PublicationState.SENDING, PublicationState.CONFIRMED)


def _close(session: Session, asset: Asset, slot: Slot, now: datetime) -> str | None:
    """Have a day's numbers read once it is over; say why it does not count, if so."""
    if slot.shown_at is None or now < slot.to_at:
        return None
    ours = session.get(Publication, slot.publication_id) if slot.publication_id else None
    if ours is None or ours.state != PublicationState.CONFIRMED:
        return "its picture did not stay for the whole day"
    was_confirmed = and_(
        Publication.state == PublicationState.CONFIRMED,
        Publication.confirmed_at >= slot.shown_at,
        Publication.confirmed_at < slot.to_at,
    )
    # A write whose answer was never heard may have been shown, too.
    may_have_been = and_(Publication.sent_at >= slot.shown_at, Publication.sent_at < slot.to_at)
    others = (Publication.asset_id == asset.id, Publication.thumbnail_id != ours.thumbnail_id)
    if session.scalar(select(Publication.id).where(*others, or_(was_confirmed, may_have_been)).limit(1)):
        return "another picture was shown meanwhile"
    slot.ask_at = slot.to_at + COUNTED_AFTER
    return None


def void_block(session: Session, slot: Slot, why: str) -> None:
    """Let a slot, and the other slots of its block, not count."""
    slots = session.scalars(select(Slot).where(Slot.trial_id == slot.trial_id).order_by(Slot.number)).all()
    variants = len({one.variant for one in slots})
    _void(slots, slot, variants, why)


def _void(slots: Sequence[Slot], slot: Slot, variants: int, why: str) -> None:
    block = slot.number // variants
    for other in slots[block * variants : (block + 1) * variants]:
        other.is_void, other.why = True, why
