"""FastPix: reads HLS or a ready MP4, and has nowhere to write a thumbnail.

The best pick is stored and served by us, and FastPix cuts a picture of any moment on request (`image_url`).
The time of the pick can be kept in the media's metadata, for players that read it; that is off by default,
because every write raises `video.media.updated`. A clip is a new media that names its source.
"""

from __future__ import annotations

import re
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from worker.errors import MalformedPayload, SourceRefused
from worker.platforms.base import (
    AssetState,
    BasePlatform,
    Capabilities,
    ListedAsset,
    NewThumbnail,
    Page,
    RemoteAsset,
    Rendition,
    Source,
    WriteBack,
)
from worker.platforms.event import Event, EventKind
from worker.platforms.shared import json_fields, pagination, renditions, signatures, signed_urls
from worker.platforms.shared.http_api import Api, segment, token_of
from worker.platforms.shared.json_fields import part, parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.settings.accounts import FastPixAccount

# https://docs.fastpix.com/docs/media-events (seen 2026-11)
KINDS = {
    "video.media.ready": EventKind.READY,
    "video.media.updated": EventKind.UPDATED,
    "video.media.mp4Support.ready": EventKind.RENDITION_READY,
    "video.media.source.ready": EventKind.RENDITION_READY,
    "video.media.failed": EventKind.FAILED,
    "video.media.deleted": EventKind.DELETED,
}

# Edits at creation have events of their own (intro, outro, splicing ...); not all their names are documented.
_SOME_PART_READY = re.compile(r"video\.media\..+\.ready")

# Written "Ready" and "ready", compared in lower case.
STATES = {"ready": AssetState.READY, "failed": AssetState.FAILED}

# Unknown which hosts serve the segments; every host that FastPix names in its documents lies under this one.
CDN_HOSTS = ("*.fastpix.com",)

METADATA_KEY = "thumbnail_time"  # what their players call the attribute, too

# The request that tests an address is a few bytes long; nothing larger is read before it is verified.
MAX_PROBE_BYTES = 1024

_CLOCK = re.compile(r"(\d{1,3}):([0-5]?\d):([0-5]?\d(?:\.\d+)?)")


class FastPix(BasePlatform):
    """One workspace of FastPix."""

    name: ClassVar[str] = "fastpix"
    capabilities: ClassVar[Capabilities] = Capabilities(
        "FastPix",
        frozenset(KINDS.values()),
        frozenset({WriteBack.NONE, WriteBack.TIME}),
        is_time_signed=False,
    )

    def __init__(self, account: str, settings: FastPixAccount) -> None:
        self.account = account
        self._settings = settings
        self._prefix = f"FASTPIX__{account.upper()}"

    @property
    def sink(self) -> WriteBack:
        """A time, into the metadata, where the account's settings ask for that; else nothing."""
        return WriteBack.TIME if self._settings.write_metadata else WriteBack.NONE

    def is_probe(self, body: bytes) -> bool:
        """True for what FastPix sends when an address is saved: nothing, or an object with no id and type.

        Any answer but 200 makes it call the address invalid.
        """
        if not body.strip():
            return True
        if len(body) > MAX_PROBE_BYTES:
            return False
        try:
            return not json_fields.read_object(body).keys() & {"id", "type"}
        except MalformedPayload:
            return False

    def verify(self, headers: Mapping[str, str], body: bytes, now_s: float) -> None:  # noqa: ARG002 - no time is signed
        """Check the header `FastPix-Signature`."""
        signatures.verify_base64(
            signatures.header(headers, "fastpix-signature"),
            body,
            self._settings.webhook_secrets,
            setting=f"{self._prefix}__WEBHOOK_SECRET",
        )

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[Event]:  # noqa: ARG002 - all is in the body
        """Read the one event of a delivery."""
        said = json_fields.read_object(body)
        read = _camel_case(said)
        data, about = part(read, "data"), part(read, "object")
        kind = _kind(json_fields.required(read, "type"), data)
        event = Event(
            platform=self.name,
            account=self.account,
            delivery_id=json_fields.required(read, "id"),
            type=json_fields.required(read, "type"),
            kind=kind,
            asset_id=None
            if kind is EventKind.OTHER
            else json_fields.identifier(about if "id" in about else data, "id"),
            happened_at=json_fields.moment(read.get("createdAt")),
            title=json_fields.text(data, "title"),
            source_asset_id=json_fields.optional_identifier(data, "sourceMediaId"),
            payload=said,
        )
        return [event]

    def asset(self, asset_id: str) -> RemoteAsset:
        """Ask for the media. What our own write changes, the metadata, is not in the fingerprint."""
        return self._asset(asset_id, self._media(asset_id))

    def assets(self, page: str | None = None) -> Page:
        """List them, the newest first.

        Source: https://docs.fastpix.com/reference/list-media
        """
        query = pagination.query(
            limit=pagination.PAGE_SIZE, offset=pagination.number_of(page), orderBy="desc"
        )
        answer: dict[str, Any] = _camel_case(self._api.request("GET", f"/on-demand{query}"))
        return pagination.numbered_page(
            parts(answer, "data"), self._listed, page, part(answer, "pagination").get("totalRecords")
        )

    def source(self, asset: RemoteAsset) -> Source:
        """An MP4 that is ready and of a useful size, else HLS."""
        if asset.details.get("isAudioOnly") is True:
            raise SourceRefused(f"media {asset.id} has sound only, no picture")
        playback_id, token = self._playback(asset)
        base = f"{self._settings.stream_url}/{segment(playback_id)}"
        files = [
            renditions.File(f"{base}/capped-4k.mp4{token}", file.get("width"), file.get("height"))
            for file in parts(asset.details, "mp4Support")
            if file.get("type") == "capped_4k" and json_fields.text(file, "status").lower() == "ready"
        ]
        hls = Rendition(f"{base}.m3u8{token}", is_hls=True, hosts=CDN_HOSTS)
        return renditions.choose(files, hls, _video_px(asset.details))

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> str:
        """Keep the time in the media's metadata; the picture that FastPix shows does not change."""
        return self._keep(asset, str(json_fields.milliseconds_up(choice.time_s)))

    def unset(self, asset: RemoteAsset) -> None:
        """Empty what `write` kept."""
        self._keep(asset, "")

    def image_url(self, asset: RemoteAsset, time_s: float) -> str | None:
        """The frame at a moment; for a private media the address holds a token, and runs out."""
        try:
            playback_id, token = self._playback(asset)
        except SourceRefused:
            return None
        query = f"{token}&" if token else "?"
        base = f"{self._settings.images_url}/{segment(playback_id)}"
        return f"{base}/thumbnail.jpg{query}time={json_fields.milliseconds_up(time_s)}"

    def close(self) -> None:
        """Close connections."""
        self._api.close()

    @cached_property
    def _api(self) -> Api:
        return Api(self._settings.api_url, token_of(self._settings, self._prefix), self._prefix)

    def _listed(self, data: Mapping[str, Any]) -> ListedAsset:
        return pagination.listed(self._asset(json_fields.identifier(data, "id"), data), data.get("createdAt"))

    def _asset(self, asset_id: str, data: Mapping[str, Any]) -> RemoteAsset:
        duration_s = _seconds(data.get("duration"))
        created_at = json_fields.moment(data.get("createdAt"))
        return RemoteAsset(
            id=asset_id,
            state=STATES.get(json_fields.text(data, "status").lower(), AssetState.PREPARING),
            fingerprint=json_fields.fingerprint(
                duration_s=duration_s,
                aspect_ratio=data.get("aspectRatio"),
                tracks=[
                    [track.get("width"), track.get("height"), track.get("frameRate")]
                    for track in _video_tracks(data)
                ],
                source_asset_id=data.get("sourceMediaId"),
                created_at=created_at and created_at.isoformat(),
            ),
            duration_s=duration_s,
            title=json_fields.text(data, "title"),
            shown=self._shown(data),
            details=data,
        )

    def _media(self, asset_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = _camel_case(self._api.request("GET", _path(asset_id)))
        return part(answer, "data")

    def _keep(self, asset: RemoteAsset, value: str) -> str:
        # It is not said whether a PATCH adds to the metadata or replaces them: sent whole, both are right.
        metadata = part(self._media(asset.id), "metadata") | {METADATA_KEY: value}
        self._api.request("PATCH", _path(asset.id), {"metadata": metadata})
        return value

    def _shown(self, data: Mapping[str, Any]) -> str | None:
        kept = json_fields.text(part(data, "metadata"), METADATA_KEY)
        return kept or None if self._settings.write_metadata else None

    def _playback(self, asset: RemoteAsset) -> tuple[str, str]:
        """A playback id, and `?token=...` where it is private.

        Source of the claims: https://github.com/FastPix/moodle-local_fastpix, which FastPix wrote
        """
        playbacks = parts(asset.details, "playbackIds")
        ids = {json_fields.text(item, "accessPolicy"): json_fields.text(item, "id") for item in playbacks}
        if ids.get("public"):
            return ids["public"], ""
        if not ids.get("private"):
            raise SourceRefused(f"media {asset.id} has no public or private playback id; add one at FastPix")
        now_s = int(time.time())
        claims = {"iss": "fastpix.com", "aud": f"media:{ids['private']}", "sub": "", "iat": now_s}
        return ids["private"], f"?token={signed_urls.sign(self._settings, claims, self._prefix)}"


def _kind(event_type: str, data: Mapping[str, Any]) -> EventKind:
    may_be_new_content = _SOME_PART_READY.fullmatch(event_type) and "playbackIds" in data
    return KINDS.get(event_type, EventKind.UPDATED if may_be_new_content else EventKind.OTHER)


def _path(asset_id: str) -> str:
    return f"/on-demand/{segment(asset_id)}"


def _video_tracks(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [track for track in parts(data, "tracks") if track.get("type") == "video"]


def _video_px(data: Mapping[str, Any]) -> float | None:
    track: dict[str, Any] = next(iter(_video_tracks(data)), {})
    return renditions.short_side_px(track.get("width"), track.get("height"))


def _seconds(value: Any) -> float | None:
    """A duration, written as a number or as "HH:MM:SS.fff"."""
    if isinstance(value, str) and (clock := _CLOCK.fullmatch(value)):
        hours, minutes, seconds = (float(field) for field in clock.groups())
        return hours * 3600 + minutes * 60 + seconds
    return json_fields.number(value)


def _camel_case(value: Any) -> Any:
    """Names as FastPix writes them today; older documents have underscores. The customer's metadata stay."""
    if isinstance(value, list):
        return [_camel_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name): item
        if name == "metadata"
        else _camel_case(item)
        for name, item in value.items()
    }
