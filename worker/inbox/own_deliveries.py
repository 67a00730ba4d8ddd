"""Records one event of the customer's own systems, and says in words what became of it.

A platform sends an event again with other words: how often it tried, and when. A sender of Standard Webhooks
repeats the same bytes, so another message under a known id is a mistake, most likely an id that was copied
from an example. It is refused, because otherwise it would be taken for a repetition and lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select, tuple_

from worker.database.inbox import Delivery, WebhookEvent
from worker.database.states import EventOutcome
from worker.errors import IdReused
from worker.inbox import record
from worker.inbox.own_events import KINDS
from worker.inbox.record import DeliveryOutcome, Receipt
from worker.platforms import configured_accounts
from worker.platforms.event import EventKind
from worker.platforms.media_url import ACCOUNT, MediaUrl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from worker.platforms.event import Event
    from worker.settings import Settings

_KNOWN_TYPES = ", ".join(KINDS)


def record_own(session: Session, events: Sequence[Event], settings: Settings) -> list[Receipt]:
    """Take in the one event of a request, as `record` does; the caller commits.

    Raises:
        IdReused: another message was taken in under the same id.
        MalformedPayload: an id is one that no sender would mean.
    """
    receipts = record.record(session, events, settings)
    # Afterwards, because only then a request at the same time has ended, and what it recorded can be seen.
    return [
        _explained(event, receipt, _of_same_id(session, event, receipt, settings))
        for event, receipt in zip(events, receipts, strict=True)
    ]


def _of_same_id(
    session: Session, event: Event, receipt: Receipt, settings: Settings
) -> Sequence[Row[tuple[dict[str, object], str, str]]]:
    """Find what came under this id before, also of another account: it is one sender's."""
    accounts = [(MediaUrl.name, ACCOUNT), *configured_accounts(settings)]
    of_event = and_(WebhookEvent.id == Delivery.event_id, WebhookEvent.received_at == Delivery.received_at)
    found = (
        select(WebhookEvent.payload, WebhookEvent.outcome, WebhookEvent.detail)
        .join(Delivery, of_event)
        .where(
            tuple_(Delivery.platform, Delivery.account).in_(accounts),
            Delivery.delivery_id == event.delivery_id,
        )
    )
    if receipt.event_id is not None:
        found = found.where(WebhookEvent.id != receipt.event_id)
    rows = session.execute(found).all()
    # Nothing is kept of the words about an asset that was erased, so they cannot be compared.
    if any(row.payload and row.payload != event.payload for row in rows):
        raise IdReused("another event came under this webhook-id; give each event an id of its own")
    return rows


def _explained(
    event: Event, receipt: Receipt, before: Sequence[Row[tuple[dict[str, object], str, str]]]
) -> Receipt:
    match receipt.outcome:
        case DeliveryOutcome.DUPLICATE:
            ignored = [row.detail for row in before if row.outcome == EventOutcome.IGNORED]
            reason = "it came before under this webhook-id"
            return receipt._replace(reason=f"{reason}, and was ignored: {ignored[0]}" if ignored else reason)
        case DeliveryOutcome.IGNORED if event.kind is EventKind.OTHER:
            return receipt._replace(reason=f"there is no event type {event.type!r}; there are {_KNOWN_TYPES}")
        case DeliveryOutcome.IGNORED:
            return receipt._replace(reason=f"{receipt.reason}; {_remedy(event, receipt.reason)}")
    return receipt


def _remedy(event: Event, reason: str) -> str:
    if event.kind is EventKind.DELETED:
        return "there is nothing to do"
    if reason == record.ERASED.detail:
        return "only asset.ready with a later `timestamp` brings it back"
    return "send a later `timestamp`" if event.happened_at else "send a `timestamp` that is later"
