"""Cloudflare Stream: reads a finished download or HLS, and shows a thumbnail by its share of the duration.

Cloudflare cuts the picture itself; no picture can be uploaded. Its one webhook tells that a video is ready or
has failed, and the body is the video itself. A clip is a new video that names its source.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import time
from typing import TYPE_CHECKING, Any

from worker.errors import AssetGone, NotReadyYet, PlatformUnavailable, PublishRejected, SourceRefused
from worker.platforms.base import (
    AssetState,
    Capabilities,
    Identity,
    NewThumbnail,
    Page,
    RemoteAsset,
    Rendition,
    Source,
    WebhookAddress,
    WriteBack,
)
from worker.platforms.event import Event, EventKind
from worker.platforms.shared import credentials, frame_times, json_fields, pagination, renditions
from worker.platforms.shared.api_client import segment
from worker.platforms.shared.base_platform import BasePlatform
from worker.platforms.shared.json_fields import part, parts
from worker.platforms.shared.pagination import OlderPage
from worker.platforms.shared.signatures import Timestamped
from worker.platforms.shared.signed_urls import LIFETIME_S
from worker.settings.accounts import CloudflareAccount

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

# https://developers.cloudflare.com/stream/manage-video-library/using-webhooks (seen 2026-11)
KINDS = {"ready": EventKind.READY, "error": EventKind.FAILED}
STATES = {"ready": AssetState.READY, "error": AssetState.FAILED}

# The page on webhooks writes the one, the API the other.
REASON_FIELDS = ("errorReasonCode", "errReasonCode")

CDN_HOSTS = ("*.cloudflarestream.com", "*.videodelivery.net")

SHARES = 10**9  # a share of an hour rounded up to one of these is moved by 4 microseconds
# https://developers.cloudflare.com/stream/viewing-videos/displaying-thumbnails (seen 2026-11)
NON_SQUARE = "of videos whose pixels are not square Cloudflare makes no thumbnails"

SHOWN_DIGITS = 3  # milliseconds: a share comes back as the time that it was made from


class Cloudflare(BasePlatform[CloudflareAccount]):
    """One account of Cloudflare."""

    name = "cloudflare"
    capabilities = Capabilities(
        "Cloudflare Stream",
        frozenset(KINDS.values()),
        frozenset({WriteBack.TIME}),
        identity=Identity.TIME,
        needs_reconcile=True,
        write_permission="an API token with the permission Stream: Edit",
        into_frame_s=frame_times.INTO_FRAME_S,
    )
    signature = Timestamped("webhook-signature", time_field="time", signature_field="sig1")

    def _events(self, said: dict[str, Any]) -> list[Event]:
        # The body is the video. Which account it is of is only in the address that it was sent to.
        asset_id = json_fields.identifier(said, "uid")
        state = json_fields.required(part(said, "status"), "state")
        # A delivery has no id either: video, state and time of change stand for it.
        modified = json_fields.text(said, "modified") or _digest(said)
        event = self._event(
            KINDS.get(state, EventKind.OTHER),
            (said, "uid"),
            delivery_id=f"{asset_id}:{state}:{modified}",
            event_type=": ".join(filter(None, [state, _reason(said)])),
            payload=said,
            happened_at=json_fields.utc_time(said.get("modified")),
            title=json_fields.text(part(said, "meta"), "name"),
            source_asset_id=json_fields.optional_identifier(said, "clippedFrom"),
        )
        return [event]

    def asset(self, asset_id: str) -> RemoteAsset:
        """Ask for the video."""
        return _asset(asset_id, self._result("GET", self._path(asset_id)))

    def assets(self, page: str | None = None) -> Page:
        """List them, the newest first; a page is what was made before a time.

        Source: https://developers.cloudflare.com/api/resources/stream/methods/list
        """
        # Pages have no numbers: the next one is all that was made before the oldest video of this one.
        asked = OlderPage.read(page)
        query = pagination.query(limit=asked.limit, asc="false", include_counts="true", end=asked.end)
        answer = self._api.request("GET", self._path() + query)
        videos = parts(answer, "result")
        assets = [
            pagination.listed_asset(_asset(json_fields.identifier(video, "uid"), video), video.get("created"))
            for video in asked.new(videos, "uid")
        ]
        following = asked.following(videos, "uid", "created")
        # Of a page, the total is of what is left.
        total = json_fields.finite_number(answer.get("total")) if page is None else None
        return Page(assets, following and following.text(), None if total is None else int(total))

    def source(self, asset: RemoteAsset) -> Source:
        """Choose the MP4 where the customer has had one made, else HLS; nothing is asked for here.

        Raises:
            NotReadyYet: the MP4 is being made; no event tells of its end, so it is asked for again.
        """
        size, hls = part(asset.details, "input"), json_fields.text(part(asset.details, "playback"), "hls")
        if not hls:
            raise SourceRefused(f"video {asset.id} has no playback address")
        made = part(self._result("GET", f"{self._path(asset.id)}/downloads"), "default")
        if made.get("status") == "inprogress":
            raise NotReadyYet(f"the download of {asset.id} is at {made.get('percentComplete')} %")
        # Addresses of a private video are those of a public one, with a token in the place of the id.
        handle = self._token(asset) or asset.id
        files = [
            renditions.File(url.replace(asset.id, handle), renditions.short_side_px(size))
            for url in [json_fields.text(made, "url")]
            if url and made.get("status") == "ready"
        ]
        playlist = Rendition(hls.replace(asset.id, handle), is_hls=True, hosts=CDN_HOSTS)
        return renditions.choose_source(files, playlist, renditions.short_side_px(size))

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> str | None:
        """Set `thumbnailTimestampPct`; the first frame is what is shown without it.

        Source: https://developers.cloudflare.com/api/resources/stream/methods/edit
        """
        share = share_of(asset, choice.time_s)
        try:
            video = self._result("POST", self._path(asset.id), {"thumbnailTimestampPct": share})
        except PublishRejected as exc:
            raise PublishRejected(f"{exc}; {NON_SQUARE}") from exc
        written = json_fields.finite_number(video.get("thumbnailTimestampPct"))
        if written is None:
            raise PlatformUnavailable("Cloudflare accepted a thumbnailTimestampPct, but its answer has none")
        duration_s = asset.duration_s or 0.0  # `share_of` has seen to that
        if abs(written - share) * duration_s >= frame_times.INTO_FRAME_S:
            # What Cloudflare keeps is what it shows; writing again would not change how it rounds.
            log.warning(
                "Cloudflare was told %.3f s for %s, and shows %.3f s",
                share * duration_s,
                asset.id,
                written * duration_s,
            )
        # An answer may lack the duration, without which a share is no time.
        return _shown({"duration": asset.duration_s, **video})

    def webhooks(self) -> list[WebhookAddress]:
        """List the one of the account, if it has one.

        Source: https://developers.cloudflare.com/api/resources/stream/subresources/webhooks/methods/get
        """
        try:
            found = self._result("GET", f"{self._path()}/webhook")
        except AssetGone:
            return []
        url = json_fields.text(found, "notificationUrl")
        return [WebhookAddress(url)] if url else []

    def _credentials(self) -> credentials.Credentials:
        return credentials.bearer(self._settings.api_token.get_secret_value(), f"{self._prefix}__API_TOKEN")

    def _result(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        return part(self._api.request(method, path, body), "result")

    def _path(self, asset_id: str | None = None) -> str:
        """Name the API's path to one video, or to all of the account."""
        stream = f"/accounts/{segment(self._settings.account_id)}/stream"
        return stream if asset_id is None else f"{stream}/{segment(asset_id)}"

    def _token(self, asset: RemoteAsset) -> str:
        """Ask for what stands in the place of a private video's id; empty for a public one."""
        if asset.details.get("requireSignedURLs") is not True:
            return ""
        # Without `exp` it would live an hour, which a queue and a job may outlast; the most is a day.
        asked = {"downloadable": True, "exp": int(time.time()) + LIFETIME_S}
        return json_fields.text(self._result("POST", f"{self._path(asset.id)}/token", asked), "token")


def share_of(asset: RemoteAsset, time_s: float) -> float:
    """Write a moment as a share of the reported duration, and never before the frame that is meant.

    How Cloudflare keeps a share is not documented. If it cuts digits off, a moment at the frame's beginning
    would show the frame before, after a cut another scene; so one within the frame is written.

    Raises:
        PublishRejected: it reports none.
    """
    if not asset.duration_s:
        raise PublishRejected(f"Cloudflare does not say how long {asset.id} is, and takes only shares of it")
    shares = frame_times.within(asset, time_s, frame_times.INTO_FRAME_S) / asset.duration_s * SHARES
    # 4.2 s of 10 s are 420000000.00000006 of them as a float, and must not become one more.
    return math.ceil(round(shares, 3)) / SHARES


def _asset(asset_id: str, video: Mapping[str, Any]) -> RemoteAsset:
    duration_s = _duration_s(video)
    size = part(video, "input")
    return RemoteAsset(
        id=asset_id,
        state=_state(video),
        fingerprint=json_fields.fingerprint(
            duration_s=duration_s,
            input=[size.get("width"), size.get("height")],
            bytes=video.get("size"),
            created_at=video.get("created"),
            source_asset_id=video.get("clippedFrom"),
        ),
        duration_s=duration_s,
        title=json_fields.text(part(video, "meta"), "name"),
        is_private=video.get("requireSignedURLs") is True,
        shown=_shown(video),
        details=video,
    )


def _state(video: Mapping[str, Any]) -> AssetState:
    """Read the state; "ready" may come before the video can be played, and both are said."""
    state = STATES.get(json_fields.text(part(video, "status"), "state"), AssetState.PREPARING)
    is_early = state is AssetState.READY and video.get("readyToStream") is False
    return AssetState.PREPARING if is_early else state


def _duration_s(video: Mapping[str, Any]) -> float | None:
    """Read the duration; None where it is not known yet, which is written as -1."""
    duration_s = json_fields.duration_s(video.get("duration"))
    return duration_s if duration_s and duration_s > 0 else None


def _shown(video: Mapping[str, Any]) -> str | None:
    """Read the time of the thumbnail, in seconds; 0 is what Cloudflare shows where nothing was chosen."""
    share, duration_s = json_fields.finite_number(video.get("thumbnailTimestampPct")), _duration_s(video)
    return str(round(share * duration_s, SHOWN_DIGITS)) if share and duration_s else None


def _digest(video: Mapping[str, Any]) -> str:
    """Hash the words of a delivery, which are the same in a redelivery."""
    return hashlib.sha256(json.dumps(video, sort_keys=True).encode()).hexdigest()


def _reason(video: Mapping[str, Any]) -> str:
    status = part(video, "status")
    return next((code for name in REASON_FIELDS if (code := json_fields.text(status, name))), "")
