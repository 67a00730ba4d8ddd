"""Removes everything of an asset, except that it was removed.

What stays is a row with the platform, the account and the id there, without which a webhook that comes late
would bring the asset back, and one event for each time that says who removed it. A worker that has the asset
finds its row gone, and stops; whatever it was to store is refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import String, cast, delete, func, insert, or_, select, true

from worker.database import NOW
from worker.database.choices import Choice, Judgement
from worker.database.inbox import Delivery, WebhookEvent
from worker.database.learning import JudgeVerdict
from worker.database.models import Asset, Job, JobLog, Publication, StoredCandidate, Thumbnail
from worker.database.people import AssetLink, AuditEntry
from worker.database.states import EventOutcome
from worker.database.trials import Trial
from worker.inbox.named_assets import named_assets, spellings
from worker.platforms.event import EventKind
from worker.platforms.media_url import MediaUrl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

EVENT_TYPE = "thumbs.erased"
_DELIVERY = "erase:"

# Of the inbox, looked through in one statement: it takes well under a second.
BATCH_EVENTS = 20_000

OfAnAsset = type[
    Publication
    | Judgement
    | Trial
    | Choice
    | Thumbnail
    | StoredCandidate
    | JudgeVerdict
    | Job
    | WebhookEvent
    | AssetLink
    | AuditEntry
]

# In this order nothing is removed by a foreign key before it is counted.
_TABLES: dict[str, OfAnAsset] = {
    "writes": Publication,
    "judgements": Judgement,
    "tests": Trial,  # with what was counted and said of them
    "choices": Choice,
    "pictures": Thumbnail,
    "candidates": StoredCandidate,
    "verdicts": JudgeVerdict,
    "jobs": Job,
    "events": WebhookEvent,
    "links": AssetLink,
    "acts of people": AuditEntry,
}


class EventRange(NamedTuple):
    """A part of the inbox, by the numbers of its events."""

    first: int
    last: int


def erase(session: Session, asset: Asset, actor: str, why: str) -> dict[str, int]:
    """Remove everything that belongs to an asset, and note who did it.

    Args:
        session: with the asset's row locked.
        asset: what to remove.
        actor: who asks for it.
        why: in their words; may be empty. It is kept, so it must name nobody.

    Returns:
        How many rows of each kind were removed.
    """
    jobs = select(Job.id).where(Job.asset_id == asset.id)
    counts = {"lines of history": _remove(session, JobLog, JobLog.job_id.in_(jobs))}
    for what, table in _TABLES.items():
        kept = ~_is_record(asset) if table is WebhookEvent else true()
        counts[what] = _remove(session, table, table.asset_id == asset.id, kept)
    erased_at = session.scalar(select(NOW))
    asset.title, asset.media_url, asset.source_external_id, asset.options = "", None, None, None
    asset.fingerprint = asset.duration_s = asset.last_event_at = None
    asset.written = asset.foreign_thumbnail = asset.foreign_at = None
    asset.pick_gap = asset.failed_at = asset.reviewed_at = asset.reviewed_by = None
    asset.test_decided_at = asset.untested_because = None
    asset.is_noted = asset.is_flagged = asset.is_held = asset.has_lost_choice = asset.has_failed = False
    asset.deleted_at = asset.erased_at = erased_at
    asset.generation += 1  # so that what somebody looks at right now comes too late
    _note(session, asset, actor, why, counts)
    return counts


def removed_words(counts: Mapping[str, int]) -> str:
    """Say how many rows of each kind were removed, e.g. "jobs: 2, pictures: 9"."""
    return ", ".join(f"{what}: {count}" for what, count in counts.items() if count) or "nothing"


def inbox_ranges(session: Session) -> Iterator[EventRange]:
    """Cut the inbox into parts for `erase_unlinked`, the newest first."""
    first, last = session.execute(select(func.min(WebhookEvent.id), func.max(WebhookEvent.id))).one()
    while first is not None and last >= first:
        yield EventRange(max(first, last - BATCH_EVENTS + 1), last)
        last -= BATCH_EVENTS


def erase_unlinked(session: Session, asset: Asset, part: EventRange) -> int:
    """Remove the events that name an asset, but asked for nothing and so are linked to none.

    Returns:
        How many there were.
    """
    unlinked = (
        WebhookEvent.id.between(*part),
        WebhookEvent.asset_id.is_(None),
        WebhookEvent.kind == EventKind.OTHER,
        WebhookEvent.platform.in_([asset.platform, MediaUrl.name]),
        # Only so that few payloads are read: whether the text is an id there, its field says.
        or_(
            *(
                func.strpos(cast(WebhookEvent.payload, String), json.dumps(spelling)) > 0
                for spelling in spellings(asset.external_id)
            )
        ),
    )
    found = select(WebhookEvent.id, WebhookEvent.platform, WebhookEvent.account, WebhookEvent.payload)
    ids = [
        row.id
        for row in session.execute(found.where(*unlinked).execution_options(yield_per=100))
        if _is_named(asset, row.platform, row.account, row.payload)
    ]
    return _remove(session, WebhookEvent, WebhookEvent.id.in_(ids))


def _is_named(asset: Asset, platform: str, account: str, payload: Mapping[str, Any]) -> bool:
    named = named_assets(platform, account, payload)
    return (named.platform, named.account) == (asset.platform, asset.account) and (
        asset.external_id in named.ids
    )


def _is_record(asset: Asset) -> ColumnElement[bool]:
    """Build the condition that an event says who erased this asset; a sender cannot know the row's number."""
    return (WebhookEvent.type == EVENT_TYPE) & WebhookEvent.delivery_id.startswith(f"{_DELIVERY}{asset.id}:")


def _note(session: Session, asset: Asset, actor: str, why: str, counts: Mapping[str, int]) -> None:
    removed = removed_words(counts)
    detail = f"{actor}: {why}; removed: {removed}" if why else f"{actor}; removed: {removed}"
    session.execute(
        insert(WebhookEvent).values(
            platform=asset.platform,
            account=asset.account,
            delivery_id=f"{_DELIVERY}{asset.id}:{asset.generation}",
            type=EVENT_TYPE,
            kind=EventKind.DELETED,
            asset_id=asset.id,
            happened_at=asset.erased_at,
            outcome=EventOutcome.APPLIED,
            detail=detail,
            payload={},
        )
    )


def _remove(session: Session, table: OfAnAsset | type[JobLog], *conditions: ColumnElement[bool]) -> int:
    ids = session.scalars(delete(table).where(*conditions).returning(table.id)).all()
    if table is WebhookEvent:  # some platforms' delivery ids contain that of the asset
        session.execute(delete(Delivery).where(Delivery.event_id.in_(ids)))
    return len(ids)
