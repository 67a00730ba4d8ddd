"""Wistia: reads the MP4s of a media, and shows our picture.

One delivery holds several events. A swap puts another media's content under the same id, and our own write
comes back as an update; the fingerprint tells the two apart.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from worker.errors import MalformedPayload, SourceRefused
from worker.platforms.base import (
    AssetState,
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
from worker.platforms.event import EventKind
from worker.platforms.shared import credentials, json_fields, pagination, renditions
from worker.platforms.shared.api_client import ApiClient, Upload, segment
from worker.platforms.shared.base_platform import BasePlatform
from worker.platforms.shared.json_fields import part, parts
from worker.platforms.shared.signatures import Hex
from worker.platforms.statistics import Counts, Granularity, Hour
from worker.settings.accounts import WistiaAccount

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from worker.platforms.event import Event


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


class Wistia(BasePlatform[WistiaAccount]):
    """One Wistia account."""

    name = "wistia"
    capabilities = Capabilities(
        "Wistia",
        frozenset(KINDS.values()),
        frozenset({WriteBack.IMAGE}),
        foreign_thumbnails=ForeignThumbnails.NEVER,
        # https://docs.wistia.com/reference/update-thumbnails-via-upload-api
        write_permission="an API token with the permission to upload",
        counts=Counts.PLAY_RATE,
        counts_by=Granularity.DAY,
        counts_watch=True,
        count_permission="an API token with the permission to read detailed stats",
    )
    signature = Hex("x-wistia-signature")

    def _events(self, said: dict[str, Any]) -> list[Event]:
        events = said.get("events")
        if not isinstance(events, list):
            raise MalformedPayload("`events` is missing, or not a list")
        return [self._read_or_set_aside(event) for event in events]

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
        """Choose the MP4s, else HLS.

        Source: https://docs.wistia.com/docs/asset-urls
        """
        if asset.details.get("type") not in {None, "Video"}:
            raise SourceRefused(f"media {asset.id} is no video")
        files = [
            renditions.File(self._secure(url), renditions.short_side_px(file))
            for file in parts(asset.details, "assets")
            if file.get("contentType") == "video/mp4" and (url := json_fields.text(file, "url"))
        ]
        playlist = Rendition(
            f"{self._settings.embed_url}/embed/medias/{segment(asset.id)}.m3u8", is_hls=True, hosts=CDN_HOSTS
        )
        return renditions.choose_source(files, playlist, renditions.short_side_px(_original(asset.details)))

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> None:
        """Upload the picture. Whose thumbnail is shown is not told.

        Source: https://docs.wistia.com/reference/update-thumbnails-via-upload-api
        """
        self._upload_api.request(
            "POST", f"/thumbnail?media_id={segment(asset.id)}", upload=Upload(choice.jpeg, field="file")
        )

    def stats(self, asset_id: str, from_at: datetime, to_at: datetime) -> list[Hour]:
        """Ask for the plays and the loads of the media, day by day; both days that are named are told.

        Source: https://docs.wistia.com/docs/stats-api (seen 2026-11)
        """
        last = to_at.astimezone(UTC) - timedelta(microseconds=1)
        query = pagination.query(start_date=from_at.astimezone(UTC).date(), end_date=last.date())
        days = self._api.request_list(f"/stats/medias/{segment(asset_id)}/by_date.json{query}")
        return [
            Hour(at, int(plays), watch_s=hours * 3600.0, impressions=int(loads))
            for day in days
            if (at := json_fields.utc_time(json_fields.text(day, "date") or None)) is not None
            and (plays := json_fields.finite_number(day.get("play_count"))) is not None
            and (loads := json_fields.finite_number(day.get("load_count"))) is not None
            and (hours := json_fields.finite_number(day.get("hours_watched"))) is not None
            and from_at <= at < to_at
        ]

    def close(self) -> None:
        """Close connections, if there are any."""
        super().close()
        if "_upload_api" in vars(self):
            self._upload_api.close()

    @cached_property
    def _upload_api(self) -> ApiClient:
        return self._client(self._settings.upload_url)

    def _credentials(self) -> credentials.Credentials:
        return credentials.bearer(self._settings.api_token.get_secret_value(), f"{self._prefix}__API_TOKEN")

    def _read_or_set_aside(self, said: Any) -> Event:
        """Read one event of a delivery; one that cannot be read does not cost the others."""
        payload = said if isinstance(said, dict) else {"event": said}
        try:
            return self._read_event(payload)
        except MalformedPayload as exc:
            event_type = json_fields.text(payload, "type") or "unreadable"
            return self._unusable(str(exc), event_type, f"unreadable:{json_fields.digest(payload)}", payload)

    def _read_event(self, said: dict[str, Any]) -> Event:
        media = part(part(said, "payload"), "media")
        return self._event(
            KINDS.get(json_fields.required(said, "type"), EventKind.OTHER),
            (media, "id"),
            # Of the event, since one delivery holds several; that of `hook` is not the event's.
            delivery_id=json_fields.identifier(said, "uuid"),
            event_type=json_fields.required(said, "type"),
            payload=said,
            happened_at=json_fields.utc_time(said.get("generated_at")),
            title=json_fields.text(media, "name"),
        )

    def _secure(self, url: str) -> str:
        """Spell a file's address with https: Wistia writes http, and serves both."""
        is_secure = self._settings.api_url.startswith("https:")
        return url.replace("http:", "https:", 1) if is_secure and url.startswith("http:") else url


def _asset(asset_id: str, media: Mapping[str, Any]) -> RemoteAsset:
    original = _original(media)
    duration_s = json_fields.duration_s(media.get("duration"))
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
        is_private=media.get("protected") is True,  # it wants a password
        details=media,
    )


def _original(media: Mapping[str, Any]) -> dict[str, Any]:
    """Find the file that was uploaded, among all that Wistia made of it; empty where it is not listed."""
    return next((one for one in parts(media, "assets") if one.get("type") == ORIGINAL), {})


def _listed(media: Mapping[str, Any]) -> ListedAsset | None:
    if media.get("type") not in {None, "Video"}:
        return None
    return pagination.listed_asset(
        _asset(json_fields.identifier(media, "hashed_id"), media), media.get("updated")
    )
