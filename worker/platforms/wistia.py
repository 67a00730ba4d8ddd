"""Wistia: reads the MP4s of a media, and shows our picture.

One delivery holds several events. A swap puts another media's content under the same id, and our own write
comes back as an update; the fingerprint tells the two apart.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from worker.errors import MalformedPayload, SourceRefused
from worker.platforms.base import (
    AssetState,
    BasePlatform,
    Capabilities,
    ForeignThumbnails,
    ListedAsset,
    NewThumbnail,
    Page,
    RemoteAsset,
    Rendition,
    Source,
    WriteBack,
)
from worker.platforms.event import Event, EventKind
from worker.platforms.shared import json_fields, pagination, renditions, signatures
from worker.platforms.shared.http_api import Api, Upload, bearer, segment
from worker.platforms.shared.json_fields import part, parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.settings.accounts import WistiaAccount

# https://docs.wistia.com/docs/webhooks (seen 2026-11)
KINDS = {
    "media.ready": EventKind.READY,
    "media.updated": EventKind.UPDATED,
    "media.failed": EventKind.FAILED,
    "media.deleted": EventKind.DELETED,
}

STATES = {"ready": AssetState.READY, "failed": AssetState.FAILED}

ORIGINAL = "OriginalFile"
CDN_HOSTS = ("*.wistia.com", "*.wistia.net")


class Wistia(BasePlatform):
    """One Wistia account."""

    name: ClassVar[str] = "wistia"
    capabilities: ClassVar[Capabilities] = Capabilities(
        "Wistia",
        frozenset(KINDS.values()),
        frozenset({WriteBack.IMAGE}),
        is_time_signed=False,
        tells_others=ForeignThumbnails.NEVER,
    )
    sink = WriteBack.IMAGE

    def __init__(self, account: str, settings: WistiaAccount) -> None:
        self.account = account
        self._settings = settings
        self._prefix = f"WISTIA__{account.upper()}"

    def verify(self, headers: Mapping[str, str], body: bytes, now_s: float) -> None:  # noqa: ARG002 - no time is signed
        """Check the header `X-Wistia-Signature`."""
        signatures.verify_hex(
            signatures.header(headers, "x-wistia-signature"),
            body,
            self._settings.webhook_secrets,
            setting=f"{self._prefix}__WEBHOOK_SECRET",
        )

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[Event]:  # noqa: ARG002 - all is in the body
        """Read all events of a delivery; one that cannot be read spoils the others, as it would for ever."""
        said = json_fields.read_object(body)
        events = parts(said, "events")
        if not isinstance(said.get("events"), list) or len(events) != len(said["events"]):
            raise MalformedPayload("`events` is missing, or not a list of objects")
        return [self._event(event) for event in events]

    def asset(self, asset_id: str) -> RemoteAsset:
        """Ask for the media. Which file was uploaded is part of the fingerprint: a swap changes it."""
        return _asset(asset_id, self._api.request("GET", f"/medias/{segment(asset_id)}.json"))

    def assets(self, page: str | None = None) -> Page:
        """List the videos, those that changed last first.

        Source: https://docs.wistia.com/reference/get_medias
        """
        query = pagination.query(
            page=pagination.number_of(page),
            per_page=pagination.PAGE_SIZE,
            sort_by="updated",
            sort_direction=0,
        )
        return pagination.numbered_page(self._api.request_list(f"/medias.json{query}"), _listed, page)

    def source(self, asset: RemoteAsset) -> Source:
        """The MP4s, else HLS.

        Source: https://docs.wistia.com/docs/asset-urls
        """
        if asset.details.get("type") not in {None, "Video"}:
            raise SourceRefused(f"media {asset.id} is no video")
        assets = parts(asset.details, "assets")
        files = [
            renditions.File(self._secure(url), file.get("width"), file.get("height"))
            for file in assets
            if file.get("contentType") == "video/mp4" and (url := json_fields.text(file, "url"))
        ]
        original: dict[str, Any] = next((one for one in assets if one.get("type") == ORIGINAL), {})
        playlist = Rendition(
            f"{self._settings.embed_url}/embed/medias/{segment(asset.id)}.m3u8", is_hls=True, hosts=CDN_HOSTS
        )
        px = renditions.short_side_px(original.get("width"), original.get("height"))
        return renditions.choose(files, playlist, px)

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> None:
        """Upload the picture. Whose thumbnail is shown is not told.

        Source: https://docs.wistia.com/reference/update-thumbnails-via-upload-api
        """
        self._upload_api.request(
            "POST", f"/thumbnail?media_id={segment(asset.id)}", upload=Upload(choice.jpeg, field="file")
        )

    def close(self) -> None:
        """Close connections."""
        self._api.close()
        self._upload_api.close()

    @cached_property
    def _api(self) -> Api:
        return self._api_at(self._settings.api_url)

    @cached_property
    def _upload_api(self) -> Api:
        return self._api_at(self._settings.upload_url)

    def _api_at(self, base_url: str) -> Api:
        token = self._settings.api_token.get_secret_value()
        return Api(base_url, bearer(token, f"{self._prefix}__API_TOKEN"), self._prefix)

    def _event(self, said: Mapping[str, Any]) -> Event:
        kind = KINDS.get(json_fields.required(said, "type"), EventKind.OTHER)
        media = part(part(said, "payload"), "media")
        return Event(
            platform=self.name,
            account=self.account,
            delivery_id=json_fields.required(said, "uuid"),
            type=json_fields.required(said, "type"),
            kind=kind,
            asset_id=None if kind is EventKind.OTHER else json_fields.identifier(media, "id"),
            happened_at=json_fields.moment(said.get("generated_at")),
            title=json_fields.text(media, "name"),
            payload=said,
        )

    def _secure(self, url: str) -> str:
        """Wistia names its files with http, and serves them with https too."""
        is_secure = self._settings.api_url.startswith("https:")
        return url.replace("http:", "https:", 1) if is_secure and url.startswith("http:") else url


def _asset(asset_id: str, media: Mapping[str, Any]) -> RemoteAsset:
    assets = parts(media, "assets")
    original: dict[str, Any] = next((one for one in assets if one.get("type") == ORIGINAL), {})
    duration_s = json_fields.number(media.get("duration"))
    return RemoteAsset(
        id=asset_id,
        state=STATES.get(json_fields.text(media, "status"), AssetState.PREPARING),
        fingerprint=json_fields.fingerprint(
            duration_s=duration_s,
            file=json_fields.text(original, "url").rpartition("/")[2] or None,
            size=[original.get("width"), original.get("height"), original.get("fileSize")],
        ),
        duration_s=duration_s,
        title=json_fields.text(media, "name"),
        details=media,
    )


def _listed(media: Mapping[str, Any]) -> ListedAsset | None:
    if media.get("type") not in {None, "Video"}:
        return None
    return pagination.listed(_asset(json_fields.identifier(media, "hashed_id"), media), media.get("updated"))
