"""Bunny Stream: reads the MP4 that is good enough, else HLS, and shows our picture.

Its webhooks hold a number and nothing else: no id, no time. The same bytes may be sent honestly for a second
encoding, so every one counts, and the fingerprint tells whether there is anything new.
"""

from __future__ import annotations

import base64
import enum
import hmac
import secrets
import time
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from worker.errors import MalformedPayload
from worker.platforms.base import (
    AssetState,
    Capabilities,
    Identity,
    ListedAsset,
    NewThumbnail,
    Page,
    RemoteAsset,
    Rendition,
    Source,
    WriteBack,
)
from worker.platforms.event import Event, EventKind
from worker.platforms.shared import json_fields, pagination, renditions
from worker.platforms.shared.api_client import Upload, segment
from worker.platforms.shared.base_platform import BasePlatform
from worker.platforms.shared.credentials import Credentials
from worker.platforms.shared.json_fields import parts
from worker.platforms.shared.signatures import Hex
from worker.platforms.shared.signed_urls import LIFETIME_S
from worker.platforms.shared.waiting import shown_instead
from worker.platforms.statistics import Counts, Hour
from worker.settings.accounts import BunnyAccount

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class WebhookStatus(enum.IntEnum):
    """What a webhook's number means. Source: https://docs.bunny.net/docs/stream-webhook (seen 2026-11)."""

    QUEUED = 0
    PROCESSING = 1
    ENCODING = 2
    FINISHED = 3
    RESOLUTION_FINISHED = 4
    FAILED = 5
    PRESIGNED_UPLOAD_STARTED = 6
    PRESIGNED_UPLOAD_FINISHED = 7
    PRESIGNED_UPLOAD_FAILED = 8
    CAPTIONS_GENERATED = 9
    TITLE_OR_DESCRIPTION_GENERATED = 10


class VideoStatus(enum.IntEnum):
    """What the same numbers mean in the API. Source: https://docs.bunny.net/reference/video_getvideo."""

    CREATED = 0
    UPLOADED = 1
    PROCESSING = 2
    TRANSCODING = 3
    FINISHED = 4
    ERROR = 5
    UPLOAD_FAILED = 6
    JIT_SEGMENTING = 7
    JIT_PLAYLISTS_CREATED = 8


KINDS = {
    WebhookStatus.FINISHED: EventKind.READY,
    WebhookStatus.RESOLUTION_FINISHED: EventKind.RENDITION_READY,
    WebhookStatus.FAILED: EventKind.FAILED,
    WebhookStatus.PRESIGNED_UPLOAD_FAILED: EventKind.FAILED,
}
STATES: dict[object, AssetState] = {
    VideoStatus.FINISHED: AssetState.READY,
    # Encoded while it is watched, so that no other state may come. Bunny does not say what it means; if the
    # playlist is not there yet, the download is tried again.
    VideoStatus.JIT_PLAYLISTS_CREATED: AssetState.READY,
    VideoStatus.ERROR: AssetState.FAILED,
    VideoStatus.UPLOAD_FAILED: AssetState.FAILED,
}

_STATUSES = {int(status): status for status in WebhookStatus}

OWN_THUMBNAIL = "thumbnail.jpg"  # the one that Bunny makes; an uploaded one has another name


class Bunny(BasePlatform[BunnyAccount]):
    """One video library of Bunny Stream."""

    name = "bunny"
    capabilities = Capabilities(
        "Bunny Stream",
        frozenset(KINDS.values()),
        frozenset({WriteBack.IMAGE}),
        identity=Identity.NONE,
        needs_reconcile=True,
        write_permission="the library's API key, not its read-only API key",
        counts=Counts.VIEWS,
    )
    # The key is the library's read-only API key. https://bunny.net/docs/stream/webhooks (seen 2026-11)
    signature = Hex(
        "x-bunnystream-signature",
        {"x-bunnystream-signature-version": "v1", "x-bunnystream-signature-algorithm": "hmac-sha256"},
    )

    def _events(self, said: dict[str, Any]) -> list[Event]:
        json_fields.identifier(said, "VideoGuid")  # must be there, also in an event of no known number
        number = said.get("Status")
        if not isinstance(number, int) or isinstance(number, bool):
            raise MalformedPayload("`Status` is missing, or not a whole number")
        status = _STATUSES.get(number)
        event = self._event(
            EventKind.OTHER if status is None else KINDS.get(status, EventKind.OTHER),
            (said, "VideoGuid"),
            delivery_id=secrets.token_hex(16),
            event_type=f"status {number}" if status is None else status.name.lower(),
            payload=said,
        )
        return [event]

    def asset(self, asset_id: str) -> RemoteAsset:
        """Ask for the video. The hash of the uploaded file tells whether another took its place."""
        found = _asset(asset_id, self._api.request("GET", self._path(asset_id)))
        # A library as a whole is private, not a video.
        return replace(found, is_private=self._settings.cdn_token_key is not None)

    def assets(self, page: str | None = None) -> Page:
        """List them, the newest first.

        Source: https://docs.bunny.net/reference/video_list
        """
        query = pagination.query(
            page=pagination.number_of(page), itemsPerPage=pagination.PAGE_SIZE, orderBy="date"
        )
        answer = self._api.request("GET", self._path() + query)
        return pagination.numbered_page(parts(answer, "items"), _listed, page, answer.get("totalItems"))

    def source(self, asset: RemoteAsset) -> Source:
        """Choose the MP4s where the library makes them, else HLS.

        Source: https://docs.bunny.net/docs/stream-video-storage-structure
        """
        base, video = self._files_url(asset.id), asset.details
        referer = {"Referer": self._settings.referer} if self._settings.referer else {}
        playlist = Rendition(f"{base}/playlist.m3u8", is_hls=True, headers=referer)
        heights = json_fields.text(video, "availableResolutions").replace("p", "").split(",")
        files = [
            renditions.File(f"{base}/play_{height}p.mp4", json_fields.finite_number(height))
            for height in heights
            if video.get("hasMP4Fallback") is True
        ]
        return renditions.choose_source(files, playlist, renditions.short_side_px(video))

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> str | None:
        """Upload the picture, and ask what it is called from now on.

        Source: https://docs.bunny.net/reference/video_setthumbnail
        """
        # The reference names this type for the raw bytes of any picture.
        upload = Upload(choice.jpeg, media_type="application/octet-stream")
        self._api.request("POST", f"{self._path(asset.id)}/thumbnail", upload=upload)
        return shown_instead(self, asset)

    def stats(self, asset_id: str, from_at: datetime, to_at: datetime) -> list[Hour]:
        """Ask for the video's views, hour by hour. In which unit it tells the watch time is not documented.

        Source: https://docs.bunny.net/reference/video_getvideostatistics (seen 2026-11)
        """
        query = pagination.query(
            dateFrom=f"{from_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            dateTo=f"{to_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            hourly="true",
            videoGuid=asset_id,
        )
        path = f"/library/{segment(self._settings.library_id)}/statistics"
        views = json_fields.part(self._api.request("GET", path + query), "viewsChart")
        # The rest of its day may be told, too.
        return [
            Hour(at, int(count))
            for said, value in sorted(views.items())
            if (at := json_fields.utc_time(said)) is not None
            and (count := json_fields.finite_number(value)) is not None
            and from_at <= at < to_at
        ]

    def _credentials(self) -> Credentials:
        key = self._settings.api_key.get_secret_value()
        return Credentials({"AccessKey": key}, (key,), f"{self._prefix}__API_KEY")

    def _path(self, asset_id: str | None = None) -> str:
        """Name the API's path to one video, or to all of the library."""
        videos = f"/library/{segment(self._settings.library_id)}/videos"
        return videos if asset_id is None else f"{videos}/{segment(asset_id)}"

    def _files_url(self, asset_id: str) -> str:
        """Say where a video's files lie; a token stands before the path, so that segments have it too."""
        base, folder = self._settings.cdn_url, f"/{segment(asset_id)}"
        key = self._settings.cdn_token_key
        if key is None:
            return base + folder
        token = cdn_token(key.get_secret_value(), f"{folder}/", int(time.time()) + LIFETIME_S)
        return f"{base}/{token}{folder}"


def _asset(asset_id: str, video: Mapping[str, Any]) -> RemoteAsset:
    name = json_fields.text(video, "thumbnailFileName")
    return RemoteAsset(
        id=asset_id,
        state=STATES.get(json_fields.finite_number(video.get("status")), AssetState.PREPARING),
        fingerprint=json_fields.fingerprint(
            hash=video.get("originalHash"),
            duration_s=json_fields.duration_s(video.get("length")),
            size=[video.get("width"), video.get("height")],
            uploaded_at=video.get("dateUploaded"),
        ),
        duration_s=json_fields.duration_s(video.get("length")),
        title=json_fields.text(video, "title"),
        shown=name if name != OWN_THUMBNAIL else None,
        details=video,
    )


def _listed(video: Mapping[str, Any]) -> ListedAsset:
    return pagination.listed_asset(
        _asset(json_fields.identifier(video, "guid"), video), video.get("dateUploaded")
    )


def cdn_token(key: str, folder: str, expires_s: int) -> str:
    """Sign the step of a path that opens a folder of a pull zone until a time, in seconds since 1970.

    Source: https://github.com/BunnyWay/BunnyCDN.TokenAuthentication
    """
    signed = f"{folder}{expires_s}token_path={folder}"
    digest = base64.urlsafe_b64encode(hmac.digest(key.encode(), signed.encode(), "sha256")).decode()
    return f"bcdn_token=HS256-{digest.rstrip('=')}&token_path={quote(folder, safe='')}&expires={expires_s}"
