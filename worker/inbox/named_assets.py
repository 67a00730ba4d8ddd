"""Reads which assets an event names that asks for nothing, and of which no platform's code reads the id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote_plus, unquote_plus

from worker.inbox.storable import is_storable_id
from worker.platforms.media_url import MediaUrl
from worker.platforms.shared import json_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KEY = "key"  # of an object in a bucket, which some notifications encode as in a form

# What platforms call an asset's id, without underscores and in small letters. Not the fields that name the
# asset from which another one was cut: such an event is about the other one.
_ID_FIELDS = frozenset(
    {
        *("id", "uid", "guid", "assetid", "videoid", "videoguid", "mediaid", "hashedid"),
        *("activeassetid", "recentassetids"),  # of Mux's live streams
        _KEY,
    }
)


class NamedAssets(NamedTuple):
    """Assets of one account."""

    platform: str
    account: str
    ids: frozenset[str]


def spellings(asset_id: str) -> frozenset[str]:
    """List how an id may stand in a payload: as it is, or encoded, with or without its slashes."""
    return frozenset({asset_id, quote_plus(asset_id), quote_plus(asset_id, safe="/")})


def named_assets(platform: str, account: str, payload: Mapping[str, Any]) -> NamedAssets:
    """Read the ids in an event's payload, wherever they stand in it.

    Args:
        platform: to whose address the event was sent.
        account: the same.
        payload: its words.
    """
    data = json_fields.part(payload, "data")
    if platform == MediaUrl.name and "platform" in data:  # one's own events may be about a platform's asset
        platform, account = json_fields.text(data, "platform"), json_fields.text(data, "account")
    return NamedAssets(platform, account, frozenset(filter(is_storable_id, _ids(payload))))


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _ids(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name.replace("_", "").lower() in _ID_FIELDS:
                told = [one for one in (item if isinstance(item, list) else [item]) if isinstance(one, str)]
                yield from told
                yield from (unquote_plus(one) for one in told if name == _KEY)
            yield from _ids(item)
