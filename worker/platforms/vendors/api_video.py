"""api.video: reads the MP4 or HLS, and shows our picture, or a moment of the video where that is preferred.

Its webhooks say little: a quality of a video is encoded. Everything else is asked for. Nothing is sent of
deletes, and a webhook that is not taken is tried three times, within nine seconds, and never again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from worker.errors import AssetGone, SourceRefused
from worker.platforms.base import (
    AssetState,
    Capabilities,
    ForeignThumbnails,
    Identity,
    ListedAsset,
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
from worker.platforms.shared.api_client import Upload, segment
from worker.platforms.shared.base_platform import BasePlatform
from worker.platforms.shared.json_fields import part, parts
from worker.platforms.shared.signatures import Hex
from worker.settings.accounts import ApiVideoAccount

if TYPE_CHECKING:
    from collections.abc import Mapping

# https://docs.api.video/reference/create-and-manage-webhooks (seen 2026-11). The MP4 is encoded once for each
# video; of HLS each quality is told of, the lowest first.
ENCODED = "video.encoding.quality.completed"
KINDS = {"mp4": EventKind.READY, "hls": EventKind.RENDITION_READY}

# Every host that api.video names in its documents lies under this one.
CDN_HOSTS = ("*.api.video",)

CENTISECONDS = 100  # a timecode has two decimals

_STILL_AT_WORK = frozenset({"waiting", "encoding"})


class ApiVideo(BasePlatform[ApiVideoAccount]):
    """One workspace of api.video."""

    name = "api_video"
    capabilities = Capabilities(
        "api.video",
        frozenset(KINDS.values()),
        frozenset({WriteBack.IMAGE, WriteBack.TIME}),
        identity=Identity.TIME,
        foreign_thumbnails=ForeignThumbnails.NEVER,
        needs_reconcile=True,
        max_image_bytes=8 * 1024 * 1024,
        write_permission="an API key that may write videos",
    )
    signature = Hex("x-api-video-signature")

    @property
    def write_back(self) -> WriteBack:
        """Our picture, or its time, as the account's settings say."""
        return WriteBack.TIME if self._settings.write_time else WriteBack.IMAGE

    def _events(self, said: dict[str, Any]) -> list[Event]:
        event_type, encoding = json_fields.required(said, "type"), json_fields.text(said, "encoding")
        subject = json_fields.text(said, "videoId") or json_fields.text(said, "liveStreamId")
        # A delivery has no id: what was encoded, and when, stands for it.
        told = [json_fields.text(said, key) for key in ("encoding", "quality", "emittedAt")]
        event = self._event(
            KINDS.get(encoding, EventKind.OTHER) if event_type == ENCODED else EventKind.OTHER,
            (said, "videoId"),
            delivery_id=":".join([event_type, subject, *told]),
            event_type=event_type,
            payload=said,
            happened_at=json_fields.utc_time(said.get("emittedAt")),
        )
        return [event]

    def asset(self, asset_id: str) -> RemoteAsset:
        """Ask for the video, and how far its encoding is; the two make one asset."""
        video = self._api.request("GET", _path(asset_id))
        if video.get("discarded") is True:
            raise AssetGone(f"{asset_id} was discarded at api.video")
        status = self._api.request("GET", f"{_path(asset_id)}/status")
        found = part(part(status, "encoding"), "metadata")
        return RemoteAsset(
            id=asset_id,
            state=_state(video, part(status, "encoding")),
            # A video's content never changes.
            fingerprint=json_fields.fingerprint(
                duration_s=json_fields.duration_s(found.get("duration")),
                size=[found.get("width"), found.get("height")],
                created_at=video.get("createdAt") or video.get("publishedAt"),
            ),
            duration_s=json_fields.duration_s(found.get("duration")),
            title=json_fields.text(video, "title"),
            is_private=video.get("public") is False,
            details={**video, "encoding": part(status, "encoding")},
        )

    def assets(self, page: str | None = None) -> Page:
        """List them, those that changed last first; how far their encoding is is not told.

        Source: https://docs.api.video/reference/api/Videos
        """
        query = pagination.query(
            currentPage=pagination.number_of(page),
            pageSize=pagination.PAGE_SIZE,
            sortBy="updatedAt",
            sortOrder="desc",
        )
        answer = self._api.request("GET", f"/videos{query}")
        return pagination.numbered_page(
            parts(answer, "data"), _listed, page, part(answer, "pagination").get("itemsTotal")
        )

    def source(self, asset: RemoteAsset) -> Source:
        """Choose the MP4, else HLS. The address of a private video opens once, and `asset` gives another."""
        assets, is_private = part(asset.details, "assets"), asset.details.get("public") is False
        if mp4 := json_fields.text(assets, "mp4"):
            return Source(Rendition(mp4, hosts=CDN_HOSTS, is_one_use=is_private))
        hls = json_fields.text(assets, "hls")
        if not hls:
            raise SourceRefused(f"video {asset.id} has neither an MP4 nor HLS")
        if is_private:
            raise SourceRefused(
                f"video {asset.id} is private and has no MP4, and its HLS opens once only; set its mp4Support"
            )
        found = part(part(asset.details, "encoding"), "metadata")
        playlist = Rendition(hls, is_hls=True, hosts=CDN_HOSTS)
        return renditions.choose_source([], playlist, renditions.short_side_px(found))

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> None:
        """Upload the picture, or name its time. What is shown is not told afterwards.

        Source: https://docs.api.video/reference/api/Videos
        """
        path = f"{_path(asset.id)}/thumbnail"
        # The vendor's one address has two methods: PATCH picks a moment, POST takes a file.
        if self.write_back is WriteBack.TIME:
            self._api.request("PATCH", path, {"timecode": timecode(asset, choice.time_s)})
            return
        self._require_size(choice)
        self._api.request("POST", path, upload=Upload(choice.jpeg, field="file"))

    def webhooks(self) -> list[WebhookAddress]:
        """List those that are told of encodings.

        Source: https://docs.api.video/reference/api/Webhooks
        """
        answer = self._api.request(
            "GET", f"/webhooks{pagination.query(events=ENCODED, pageSize=pagination.PAGE_SIZE)}"
        )
        urls = [json_fields.text(webhook, "url") for webhook in parts(answer, "data")]
        return [WebhookAddress(url) for url in urls if url]

    def _credentials(self) -> credentials.Credentials:
        # The key is the user's name, and the password is empty.
        return credentials.basic(self._settings.api_key.get_secret_value(), "", f"{self._prefix}__API_KEY")


def timecode(asset: RemoteAsset, time_s: float) -> str:
    """Write a moment as `hh:mm:ss.cc`, never before the frame that is meant, and always within the video.

    A time beyond the end would show the first frame, and the answer would not say so.
    """
    last_s = frame_times.last_frame_s(asset)
    within_s = frame_times.within(asset, time_s)
    # 4.1 s are 409.99999999999994 centiseconds as a float, and must not become 4.09 or 4.11.
    centiseconds = math.ceil(round(within_s * CENTISECONDS, 3))
    if centiseconds > last_s * CENTISECONDS:
        centiseconds = math.floor(last_s * CENTISECONDS)
    minutes, rest = divmod(centiseconds, 60 * CENTISECONDS)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest / CENTISECONDS:05.2f}"


def _listed(video: Mapping[str, Any]) -> ListedAsset | None:
    if video.get("discarded") is True:
        return None
    return ListedAsset(json_fields.identifier(video, "videoId"), json_fields.utc_time(video.get("updatedAt")))


def _path(asset_id: str) -> str:
    return f"/videos/{segment(asset_id)}"


def _state(video: Mapping[str, Any], encoding: Mapping[str, Any]) -> AssetState:
    """Tell whether the file that we would read is ready: the MP4 if one is to be made, else all of HLS."""
    wanted = "mp4" if video.get("mp4Support") is not False else "hls"
    # A quality that does not say its type counts as one of the wanted type.
    states = {
        item.get("status") for item in parts(encoding, "qualities") if item.get("type", wanted) == wanted
    }
    if not states or states & _STILL_AT_WORK:
        return AssetState.PREPARING
    return AssetState.READY if "encoded" in states else AssetState.FAILED
