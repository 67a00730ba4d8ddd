"""FastPix: reads HLS or a ready MP4, and has nowhere to write a thumbnail.

The best pick is stored and served by us. Its time can be kept in the media's metadata, for players that read
it; that is off by default, because every write raises `video.media.updated`. A clip is a new media that names
its source.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from worker.errors import MalformedPayload, SourceRefused
from worker.platforms.base import (
    AssetState,
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
from worker.platforms.shared import credentials, frame_times, json_fields, pagination, renditions, signed_urls
from worker.platforms.shared.api_client import segment
from worker.platforms.shared.base_platform import BasePlatform
from worker.platforms.shared.json_fields import part, parts
from worker.platforms.shared.signatures import Base64
from worker.settings.accounts import FastPixAccount

if TYPE_CHECKING:
    from collections.abc import Mapping

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


class FastPix(BasePlatform[FastPixAccount]):
    """One workspace of FastPix."""

    name = "fastpix"
    capabilities = Capabilities(
        "FastPix",
        frozenset(KINDS.values()),
        frozenset({WriteBack.NONE, WriteBack.TIME}),
        write_permission="an access token that may write",
    )
    signature = Base64("fastpix-signature")

    @property
    def write_back(self) -> WriteBack:
        """A time, into the metadata, where the account's settings ask for that; else nothing."""
        return WriteBack.TIME if self._settings.write_metadata else WriteBack.NONE

    def is_probe(self, body: bytes) -> bool:
        """Recognize what FastPix sends when an address is saved: nothing, or an object with no id and type.

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

    def _events(self, said: dict[str, Any]) -> list[Event]:
        read = _camel_case(said)
        data, about = part(read, "data"), part(read, "object")
        event = self._event(
            _kind(json_fields.required(read, "type"), data),
            (about if "id" in about else data, "id"),
            delivery_id=json_fields.required(read, "id"),
            event_type=json_fields.required(read, "type"),
            payload=said,
            happened_at=json_fields.utc_time(read.get("createdAt")),
            title=json_fields.text(data, "title"),
            source_asset_id=json_fields.optional_identifier(data, "sourceMediaId"),
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
        """Choose an MP4 that is ready and of a useful size, else HLS."""
        if asset.details.get("isAudioOnly") is True:
            raise SourceRefused(f"media {asset.id} has sound only, no picture")
        playback_id, token = self._playback(asset)
        base = f"{self._settings.stream_url}/{segment(playback_id)}"
        files = [
            renditions.File(f"{base}/capped-4k.mp4{token}", renditions.short_side_px(file))
            for file in parts(asset.details, "mp4Support")
            if file.get("type") == "capped_4k" and json_fields.text(file, "status").lower() == "ready"
        ]
        hls = Rendition(f"{base}.m3u8{token}", is_hls=True, hosts=CDN_HOSTS)
        return renditions.choose_source(files, hls, renditions.first_track_px(asset.details))

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> str:
        """Keep the time in the media's metadata; the picture that FastPix shows does not change."""
        kept = str(frame_times.milliseconds_up(choice.time_s))
        # It is not said whether a PATCH adds to the metadata or replaces them: sent whole, both are right.
        metadata = part(self._media(asset.id), "metadata") | {METADATA_KEY: kept}
        self._api.request("PATCH", _path(asset.id), {"metadata": metadata})
        return kept

    def _credentials(self) -> credentials.Credentials:
        return credentials.of_token(self._settings, self._prefix)

    def _listed(self, data: Mapping[str, Any]) -> ListedAsset:
        return pagination.listed_asset(
            self._asset(json_fields.identifier(data, "id"), data), data.get("createdAt")
        )

    def _asset(self, asset_id: str, data: Mapping[str, Any]) -> RemoteAsset:
        duration_s = _seconds(data.get("duration"))
        created_at = json_fields.utc_time(data.get("createdAt"))
        return RemoteAsset(
            id=asset_id,
            state=STATES.get(json_fields.text(data, "status").lower(), AssetState.PREPARING),
            fingerprint=json_fields.fingerprint(
                duration_s=duration_s,
                aspect_ratio=data.get("aspectRatio"),
                tracks=[
                    [track.get("width"), track.get("height"), track.get("frameRate")]
                    for track in renditions.video_tracks(data)
                ],
                source_asset_id=data.get("sourceMediaId"),
                created_at=created_at and created_at.isoformat(),
            ),
            duration_s=duration_s,
            title=json_fields.text(data, "title"),
            is_private=not _playback_ids(data).get("public"),
            shown=self._shown(data),
            details=data,
        )

    def _media(self, asset_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = _camel_case(self._api.request("GET", _path(asset_id)))
        return part(answer, "data")

    def _shown(self, data: Mapping[str, Any]) -> str | None:
        kept = json_fields.text(part(data, "metadata"), METADATA_KEY)
        return kept or None if self._settings.write_metadata else None

    def _playback(self, asset: RemoteAsset) -> tuple[str, str]:
        """Choose a playback id, and make `?token=...` where it is private.

        Source of the claims: https://github.com/FastPix/moodle-local_fastpix, which FastPix wrote
        """
        ids = _playback_ids(asset.details)
        if ids.get("public"):
            return ids["public"], ""
        if not ids.get("private"):
            raise SourceRefused(f"media {asset.id} has no public or private playback id; add one at FastPix")
        now_s = int(time.time())
        claims = {"iss": "fastpix.com", "aud": f"media:{ids['private']}", "sub": "", "iat": now_s}
        return ids["private"], f"?token={signed_urls.sign_claims(self._settings, claims, self._prefix)}"


def _kind(event_type: str, data: Mapping[str, Any]) -> EventKind:
    may_be_new_content = _SOME_PART_READY.fullmatch(event_type) and "playbackIds" in data
    return KINDS.get(event_type, EventKind.UPDATED if may_be_new_content else EventKind.OTHER)


def _playback_ids(data: Mapping[str, Any]) -> dict[str, str]:
    """List the playback ids by their policy."""
    return {
        json_fields.text(item, "accessPolicy"): json_fields.text(item, "id")
        for item in parts(data, "playbackIds")
    }


def _path(asset_id: str) -> str:
    return f"/on-demand/{segment(asset_id)}"


def _seconds(value: Any) -> float | None:
    """Read a duration, written as a number or as "HH:MM:SS.fff"."""
    if isinstance(value, str) and (clock := _CLOCK.fullmatch(value)):
        hours, minutes, seconds = (float(field) for field in clock.groups())
        return hours * 3600 + minutes * 60 + seconds
    return json_fields.duration_s(value)


def _camel_case(value: Any) -> Any:
    """Spell names as FastPix does today; older documents have underscores. The customer's metadata stay."""
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
