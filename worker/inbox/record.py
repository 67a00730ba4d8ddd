"""Records what webhooks said. One transaction: the event, the asset it is about, the job it asks for.

An event only says that there is something to look at: the worker asks the platform for the present state.
So order hardly matters, and no event is dropped because of its time: clocks differ, and a look that finds
nothing new is cheap. Only a delete needs an order, because after it there is nothing to look at: what
happened before it, or at the same time, is ignored.
"""

from __future__ import annotations

import enum
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import any_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from worker import jobs, publications
from worker.database import NOW
from worker.database.base import table_of
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job
from worker.database.states import EventOutcome, JobReason, JobState, Priority
from worker.inbox.named_assets import named_assets
from worker.inbox.reported_edit import reported_edit
from worker.inbox.storable import check_ids, storable
from worker.platforms.event import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.settings import Settings

REASONS = {
    EventKind.READY: JobReason.READY,
    EventKind.EDITED: JobReason.EDIT,
    EventKind.UPDATED: JobReason.UPDATE,
}


class DeliveryOutcome(enum.StrEnum):
    """What the receiver answers about an event."""

    RECORDED = "recorded"  #: there is a job for it
    IGNORED = "ignored"  #: it asks for nothing
    DUPLICATE = "duplicate"  #: it was here before


class Receipt(NamedTuple):
    """What became of one event."""

    outcome: DeliveryOutcome
    event_id: int | None  #: None for a duplicate
    reason: str = ""  #: why, where the outcome alone does not say


class EventDecision(NamedTuple):
    """What an event means for its asset, and why."""

    outcome: EventOutcome
    detail: str = ""


class LockedAsset(NamedTuple):
    """What the locked row of an asset says."""

    id: int
    generation: int
    fingerprint: str | None
    last_event_at: datetime | None
    deleted_at: datetime | None
    erased_at: datetime | None


# What an event may tell about its asset; the newest event that tells a field counts.
_TOLD_FIELDS = ("title", "media_url", "source_external_id", "options")

_APPLIED = EventDecision(EventOutcome.APPLIED)
_UNRELATED = EventDecision(EventOutcome.IGNORED, "asks for nothing")
ERASED = EventDecision(EventOutcome.IGNORED, "the asset was erased")
_OLDER = "something newer was told at {}, so what this tells of the asset is not taken over"

# These statements are built once, on tables instead of classes, and get their values as bound parameters: the
# receiver does little else than run them, hundreds of times a second, and to build them anew each time would
# take a good part of its time.
_assets, _events = table_of(Asset), table_of(WebhookEvent)

# Returns no row for a delivery that was here before. A trigger of the table decides, not a question
# beforehand: so two receivers that get a delivery at the same time cannot both record it.
_INSERT_EVENT = insert(_events).returning(_events.c.id, _events.c.received_at)

# Finds the asset's row or makes it, and locks it, in one statement.
_insert_asset = insert(_assets)
_LOCK_ASSET = _insert_asset.on_conflict_do_update(
    index_elements=["platform", "account", "external_id"],
    # An update that changes nothing, because only a row that is written is locked and returned.
    set_={"external_id": _insert_asset.excluded.external_id},
).returning(*(_assets.c[name] for name in LockedAsset._fields))

# Finds one of these assets that was erased. It locks nothing: events that ask for nothing wait for nobody.
_FIND_ERASED = select(_assets.c.id).where(
    _assets.c.platform == bindparam("platform"),
    _assets.c.account == bindparam("account"),
    _assets.c.external_id == any_(bindparam("ids", type_=ARRAY(_assets.c.external_id.type))),
    _assets.c.erased_at.is_not(None),
)

# `told_title` and so on: SQLAlchemy keeps a column's bare name for its own parameters. NULL is for what the
# event does not tell, and leaves the column as it is. The types are given because NULL has none.
_told = {name: bindparam(f"told_{name}", type_=_assets.c[name].type) for name in _TOLD_FIELDS}
_UPDATE_ASSET = (
    update(_assets)
    .where(_assets.c.id == bindparam("of_asset"))
    .values(
        last_event_at=func.greatest(
            _assets.c.last_event_at, bindparam("happened_at", type_=_assets.c.last_event_at.type)
        ),
        **{name: func.coalesce(told, _assets.c[name]) for name, told in _told.items()},
    )
)


def record(
    session: Session, events: Sequence[Event], settings: Settings, *, priority: Priority = Priority.LIVE
) -> list[Receipt]:
    """Take in the events of one delivery; the caller commits, and answers only then.

    Args:
        session: of the transaction that the caller commits.
        events: verified and parsed.
        settings: of the jobs that the events ask for.
        priority: of those jobs.

    Returns:
        What became of each event, in their order.

    Raises:
        MalformedPayload: an id is one that no platform would send.
    """
    for event in events:
        check_ids(event)
    events = [_no_later_than_now(event) for event in events]
    # Always in one order, so that two deliveries never wait for each other.
    ordered = sorted(events, key=lambda event: (event.asset_id or "", event.delivery_id))
    receipts = {event.delivery_id: _record_one(session, event, settings, priority) for event in ordered}
    return [receipts[event.delivery_id] for event in events]


def _record_one(session: Session, event: Event, settings: Settings, priority: Priority) -> Receipt:
    is_relevant = event.asset_id is not None and event.kind is not EventKind.OTHER
    asset = _lock_asset(session, event) if is_relevant else None
    expected = _expected(session, event, asset)
    inserted = session.execute(_INSERT_EVENT, _row(event, asset, expected)).one_or_none()
    if inserted is None:
        return Receipt(DeliveryOutcome.DUPLICATE, None)
    decision = _apply(session, event, asset, settings, priority) if asset else expected
    # The row says it already for most events: those cost no second statement.
    if decision != expected:
        # With its time, or PostgreSQL would look for it in every week.
        of_event = (_events.c.id == inserted.id, _events.c.received_at == inserted.received_at)
        changed = update(_events).where(*of_event)
        session.execute(changed.values(outcome=decision.outcome, detail=decision.detail))
    is_applied = decision.outcome is EventOutcome.APPLIED
    outcome = DeliveryOutcome.RECORDED if is_applied else DeliveryOutcome(decision.outcome)
    return Receipt(outcome, inserted.id, decision.detail)


def _expected(session: Session, event: Event, asset: LockedAsset | None) -> EventDecision:
    """Tell what most likely becomes of an event, and surely where it is about no asset that we know."""
    if asset is not None:
        return ERASED if _is_erased(event, asset) else _APPLIED
    unused = EventDecision(EventOutcome.IGNORED, event.problem) if event.problem else _UNRELATED
    named = named_assets(event.platform, event.account, event.payload)
    if not named.ids:
        return unused
    ids = {"platform": named.platform, "account": named.account, "ids": list(named.ids)}
    return unused if session.scalar(_FIND_ERASED, ids) is None else ERASED


def _row(event: Event, asset: LockedAsset | None, expected: EventDecision) -> dict[str, Any]:
    return {
        "platform": event.platform,
        "account": event.account,
        "delivery_id": event.delivery_id,
        "type": storable(event.type),
        "kind": event.kind,
        "asset_id": asset and asset.id,
        "happened_at": event.happened_at,
        "outcome": expected.outcome,
        "detail": expected.detail,
        "payload": {} if expected == ERASED else dict(event.payload),
    }


def _lock_asset(session: Session, event: Event) -> LockedAsset:
    """Lock the asset's row until the end of the transaction; make it where there is none."""
    values = {"platform": event.platform, "account": event.account, "external_id": event.asset_id}
    return LockedAsset(*session.execute(_LOCK_ASSET, values).one())


def _update_asset(session: Session, event: Event, asset: LockedAsset) -> EventDecision:
    """Take over what the event tells about the asset, unless something newer was told before."""
    at, last_at = event.happened_at, asset.last_event_at
    is_news = at is None or last_at is None or at >= last_at
    options = None if event.options is None else dict(event.options)
    told = (storable(event.title) or None, event.media_url, event.source_asset_id, options)
    values = {
        f"told_{name}": value if is_news else None for name, value in zip(_TOLD_FIELDS, told, strict=True)
    }
    session.execute(_UPDATE_ASSET, {"of_asset": asset.id, "happened_at": at, **values})
    if last_at is None or is_news or not (event.detail or any(one is not None for one in told)):
        return _APPLIED
    return EventDecision(EventOutcome.APPLIED, _OLDER.format(_written(last_at)))


def _apply(
    session: Session, event: Event, asset: LockedAsset, settings: Settings, priority: Priority
) -> EventDecision:
    if _is_erased(event, asset):
        return ERASED
    if event.kind is EventKind.DELETED:
        return _delete(session, event, asset, settings)
    if asset.deleted_at and not (event.happened_at and event.happened_at > asset.deleted_at):
        return _deleted(asset.deleted_at)
    if event.kind is EventKind.FAILED:
        return EventDecision(EventOutcome.IGNORED, "the platform could not process the asset")
    if event.kind is EventKind.RENDITION_READY and not _waits_for_file(session, asset):
        return EventDecision(EventOutcome.IGNORED, "nothing waits for this file")
    decision = _update_asset(session, event, asset)
    is_urgent = asset.generation == 0 or event.kind is EventKind.RENDITION_READY
    delay_s = 0.0 if is_urgent else settings.debounce_s
    reason = REASONS.get(event.kind, JobReason.READY)
    change = reported_edit(event, asset.last_event_at)
    jobs.request(
        session, asset.id, reason, delay_s=delay_s, settings=settings, change=change, priority=priority
    )
    return decision


def _delete(session: Session, event: Event, known: LockedAsset, settings: Settings) -> EventDecision:
    if event.happened_at and known.last_event_at and event.happened_at < known.last_event_at:
        if known.deleted_at:
            return _deleted(known.deleted_at)
        # It came back after this, or a clock is wrong: the platform knows.
        jobs.request(session, known.id, JobReason.UPDATE, delay_s=0.0, settings=settings)
        return EventDecision(EventOutcome.APPLIED, "something newer is known: looking whether it is there")
    asset = session.get_one(Asset, known.id)
    asset.deleted_at = asset.last_event_at = event.happened_at or session.scalar(select(NOW))
    # Should it come back, nothing is known about it, and its thumbnails are those of a former life.
    asset.fingerprint = asset.written = asset.foreign_thumbnail = asset.foreign_at = None
    asset.generation += 1
    jobs.cancel(session, asset, "the asset was deleted")
    publications.supersede(session, asset)
    return EventDecision(EventOutcome.APPLIED, "the asset was deleted")


def _deleted(deleted_at: datetime) -> EventDecision:
    return EventDecision(EventOutcome.IGNORED, f"the asset was deleted at {_written(deleted_at)}")


def _written(at: datetime) -> str:
    """Write a time so that it can be compared with that of an event."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _is_erased(event: Event, asset: LockedAsset) -> bool:
    """Tell whether all of the asset was removed for good: only READY after that says that it is new."""
    if asset.erased_at is None or event.happened_at is None:
        return asset.erased_at is not None
    return event.kind is not EventKind.READY or event.happened_at <= asset.erased_at


def _waits_for_file(session: Session, asset: LockedAsset) -> bool:
    """Tell whether the asset has no thumbnails, and no job runs: what kept them away may be this file."""
    running = select(Job.id).where(Job.asset_id == asset.id, Job.state == JobState.RUNNING)
    return asset.fingerprint is None and session.scalar(running) is None


def _no_later_than_now(event: Event) -> Event:
    """Bring an event's time back to now, or a clock far ahead would make every later delete look old."""
    now = datetime.now(UTC)
    is_ahead = event.happened_at is not None and event.happened_at > now
    return replace(event, happened_at=now) if is_ahead else event
