"""What the database can hold of what strangers send: ids of a sane length, and texts without NUL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.errors import MalformedPayload

if TYPE_CHECKING:
    from worker.platforms.event import Event

# An index of PostgreSQL holds no more than 2,700 bytes of a row. Ids of platforms have 20 to 60 bytes, keys
# of buckets up to 1,024, and an event's id holds its key.
MAX_ID_BYTES = 2000
# Addresses signed with a session's token reach 2,000.
MAX_URL_CHARACTERS = 4000


def check_ids(event: Event) -> None:
    """Raise MalformedPayload where an id or the address of an event is one that no sender would mean."""
    for value in (event.delivery_id, event.asset_id, event.source_asset_id):
        if value is not None and not is_storable_id(value):
            raise MalformedPayload(f"an id is empty, longer than {MAX_ID_BYTES} bytes, or no text")
    if event.media_url is not None and not _is_storable(event.media_url, MAX_URL_CHARACTERS):
        raise MalformedPayload(f"`media_url` is longer than {MAX_URL_CHARACTERS} characters, or no text")


def is_storable_id(value: str) -> bool:
    """Tell whether a row can have this id; of no other is anything known."""
    return _is_storable(value, MAX_ID_BYTES) and len(value.encode()) <= MAX_ID_BYTES


def storable(value: str) -> str:
    """Drop from a text what PostgreSQL cannot hold: NUL, and halves of surrogate pairs."""
    return value.replace("\0", "").encode("utf-8", "ignore").decode()


def _is_storable(value: str, longest: int) -> bool:
    return 0 < len(value) <= longest and value == storable(value)
