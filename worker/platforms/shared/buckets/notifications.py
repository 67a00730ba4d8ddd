"""Reads what storage says of changed objects: MinIO's and Ceph's webhooks, and AWS' events by EventBridge.

Both are the notifications of S3 in another wrapping. They differ in their words for the same thing, and in
their keys: in records these are encoded as in a form, in EventBridge's events they are as they are.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html (records),
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html (EventBridge), and, for MinIO's webhooks,
https://docs.min.io/community/minio-object-store/administration/monitoring/publish-events-to-webhook.html
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus

from worker.errors import MalformedPayload
from worker.platforms.event import EventKind
from worker.platforms.shared import json_fields
from worker.platforms.shared.json_fields import part, parts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# By the part before the colon, without `s3:`, which AWS leaves out. Of all other events nothing follows.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
KINDS = {
    "ObjectCreated": EventKind.READY,
    "ObjectRestore": EventKind.READY,  # from an archive: it can be read now
    "ObjectRemoved": EventKind.DELETED,
    "LifecycleExpiration": EventKind.DELETED,
}
UNFINISHED = frozenset({"ObjectRestore:Post", "ObjectRestore:Delete", "ObjectRemoved:NoOP"})

BRIDGE_KINDS = {
    "Object Created": EventKind.READY,
    "Object Restore Completed": EventKind.READY,
    "Object Deleted": EventKind.DELETED,
}

# What stands for the only version, where a bucket keeps none; "1" in old releases of MinIO.
_NO_VERSION = frozenset({"", "null", "1"})

_SEQUENCER_DIGITS = 32  # AWS has 18, MinIO 16


class Notification(NamedTuple):
    """What happened to one object."""

    id: str  #: the same in every redelivery; those of one object sort as they happened
    type: str  #: the storage's word for it
    kind: EventKind
    bucket: str
    key: str  #: empty where none is named
    happened_at: datetime | None  #: aware
    said: Mapping[str, Any]  #: the storage's words


def read_notifications(said: dict[str, Any]) -> list[Notification]:
    """Read a delivery.

    One that cannot be read spoils no other in the same delivery: it becomes one that asks for nothing.

    Raises:
        MalformedPayload: the delivery is of neither form.
    """
    if json_fields.text(said, "detail-type"):
        return [_of_bridge(said)]
    records = parts(said, "Records")
    if records:
        return [_of_record(record) for record in records]
    name = json_fields.text(said, "Event")
    if not name and said.get("Records") != []:
        raise MalformedPayload("`Records` is missing, and it is no event of EventBridge")
    # What storage sends once to try an address out: AWS and Ceph `s3:TestEvent`, others a list of nothing.
    return [
        Notification(f"test:{json_fields.digest(said)}", name or "empty", EventKind.OTHER, "", "", None, said)
    ]


def _of_record(said: Mapping[str, Any]) -> Notification:
    name = json_fields.text(said, "eventName").removeprefix("s3:") or "unknown"
    entity = part(said, "s3")
    stored = part(entity, "object")
    kind = EventKind.OTHER if name in UNFINISHED else KINDS.get(name.partition(":")[0], EventKind.OTHER)
    is_version = name == "ObjectRemoved:Delete" and json_fields.text(stored, "versionId") not in _NO_VERSION
    return _notification(
        name,
        EventKind.UPDATED if is_version else kind,
        (json_fields.text(part(entity, "bucket"), "name"), unquote_plus(json_fields.text(stored, "key"))),
        json_fields.text(said, "eventTime"),
        json_fields.text(stored, "sequencer"),
        said,
        accuracy=timedelta(milliseconds=1),
    )


def _of_bridge(said: Mapping[str, Any]) -> Notification:
    name, detail = json_fields.text(said, "detail-type"), part(said, "detail")
    stored = part(detail, "object")
    is_version = json_fields.text(detail, "deletion-type") == "Permanently Deleted" and (
        json_fields.text(stored, "version-id") not in _NO_VERSION
    )
    kind = BRIDGE_KINDS.get(name, EventKind.OTHER)
    return _notification(
        name,
        EventKind.UPDATED if is_version and kind is EventKind.DELETED else kind,
        (json_fields.text(part(detail, "bucket"), "name"), json_fields.text(stored, "key")),
        json_fields.text(said, "time"),
        json_fields.text(stored, "sequencer"),
        said,
        accuracy=timedelta(seconds=1),
    )


def _notification(
    name: str,
    kind: EventKind,
    place: tuple[str, str],
    time: str,
    sequencer: str,
    said: Mapping[str, Any],
    *,
    accuracy: timedelta,
) -> Notification:
    """Make a notification whose kind and time leave what is uncertain to a look at the object.

    A version that was removed for good need not have been the newest one, hence `EventKind.UPDATED` of
    whoever calls this. And times are cut off: an object that was made and deleted within one unit of them is
    taken to be there, so that it is looked at, whichever of the two arrives last. Sequencers tell the order,
    but only of one object's events, and there is no row that keeps the last one; within a delivery they do,
    because events are recorded in the order of their ids.
    """
    happened_at = json_fields.utc_time(time or None)
    if happened_at is not None and kind is not EventKind.DELETED:
        happened_at += accuracy - timedelta(microseconds=1)
    order = sequencer.rjust(_SEQUENCER_DIGITS, "0")  # hexadecimal, and of any length
    # Two buckets may tell of one key at the same time, and some storage has no sequencers.
    delivery_id = f"{order}:{time}:{name}:{'/'.join(place)}"
    return Notification(delivery_id, name, kind, *place, happened_at, said)
