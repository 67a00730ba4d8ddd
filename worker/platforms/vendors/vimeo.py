"""Vimeo: reads the files that the plan gives access to, and shows our picture, or a moment where preferred.

Vimeo has no webhook for "ready", so the customer says it at `/v1/events`; until the video is transcoded, the
job asks again. A new version of a video keeps its id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from worker.errors import PlatformUnavailable, SourceRefused
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
    WriteBack,
)
from worker.platforms.shared import frame_times, json_fields, pagination, renditions
from worker.platforms.shared.api_client import ApiClient, Upload, segment
from worker.platforms.shared.base_platform import BasePlatform
from worker.platforms.shared.credentials import Credentials
from worker.platforms.shared.json_fields import part, parts
from worker.platforms.shared.waiting import shown_instead
from worker.settings.accounts import VimeoAccount

if TYPE_CHECKING:
    from collections.abc import Mapping

# https://developer.vimeo.com/api/changelog (seen 2026-11)
MEDIA_TYPE = "application/vnd.vimeo.*+json;version=3.4"

# Asked for by name, because an answer with all fields costs more of the rate limit.
FIELDS = (
    "uri,name,duration,width,height,created_time,transcode.status,files,download,pictures.uri,"
    "privacy.view,metadata.connections.versions.current_uri"
)

# Values of `privacy.view`: for all, for all who know the address, and for all who see a page that embeds it.
# https://developer.vimeo.com/api/reference/videos
OPEN_TO_ALL = ("anybody", "unlisted", "disable")

STATES = {"complete": AssetState.READY, "error": AssetState.FAILED}

# Links lead from player.vimeo.com to a CDN; Vimeo does not list their names.
CDN_HOSTS = ("*.vimeo.com", "*.vimeocdn.com", "*.akamaized.net")


class Vimeo(BasePlatform[VimeoAccount]):
    """One Vimeo account."""

    name = "vimeo"
    capabilities = Capabilities(
        "Vimeo",
        frozenset(),
        frozenset({WriteBack.IMAGE, WriteBack.TIME}),
        identity=Identity.NONE,
        foreign_thumbnails=ForeignThumbnails.ONCE_WRITTEN,
        needs_reconcile=True,
        write_permission="an access token with the scopes edit and upload",
    )

    @property
    def write_back(self) -> WriteBack:
        """Our picture, or its time, as the account's settings say."""
        return WriteBack.TIME if self._settings.write_time else WriteBack.IMAGE

    def page_url(self, asset_id: str) -> str:
        """Build the address of a video's settings, where its owner sees the thumbnail."""
        return f"https://vimeo.com/manage/videos/{segment(asset_id)}"

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
        """Choose the files, or HLS; links to them run out, and each look gets new ones.

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
            renditions.File(url, renditions.short_side_px(file))
            for url, file in links
            if file.get("quality") != "hls"
        ]
        fallback = Rendition(
            playlists[0] if playlists else files[0].url, is_hls=bool(playlists), hosts=CDN_HOSTS
        )
        return renditions.choose_source(files, fallback, renditions.short_side_px(asset.details))

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> str | None:
        """Add a picture to the video, make it the one that is shown, and ask what it is called from now on.

        Source: https://developer.vimeo.com/api/upload/thumbnails
        """
        path = f"{_path(asset.id)}/pictures"
        if self.write_back is WriteBack.TIME:
            self._api.request(
                "POST", path, {"time": frame_times.within(asset, choice.time_s), "active": True}
            )
        else:
            self._upload(path, choice.jpeg)
        return shown_instead(self, asset)

    def _credentials(self) -> Credentials:
        token = self._settings.access_token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}", "Accept": MEDIA_TYPE}
        return Credentials(headers, (token,), f"{self._prefix}__ACCESS_TOKEN")

    def _upload(self, path: str, jpeg: bytes) -> None:
        made = self._api.request("POST", path)
        uri, link = json_fields.text(made, "uri"), json_fields.text(made, "link")
        # The bytes go to another host by an address from the answer: it must be as safe as the API's own.
        if not uri.startswith("/") or urlsplit(link).scheme != urlsplit(self._settings.api_url).scheme:
            raise PlatformUnavailable("Vimeo's answer does not say where to send the picture")
        self._send(link, jpeg)
        self._api.request("PATCH", uri, {"active": True})

    def _send(self, link: str, jpeg: bytes) -> None:
        """Send a picture to a link that is signed and leads to another host, which must not see the token."""
        storage = ApiClient("", Credentials({}, (), f"{self._prefix}__ACCESS_TOKEN"), self._prefix)
        try:
            storage.request("PUT", link, upload=Upload(jpeg))
        finally:
            storage.close()


def _asset(asset_id: str, video: Mapping[str, Any]) -> RemoteAsset:
    versions = part(part(part(video, "metadata"), "connections"), "versions")
    duration_s = json_fields.duration_s(video.get("duration"))
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
        is_private=json_fields.text(part(video, "privacy"), "view") not in OPEN_TO_ALL,
        # Vimeo's own has an address too, and nothing tells it from one that a person set.
        shown=json_fields.text(part(video, "pictures"), "uri") or None,
        details=video,
    )


def _listed(video: Mapping[str, Any]) -> ListedAsset:
    asset_id = json_fields.identifier({"id": json_fields.text(video, "uri").rpartition("/")[2]}, "id")
    return pagination.listed_asset(_asset(asset_id, video), video.get("modified_time"))


def _path(asset_id: str) -> str:
    return f"/videos/{segment(asset_id)}"
