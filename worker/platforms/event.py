"""What a verified webhook said, in our words."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class EventKind(enum.StrEnum):
    """What an event means for the thumbnails of an asset."""

    READY = "ready"  #: the asset can be played: look at it
    EDITED = "edited"  #: the customer's editor says that the content changed: look again
    RENDITION_READY = "rendition_ready"  #: a file that a job may be waiting for is there
    UPDATED = "updated"  #: something about the asset changed, maybe only what we wrote ourselves
    FAILED = "failed"  #: the platform could not process the asset
    DELETED = "deleted"  #: the asset is gone
    OTHER = "other"  #: nothing to do with thumbnails


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one asset."""

    platform: str
    account: str
    delivery_id: str  #: the same in every redelivery of this event, unique within the account
    type: str  #: the platform's own word for it, e.g. "video.asset.ready"
    kind: EventKind
    asset_id: str | None = None  #: the platform's id; None where the event is about no asset
    happened_at: datetime | None = None  #: aware; when it happened, as the platform says
    title: str = ""
    source_asset_id: str | None = None  #: the asset that this one was cut from
    media_url: str | None = None  #: only of our own events: a video that lives on no platform
    options: Mapping[str, Any] | None = None  #: only of our own events: what is wanted from now on
    detail: Mapping[str, Any] = field(default_factory=dict)  #: what else we may need, e.g. kept ranges
    payload: Mapping[str, Any] = field(default_factory=dict)  #: the platform's words, untouched
    problem: str = ""  #: of one that we would use, and cannot: why; its kind is OTHER then
