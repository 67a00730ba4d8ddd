"""Vimeo: reads the files that the plan gives access to, and shows our picture, or a moment where preferred.

Vimeo has no webhook for "ready", so somebody says it at `/v1/events`; until the video is transcoded, the job
asks again. A new version of a video keeps its id.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from worker.errors import (
    InvalidSignature,
    MalformedPayload,
    PlatformUnavailable,
    SourceRefused,
)
from worker.platforms.base import (
    AssetState,
    BasePlatform,
    Capabilities,
    ForeignThumbnails,
    Identity,
    ListedAsset,
    NewThumbnail,
    Page,
    RemoteAsset,
    Rendition,
    Source,
    WriteBack,
)
from worker.platforms.shared import json_fields, pagination, renditions
from worker.platforms.shared.http_api import Api, Credentials, Upload, segment
from worker.platforms.shared.json_fields import part, parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.platforms.event import Event
    from worker.settings.accounts import VimeoAccount

# https://developer.vimeo.com/api/changelog (seen 2026-11)
MEDIA_TYPE = "application/vnd.vimeo.*+json;version=3.4"

# Asked for by name, because an answer with all fields costs more of the rate limit.
FIELDS = (
    "uri,name,duration,width,height,created_time,transcode.status,files,download,pictures.uri,"
    "metadata.connections.versions.current_uri"
)

STATES = {"complete": AssetState.READY, "error": AssetState.FAILED}

# Links lead from player.vimeo.com to a CDN; Vimeo does not list their names.
CDN_HOSTS = ("*.vimeo.com", "*.vimeocdn.com", "*.akamaized.net")

NO_WEBHOOKS = "Vimeo sends no webhooks; say at /v1/events that a video is ready"
LAST_FRAME_S = 1 / 24  # one frame at the slowest common rate


class Vimeo(BasePlatform):
    """One Vimeo account."""

    name: ClassVar[str] = "vimeo"
    capabilities: ClassVar[Capabilities] = Capabilities(
        "Vimeo",
        frozenset(),
        frozenset({WriteBack.IMAGE, WriteBack.TIME}),
        identity=Identity.NONE,
        is_time_signed=False,
        tells_others=ForeignThumbnails.ONCE_WRITTEN,
        needs_reconcile=True,
    )

    def __init__(self, account: str, settings: VimeoAccount) -> None:
        self.account = account
        self._settings = settings
        self._prefix = f"VIMEO__{account.upper()}"

    @property
    def sink(self) -> WriteBack:
        """Our picture, or its time, as the account's settings say."""
        return WriteBack.TIME if self._settings.write_time else WriteBack.IMAGE

    def verify(self, headers: Mapping[str, str], body: bytes, now_s: float) -> None:  # noqa: ARG002 - part of every platform
        """Refuse: whoever sends this is not Vimeo."""
        raise InvalidSignature(NO_WEBHOOKS)

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[Event]:  # noqa: ARG002 - part of every platform
        """Refuse, as `verify`."""
        raise MalformedPayload(NO_WEBHOOKS)

    def asset(self, asset_id: str) -> RemoteAsset:
        """Ask for the video. Which version of it is shown is part of the fingerprint."""
        return _asset(asset_id, self._api.request("GET", f"{_path(asset_id)}?fields={FIELDS}"))

    def assets(self, page: str | None = None) -> Page:
        """List them, those that changed last first.

        Source: https://developer.vimeo.com/api/reference/videos#get_videos
        """
        query = pagination.query(
            page=pagination.number_of(page),
            per_page=pagination.PAGE_SIZE,
            sort="modified_time",
            direction="desc",
            fields=f"{FIELDS},modified_time",
        )
        answer = self._api.request("GET", f"/me/videos{query}")
        return pagination.numbered_page(parts(answer, "data"), _listed, page, answer.get("total"))

    def source(self, asset: RemoteAsset) -> Source:
        """The files, or HLS; links to them run out, and each look gets new ones.

        Raises:
            SourceRefused: the account's plan gives no access to files, or the token has no scope for them.
        """
        found = [*parts(asset.details, "files"), *parts(asset.details, "download")]
        links = [(json_fields.text(file, "link"), file) for file in found if json_fields.text(file, "link")]
        if not links:
            raise SourceRefused(
                f"Vimeo names no file of video {asset.id}; that takes a plan with file access, and a token"
                " with the scope video_files"
            )
        playlists = [url for url, file in links if file.get("quality") == "hls"]
        files = [
            renditions.File(url, file.get("width"), file.get("height"))
            for url, file in links
            if file.get("quality") != "hls"
        ]
        fallback = Rendition(
            playlists[0] if playlists else files[0].url, is_hls=bool(playlists), hosts=CDN_HOSTS
        )
        px = renditions.short_side_px(asset.details.get("width"), asset.details.get("height"))
        return renditions.choose(files, fallback, px)

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> str | None:
        """Add a picture to the video, make it the one that is shown, and ask what it is called from now on.

        Source: https://developer.vimeo.com/api/upload/thumbnails
        """
        path = f"{_path(asset.id)}/pictures"
        if self.sink is WriteBack.TIME:
            self._api.request("POST", path, {"time": _time_within(asset, choice.time_s), "active": True})
        else:
            self._upload(path, choice.jpeg)
        return self.asset(asset.id).shown

    def close(self) -> None:
        """Close connections."""
        self._api.close()

    @cached_property
    def _api(self) -> Api:
        token = self._settings.access_token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}", "Accept": MEDIA_TYPE}
        return Api(
            self._settings.api_url,
            Credentials(headers, (token,), f"{self._prefix}__ACCESS_TOKEN"),
            self._prefix,
        )

    def _upload(self, path: str, jpeg: bytes) -> None:
        made = self._api.request("POST", path)
        uri, link = json_fields.text(made, "uri"), json_fields.text(made, "link")
        if not uri.startswith("/") or urlsplit(link).scheme != urlsplit(self._settings.api_url).scheme:
            raise PlatformUnavailable("Vimeo's answer does not say where to send the picture")
        self._send(link, jpeg)
        self._api.request("PATCH", uri, {"active": True})

    def _send(self, link: str, jpeg: bytes) -> None:
        """The link is signed and leads to another host, which must not see the token."""
        storage = Api("", Credentials({}, (), f"{self._prefix}__ACCESS_TOKEN"), self._prefix)
        try:
            storage.request("PUT", link, upload=Upload(jpeg))
        finally:
            storage.close()


def _asset(asset_id: str, video: Mapping[str, Any]) -> RemoteAsset:
    versions = part(part(part(video, "metadata"), "connections"), "versions")
    duration_s = json_fields.number(video.get("duration"))
    return RemoteAsset(
        id=asset_id,
        state=STATES.get(json_fields.text(part(video, "transcode"), "status"), AssetState.PREPARING),
        fingerprint=json_fields.fingerprint(
            duration_s=duration_s,
            size=[video.get("width"), video.get("height")],
            version=versions.get("current_uri"),
            created_at=video.get("created_time"),
        ),
        duration_s=duration_s,
        title=json_fields.text(video, "name"),
        # Vimeo's own has an address too, and nothing tells it from one that somebody set.
        shown=json_fields.text(part(video, "pictures"), "uri") or None,
        details=video,
    )


def _listed(video: Mapping[str, Any]) -> ListedAsset:
    asset_id = json_fields.identifier({"id": json_fields.text(video, "uri").rpartition("/")[2]}, "id")
    return pagination.listed(_asset(asset_id, video), video.get("modified_time"))


def _path(asset_id: str) -> str:
    return f"/videos/{segment(asset_id)}"


def _time_within(asset: RemoteAsset, time_s: float) -> float:
    last_s = math.inf if asset.duration_s is None else max(0.0, asset.duration_s - LAST_FRAME_S)
    return min(max(0.0, json_fields.milliseconds_up(time_s)), last_s)
