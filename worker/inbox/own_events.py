"""Our own events: what a customer's editor, or any other system, tells us at `/v1/events`.

No platform says that a video was trimmed or put into another order, so the editor that did it says so here,
in the form and with the signature of Standard Webhooks:

    {"type": "asset.edited", "timestamp": "2026-11-22T10:00:00Z",
     "data": {"platform": "mux", "account": "main", "asset_id": "0201p02f",
              "edit": {"kind": "trimmed", "kept": [{"start_s": 2.5, "end_s": 40.0}]}}}

A video that lives on no platform has `asset_id`, `media_url` and perhaps `title` in place of `platform` and
`account`. Beside `edit` there may be `options`, what is wanted of this video from now on:
`worker.time_ranges` explains them, and an empty object takes them back.

Unknown types are taken in and ignored; unknown fields in `data` are refused, because a misspelt one would be
ignored for ever.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, NamedTuple

from worker import time_ranges
from worker.errors import MalformedPayload, SourceRefused
from worker.platforms import media_url
from worker.platforms.event import Event, EventKind
from worker.platforms.registry import platform_of
from worker.platforms.shared import json_fields, signatures
from worker.platforms.shared.media_host import check_media_url
from worker.timeline import MAX_RANGES, MAX_TIME_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.settings import Settings

SETTING = "EVENTS_SECRET"

KINDS = {
    "asset.ready": EventKind.READY,
    "asset.edited": EventKind.EDITED,
    "asset.deleted": EventKind.DELETED,
}


class Edit(enum.StrEnum):
    """What was done to a video."""

    TRIMMED = "trimmed"  #: parts were cut off, or out
    REORDERED = "reordered"  #: its parts play in another order
    CLIPPED = "clipped"  #: it was made from a part of another one
    SOURCE_REPLACED = "source_replaced"  #: another file took its place


EDIT_FIELDS = {
    Edit.TRIMMED: {"kind", "kept"},
    Edit.REORDERED: {"kind", "order"},
    Edit.CLIPPED: {"kind", "kept", "source_asset_id"},
    Edit.SOURCE_REPLACED: {"kind"},
}
"""`kept` and `order` list ranges of the video as it was before, in the order in which they play now."""


class _Subject(NamedTuple):
    """The video that an event is about."""

    platform: str
    account: str
    asset_id: str
    media_url: str | None = None
    title: str = ""
    options: Mapping[str, Any] | None = None


def verify(headers: Mapping[str, str], body: bytes, settings: Settings, now_s: float) -> None:
    """Raise InvalidSignature unless the customer sent exactly these bytes, within five minutes of `now_s`.

    A question, which has no body, is signed in the same way: with an id, the time and no bytes.
    """
    signatures.verify_standard(headers, body, settings.events_secrets, now_s, setting=SETTING)


def parse(headers: Mapping[str, str], body: bytes, settings: Settings) -> list[Event]:
    """Read the one event of a verified request.

    Raises:
        MalformedPayload: a field is missing, unknown or wrong; the message names it.
        UnknownAccount: `platform` and `account` name nothing that is configured.
    """
    message = json_fields.read_object(body)
    event_type = json_fields.required(message, "type")
    kind = KINDS.get(event_type, EventKind.OTHER)
    data = json_fields.part(message, "data")
    subject = _subject(data, kind, settings) if kind is not EventKind.OTHER else None
    happened_at = json_fields.utc_time(message.get("timestamp"))
    if happened_at is None and message.get("timestamp") is not None:
        raise MalformedPayload("`timestamp` is no time; write it as 2026-11-22T10:00:00Z")
    edit = _edit(data) if kind is EventKind.EDITED else {}
    event = Event(
        platform=subject.platform if subject else media_url.MediaUrl.name,
        account=subject.account if subject else media_url.ACCOUNT,
        # A customer may pass on the platform's event under the platform's id: these are two deliveries.
        delivery_id=f"events:{signatures.delivery_id(headers)}",
        type=event_type,
        kind=kind,
        asset_id=subject and subject.asset_id,
        happened_at=happened_at,
        title=subject.title if subject else "",
        source_asset_id=json_fields.optional_identifier(edit, "source_asset_id"),
        media_url=subject and subject.media_url,
        options=subject and subject.options,
        detail=edit,
        payload=message,
    )
    return [event]


def _subject(data: Mapping[str, Any], kind: EventKind, settings: Settings) -> _Subject:
    extra = {"edit"} if kind is EventKind.EDITED else set()
    extra |= {"options"} if kind is not EventKind.DELETED else set()
    options = _options(data)
    if "platform" in data or "account" in data:
        _refuse_unknown(data, {"platform", "account", "asset_id"} | extra, "data")
        names = json_fields.required(data, "platform"), json_fields.required(data, "account")
        asset_id = platform_of(*names, settings).identifier(data, "asset_id")
        return _Subject(*names, asset_id, options=options)
    _refuse_unknown(data, {"asset_id", "media_url", "title"} | extra, "data")
    url = _checked_url(data, settings) if kind is not EventKind.DELETED else None
    asset_id, title = json_fields.required(data, "asset_id"), json_fields.text(data, "title")
    return _Subject(media_url.MediaUrl.name, media_url.ACCOUNT, asset_id, url, title, options)


def _options(data: Mapping[str, Any]) -> dict[str, list[str]] | None:
    given = data.get("options")
    if given is None:
        return None
    try:
        return time_ranges.read_options(given)
    except ValueError as exc:
        raise MalformedPayload(f"`options`: {exc}") from exc


def _checked_url(data: Mapping[str, Any], settings: Settings) -> str:
    url = json_fields.required(data, "media_url")
    try:
        check_media_url(url, settings)
    except SourceRefused as exc:
        raise MalformedPayload(str(exc)) from exc
    return url


def _edit(data: Mapping[str, Any]) -> dict[str, Any]:
    edit = json_fields.part(data, "edit")
    kinds = ", ".join(Edit)
    try:
        kind = Edit(json_fields.required(edit, "kind"))
    except (MalformedPayload, ValueError) as exc:
        raise MalformedPayload(f"`edit.kind` must be one of: {kinds}") from exc
    _refuse_unknown(edit, EDIT_FIELDS[kind], "edit")
    for name in {"kept", "order"} & edit.keys():
        _check_ranges(edit[name], f"edit.{name}")
    return edit


def _check_ranges(ranges: Any, name: str) -> None:
    if not isinstance(ranges, list) or not 0 < len(ranges) <= MAX_RANGES:
        raise MalformedPayload(f"`{name}` must be a list of 1 to {MAX_RANGES} ranges")
    for item in ranges:
        if not isinstance(item, dict) or item.keys() != {"start_s", "end_s"}:
            raise MalformedPayload(f"`{name}`: a range has `start_s` and `end_s`, and nothing else")
        start_s, end_s = item["start_s"], item["end_s"]
        # Python compares whole numbers of any length, and NaN with nothing.
        if not (_is_number(start_s) and _is_number(end_s) and 0 <= start_s < end_s <= MAX_TIME_S):
            raise MalformedPayload(
                f"`{name}`: a range needs 0 <= start_s < end_s <= {MAX_TIME_S:.0f}, in seconds"
            )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refuse_unknown(of: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(of.keys() - known)
    if unknown:
        raise MalformedPayload(f"`{where}` has a field that we do not know: {unknown[0]!r}")
