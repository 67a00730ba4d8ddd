"""Mux: reads static renditions or HLS, and shows a thumbnail by its time.

Mux cuts the picture itself, at `thumbnail_time`; no picture can be uploaded. A clip is a new asset that names
its source, and the content of an asset never changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from worker.errors import AssetGone, CredentialsRefused, PlatformUnavailable, SourceRefused
from worker.platforms.base import (
    AssetState,
    Capabilities,
    NewThumbnail,
    Page,
    RemoteAsset,
    Rendition,
    Source,
    WebhookAddress,
    WriteBack,
)
from worker.platforms.event import Event, EventKind
from worker.platforms.shared import credentials, frame_times, json_fields, pagination, renditions, signed_urls
from worker.platforms.shared.api_client import segment
from worker.platforms.shared.base_platform import BasePlatform
from worker.platforms.shared.json_fields import part, parts
from worker.platforms.shared.signatures import Timestamped
from worker.platforms.statistics import Counts, Hour
from worker.settings.accounts import MuxAccount

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# https://www.mux.com/docs/core/listen-for-webhooks (seen 2026-11)
KINDS = {
    "video.asset.ready": EventKind.READY,
    "video.asset.live_stream_completed": EventKind.READY,
    "video.asset.static_rendition.ready": EventKind.RENDITION_READY,
    "video.asset.static_renditions.ready": EventKind.RENDITION_READY,  # of the older `mp4_support`
    "video.asset.updated": EventKind.UPDATED,
    "video.asset.errored": EventKind.FAILED,
    "video.asset.deleted": EventKind.DELETED,
}

STATES = {"ready": AssetState.READY, "errored": AssetState.FAILED}

# stream.mux.com sends players on to manifest-*.fastly.mux.com, chunk-*.fastly.mux.com and the like; Mux lists
# no names, and changes them without notice, but all that were ever seen lie under mux.com.
CDN_HOSTS = ("*.mux.com",)


class _Playback(NamedTuple):
    """A playback id, and whether its addresses need a token."""

    id: str
    is_signed: bool


class Mux(BasePlatform[MuxAccount]):
    """One environment of Mux."""

    name = "mux"
    capabilities = Capabilities(
        "Mux",
        frozenset(KINDS.values()),
        frozenset({WriteBack.TIME}),
        write_permission="an access token with Mux Video write",
        counts=Counts.VIEWS,
        counts_watch=True,
        count_permission="an access token with Mux Data read, and a player with Mux Data",
    )
    signature = Timestamped("mux-signature")

    def _events(self, said: dict[str, Any]) -> list[Event]:
        data, event_type = part(said, "data"), json_fields.required(said, "type")
        delivery_id, kind = json_fields.required(said, "id"), KINDS.get(event_type, EventKind.OTHER)
        about = _about(said, event_type)
        if about is None and kind is not EventKind.OTHER:
            return [self._unusable("it names no asset", event_type, delivery_id, said)]
        event = self._event(
            kind,
            about or (data, "id"),
            delivery_id=delivery_id,
            event_type=event_type,
            payload=said,
            happened_at=json_fields.utc_time(said.get("created_at")),
            title=json_fields.text(part(data, "meta"), "title"),
            source_asset_id=json_fields.optional_identifier(data, "source_asset_id"),
        )
        return [event]

    def asset(self, asset_id: str) -> RemoteAsset:
        """Ask for the asset; its fingerprint holds what the content depends on: no title, no thumbnail."""
        return _asset(asset_id, part(self._api.request("GET", _path(asset_id)), "data"))

    def assets(self, page: str | None = None) -> Page:
        """List them, the newest first.

        Source: https://www.mux.com/docs/api-reference/video/assets/list-assets
        """
        query = pagination.query(limit=pagination.PAGE_SIZE, cursor=page)
        answer = self._api.request("GET", f"/video/v1/assets{query}")
        found = [(_asset(json_fields.identifier(data, "id"), data), data) for data in parts(answer, "data")]
        assets = [pagination.listed_asset(asset, data.get("created_at")) for asset, data in found]
        return Page(assets, json_fields.text(answer, "next_cursor") or None)

    def source(self, asset: RemoteAsset) -> Source:
        """Choose ready static renditions of a useful size, else HLS; asking for more costs time and money."""
        if parts(asset.details, "tracks") and not renditions.video_tracks(asset.details):
            raise SourceRefused(f"asset {asset.id} has sound only, no picture")
        playback = _playback(asset)
        token = self._token(playback, {"aud": "v"})

        def at(name: str) -> str:
            return f"{self._settings.stream_url}/{segment(playback.id)}{name}{token}"

        files = [
            renditions.File(at(f"/{segment(name)}"), renditions.short_side_px(file))
            for file in _ready_files(asset.details)
            if (name := json_fields.text(file, "name")).endswith(".mp4")
        ]
        hls = Rendition(at(".m3u8"), is_hls=True, hosts=CDN_HOSTS)
        return renditions.choose_source(
            files, hls, renditions.first_track_px(asset.details, "max_width", "max_height")
        )

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> str:
        """Set `thumbnail_time`.

        Source: https://www.mux.com/docs/guides/set-a-default-thumbnail
        """
        body = {"thumbnail_time": frame_times.within(asset, choice.time_s)}
        shown = _shown(part(self._api.request("PATCH", _path(asset.id), body), "data"))
        if shown is None:
            raise PlatformUnavailable("Mux accepted a thumbnail_time, but its answer does not show one")
        return shown

    def stats(self, asset_id: str, from_at: datetime, to_at: datetime) -> list[Hour]:
        """Ask Mux Data for the views of the asset, hour by hour, and for how long it was played.

        A view is an attempt to play; those whose player knows the asset's id are counted.

        Source: https://www.mux.com/docs/api-reference/data/metrics/get-metric-timeseries-data and
        https://docs.mux.com/guides/data/understand-metric-definitions (seen 2026-11)
        """
        views = self._timeseries("views", asset_id, from_at, to_at)
        played_ms = self._timeseries("playing_time", asset_id, from_at, to_at)
        return [
            Hour(at, int(count), watch_s=played_ms.get(at, 0.0) / 1000.0)
            for at, count in sorted(views.items())
            if from_at <= at < to_at
        ]

    def _timeseries(
        self, metric: str, asset_id: str, from_at: datetime, to_at: datetime
    ) -> dict[datetime, float]:
        """Read one metric by the beginning of the hour. Each interval is `[time, value, views]`, as text."""
        window = [("timeframe[]", int(from_at.timestamp())), ("timeframe[]", int(to_at.timestamp()))]
        query = urlencode([*window, ("filters[]", f"asset_id:{asset_id}"), ("group_by", "hour")])
        answer = self._api.request("GET", f"/data/v1/metrics/{metric}/timeseries?{query}")
        intervals = answer.get("data")
        return {
            at: value
            for interval in (intervals if isinstance(intervals, list) else [])
            if isinstance(interval, list)
            and len(interval) > 1
            and (at := json_fields.utc_time(interval[0])) is not None
            and (value := json_fields.finite_number(interval[1])) is not None
        }

    def webhooks(self) -> list[WebhookAddress] | None:
        """List those of the environment; None where the token may not see them, which the rest does not need.

        Source: https://www.mux.com/docs/api-reference/system (mux-node 15.1: `system.webhooks`, seen 2026-11)
        """
        try:
            answer = self._api.request("GET", "/system/v1/webhooks")
        except (CredentialsRefused, AssetGone):
            return None
        return [
            WebhookAddress(url, is_enabled=webhook.get("enabled") is not False)
            for webhook in parts(answer, "data")
            if (url := json_fields.text(webhook, "address"))
        ]

    def _credentials(self) -> credentials.Credentials:
        return credentials.of_token(self._settings, self._prefix)

    def _token(self, playback: _Playback, claims: Mapping[str, Any]) -> str:
        """Make `?token=...`, or nothing where the playback id is public."""
        if not playback.is_signed:
            return ""
        return (
            f"?token={signed_urls.sign_claims(self._settings, {'sub': playback.id, **claims}, self._prefix)}"
        )


def _about(said: Mapping[str, Any], event_type: str) -> tuple[Mapping[str, Any], str] | None:
    """Find the object that names the event's asset, and by which field; None where none does.

    An event of one static rendition has the rendition's own id in `id`; and neither that nor the asset's
    where the rendition was made by the older `mp4_support`. Samples of Mux lack more than that.
    """
    data, about = part(said, "data"), part(said, "object")
    if data.get("asset_id"):
        return data, "asset_id"
    if data.get("id") and not event_type.startswith("video.asset.static_rendition."):
        return data, "id"
    return (about, "id") if about.get("type") == "asset" and about.get("id") else None


def _asset(asset_id: str, data: Mapping[str, Any]) -> RemoteAsset:
    state = STATES.get(json_fields.text(data, "status"), AssetState.PREPARING)
    # While a stream is on air its recording is "ready" too, and grows; an event comes at the end.
    is_live = data.get("is_live") is True and state is AssetState.READY
    created_at = json_fields.utc_time(data.get("created_at"))
    return RemoteAsset(
        id=asset_id,
        state=AssetState.PREPARING if is_live else state,
        fingerprint=json_fields.fingerprint(
            duration_s=json_fields.duration_s(data.get("duration")),
            aspect_ratio=data.get("aspect_ratio"),
            tracks=[
                [track.get("max_width"), track.get("max_height"), track.get("max_frame_rate")]
                for track in renditions.video_tracks(data)
            ],
            source_asset_id=data.get("source_asset_id"),
            created_at=created_at and created_at.isoformat(),
        ),
        duration_s=json_fields.duration_s(data.get("duration")),
        title=json_fields.text(part(data, "meta"), "title"),
        is_private=not _playback_ids(data).get("public"),
        shown=_shown(data),
        details=data,
    )


def _path(asset_id: str) -> str:
    return f"/video/v1/assets/{segment(asset_id)}"


def _playback_ids(data: Mapping[str, Any]) -> dict[str, str]:
    """List the playback ids by their policy."""
    return {
        json_fields.text(item, "policy"): json_fields.text(item, "id") for item in parts(data, "playback_ids")
    }


def _playback(asset: RemoteAsset) -> _Playback:
    ids = _playback_ids(asset.details)
    for policy in ("public", "signed"):
        if ids.get(policy):
            return _Playback(ids[policy], is_signed=policy == "signed")
    raise SourceRefused(f"asset {asset.id} has no public or signed playback id; add one at Mux")


def _ready_files(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the files that are ready: they have a status each; of the older `mp4_support` they share one."""
    static = part(data, "static_renditions")
    shared = static.get("status")
    return [file for file in parts(static, "files") if file.get("status", shared) == "ready"]


def _shown(data: Mapping[str, Any]) -> str | None:
    time_s = json_fields.finite_number(data.get("thumbnail_time"))
    return None if time_s is None else str(time_s)
