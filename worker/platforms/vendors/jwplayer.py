"""JW Player (JWX): reads the files that its delivery API lists, and makes our picture the poster.

A picture is a thumbnail of its own there: it is made, uploaded, and then chosen as the poster of its media.
Earlier ones stay in the list, and can be chosen again by a person.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from worker.errors import (
    AssetGone,
    CredentialsRefused,
    NotReadyYet,
    PlatformUnavailable,
    PublishRejected,
    SourceRefused,
    ThumbsError,
)
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
from worker.platforms.event import EventKind
from worker.platforms.shared import credentials, json_fields, pagination, renditions
from worker.platforms.shared.api_client import ApiClient, Upload, segment
from worker.platforms.shared.base_platform import BasePlatform
from worker.platforms.shared.json_fields import part, parts
from worker.platforms.shared.jwt_signature import JwtOfBody
from worker.platforms.shared.waiting import reading_back, wait_for
from worker.settings.accounts import JwPlayerAccount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.platforms.event import Event

# https://docs.jwplayer.com/platform/reference/learn-about-webhooks (seen 2026-11)
KINDS = {
    "conversions_complete": EventKind.READY,  # of the first upload only
    # Also after a new upload, and nothing that can be asked for tells a file of the same length from the old
    # one. The first upload costs no second run by this: nothing was looked at before.
    "media_available": EventKind.EDITED,
    "media_reuploaded": EventKind.EDITED,  # it has begun, and the old file may be looked at once more
    "media_updated": EventKind.UPDATED,
    "media_deleted": EventKind.DELETED,
}
STATES = {"ready": AssetState.READY, "failed": AssetState.FAILED}

HLS_TYPES = frozenset({"application/vnd.apple.mpegurl", "application/x-mpegurl"})
CDN_HOSTS = ("*.jwplayer.com", "*.jwpcdn.com", "*.jwpsrv.com")
PROCESSING = frozenset({"created", "processing", "uploading"})  # of a thumbnail
PROCESSING_LIMIT_S = 120.0  # one picture takes seconds
MOST_PAGES = 100  # of the thumbnails of one media; a list that never ends must not hold a write


class JwPlayer(BasePlatform[JwPlayerAccount]):
    """One property, which the API calls a site."""

    name = "jwplayer"
    capabilities = Capabilities(
        "JW Player",
        frozenset(KINDS.values()),
        frozenset({WriteBack.IMAGE}),
        identity=Identity.TIME,
        foreign_thumbnails=ForeignThumbnails.ONCE_WRITTEN,
        needs_reconcile=True,
        write_permission="a v2 API key with the permission to write",
    )
    signature = JwtOfBody("Authorization")

    def _events(self, said: dict[str, Any]) -> list[Event]:
        event = json_fields.required(said, "event")
        told = {name: said.get(name) for name in ("event", "media_id", "event_time")}
        # Without a media, what was said is all that tells one event from another: of a channel, for one.
        natural = told if said.get("media_id") else said
        return [
            self._event(
                # A webhook may be for several properties, and each is an account here.
                self._kind(event, json_fields.text(said, "site_id")),
                (said, "media_id"),
                delivery_id=json_fields.digest(natural),
                event_type=event,
                payload=said,
                happened_at=json_fields.utc_time(said.get("event_time")),
            )
        ]

    def asset(self, asset_id: str) -> RemoteAsset:
        """Ask for the media, and which of its thumbnails is its poster."""
        media = self._api.request("GET", self._path("media", asset_id))
        return _asset(asset_id, media, self._poster(asset_id))

    def assets(self, page: str | None = None) -> Page:
        """List them, those that changed last first.

        Source: https://docs.jwplayer.com/platform/reference/get_v2-sites-site-id-media
        """
        query = pagination.query(
            page=pagination.number_of(page), page_length=pagination.PAGE_SIZE, sort="last_modified:dsc"
        )
        answer = self._api.request("GET", self._path("media") + query)
        return pagination.numbered_page(parts(answer, "media"), _listed, page, answer.get("total"))

    def source(self, asset: RemoteAsset) -> Source:
        """Choose the MP4s, else HLS, of what the delivery API lists.

        Source: https://docs.jwplayer.com/platform/reference/get_v2-media-media-id

        Raises:
            NotReadyYet: it is not published yet.
            SourceRefused: it lists no file, or only to those who sign their requests.
        """
        try:
            answer = self._delivery.request("GET", f"/v2/media/{segment(asset.id)}")
        except AssetGone as exc:
            raise NotReadyYet(f"media {asset.id} is not published yet") from exc
        except CredentialsRefused as exc:
            raise SourceRefused(
                f"JW Player lists the files of media {asset.id} to signed requests only; switch off secure"
                " content for this property"
            ) from exc
        (item, *_) = parts(answer, "playlist") or [{}]
        listed = [(url, one) for one in parts(item, "sources") if (url := json_fields.text(one, "file"))]
        files = [
            renditions.File(url, renditions.short_side_px(one))
            for url, one in listed
            if one.get("type") == "video/mp4"
        ]
        playlists = [url for url, one in listed if json_fields.text(one, "type").lower() in HLS_TYPES]
        if not playlists and not files:
            raise SourceRefused(f"JW Player lists neither an MP4 nor HLS for media {asset.id}")
        fallback = playlists[0] if playlists else files[0].url
        hls = Rendition(fallback, is_hls=bool(playlists), hosts=CDN_HOSTS)
        return renditions.choose_source(files, hls, None)

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> str | None:
        """Add a thumbnail, wait until it is there, make it the poster, and ask which one is shown then.

        Source: https://docs.jwplayer.com/platform/reference/post_v2-sites-site-id-thumbnails; the fields of
        the bodies are from memory.
        """
        upload = {
            "method": "direct",
            "source_type": "custom_upload",
            "mime_type": "image/jpeg",
            "thumbnail_type": "static",
        }
        about = {"media": [{"id": asset.id}]}
        made = self._api.request("POST", self._path("thumbnails"), {"upload": upload, "relationships": about})
        thumbnail_id, link = json_fields.text(made, "id"), json_fields.text(made, "upload_link")
        if not thumbnail_id:
            raise PlatformUnavailable("JW Player's answer does not name the thumbnail")
        try:
            self._fill(thumbnail_id, link, choice.jpeg)
            poster = {"relationships": {"media": [{"id": asset.id, "is_poster": True}]}}
            self._api.request("PATCH", self._path("thumbnails", thumbnail_id), poster)
        except ThumbsError as exc:
            self._discard(asset.id, thumbnail_id, exc)
            raise
        with reading_back():
            if self._poster(asset.id) != thumbnail_id:
                raise PlatformUnavailable("JW Player took the picture, but shows another one")
        return thumbnail_id

    def close(self) -> None:
        """Close connections."""
        super().close()
        self._delivery.close()

    def _credentials(self) -> credentials.Credentials:
        return credentials.bearer(self._settings.api_secret.get_secret_value(), f"{self._prefix}__API_SECRET")

    @cached_property
    def _delivery(self) -> ApiClient:
        # Another host, which must not see the secret.
        nothing = credentials.Credentials({}, (), f"{self._prefix}__DELIVERY_URL")
        return ApiClient(self._settings.delivery_url, nothing, self._prefix)

    def _kind(self, event: str, site_id: str) -> EventKind:
        is_ours = site_id in {"", self._settings.site_id}
        return KINDS.get(event, EventKind.OTHER) if is_ours else EventKind.OTHER

    def _path(self, what: str, of: str | None = None) -> str:
        """Name the API's path to one resource of a kind, or to all of the property."""
        all_of_them = f"/sites/{segment(self._settings.site_id)}/{what}/"
        return all_of_them if of is None else f"{all_of_them}{segment(of)}/"

    def _poster(self, asset_id: str) -> str | None:
        """Find the thumbnail that is shown, on whatever page of the list it stands."""
        for number in range(1, MOST_PAGES + 1):
            query = pagination.query(q=f"media_id:{asset_id}", page=number, page_length=pagination.PAGE_SIZE)
            page = parts(self._api.request("GET", self._path("thumbnails") + query), "thumbnails")
            for one in page:
                if _is_poster(one, asset_id):
                    return json_fields.text(one, "id")
            if len(page) < pagination.PAGE_SIZE:
                break
        return None

    def _fill(self, thumbnail_id: str, link: str, jpeg: bytes) -> None:
        """Send the picture of a thumbnail, and wait until it can be shown."""
        # The bytes go to another host by an address from the answer: it must be as safe as the API's own.
        if urlsplit(link).scheme != urlsplit(self._settings.api_url).scheme:
            raise PlatformUnavailable("JW Player's answer does not say where to send the picture")
        self._send(link, jpeg)
        is_processed = partial(self._is_processed, thumbnail_id)
        wait_for(is_processed, "JW Player processes the picture", PROCESSING_LIMIT_S)

    def _discard(self, asset_id: str, thumbnail_id: str, error: ThumbsError) -> None:
        """Remove a thumbnail that did not become the poster: each attempt would leave another one.

        Source: https://docs.jwplayer.com/platform/reference/delete_v2-sites-site-id-thumbnails-thumbnail-id-
        """
        with suppress(ThumbsError):
            # Where no answer came, it may be shown.
            if isinstance(error, PlatformUnavailable) and self._poster(asset_id) == thumbnail_id:
                return
            self._api.request("DELETE", self._path("thumbnails", thumbnail_id))

    def _is_processed(self, thumbnail_id: str) -> bool | None:
        """Tell whether a picture can be shown; None while it is being processed, as for `wait_for`."""
        thumbnail = self._api.request("GET", self._path("thumbnails", thumbnail_id))
        status = json_fields.text(thumbnail, "status")
        if status == "failed":
            raise PublishRejected("JW Player could not process the picture; choose another one")
        return None if status in PROCESSING else True

    def _send(self, link: str, jpeg: bytes) -> None:
        """Send a picture to a signed link, which leads to another host that must not see the secret."""
        nothing = credentials.Credentials({}, (), f"{self._prefix}__API_SECRET")
        storage = ApiClient("", nothing, self._prefix)
        try:
            storage.request("PUT", link, upload=Upload(jpeg))
        finally:
            storage.close()


def _is_poster(thumbnail: Mapping[str, Any], asset_id: str) -> bool:
    related = parts(part(thumbnail, "relationships"), "media")
    return any(media.get("id") == asset_id and media.get("is_poster") is True for media in related)


def _asset(asset_id: str, media: Mapping[str, Any], shown: str | None = None) -> RemoteAsset:
    duration_s = json_fields.duration_s(media.get("duration"))
    return RemoteAsset(
        id=asset_id,
        state=STATES.get(json_fields.text(media, "status"), AssetState.PREPARING),
        fingerprint=json_fields.fingerprint(duration_s=duration_s, source=media.get("source_url")),
        duration_s=duration_s,
        title=json_fields.text(part(media, "metadata"), "title"),
        shown=shown,
        details=media,
    )


def _listed(media: Mapping[str, Any]) -> ListedAsset | None:
    if media.get("media_type") not in {None, "video"}:
        return None
    return pagination.listed_asset(
        _asset(json_fields.identifier(media, "id"), media), media.get("last_modified")
    )
