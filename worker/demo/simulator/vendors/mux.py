"""Mux, simulated: its paths, its webhooks, and its shape of an error."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, abort, request

from worker.demo.simulator import bodies
from worker.demo.simulator.audience import DAY, HOUR, Audience
from worker.demo.simulator.checks import budget
from worker.demo.simulator.checks.tokens import require_token, signing_key
from worker.demo.simulator.platform import STREAM, TOKEN, WEBHOOK_SECRET, Change, Simulated
from worker.demo.simulator.webhooks import Notice
from worker.platforms.shared.signatures import Timestamped

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from worker.demo.simulator.audience import ViewCounts
    from worker.demo.simulator.checks.budget import AllowanceUse
    from worker.demo.simulator.library import LibraryVideo

WRITABLE = frozenset({"thumbnail_time", "passthrough", "meta"})
MAX_PAGE = 100  # of mux-node 15.3, AssetListParams.limit
SIGNATURE = Timestamped("Mux-Signature")

STEPS = {"hour": HOUR, "day": DAY}
METRICS: dict[str, Callable[[ViewCounts], int]] = {
    "views": lambda seen: seen.plays,
    "playing_time": lambda seen: round(seen.watched_s * 1000),  # in milliseconds
}

EVENTS = {
    Change.READY: "video.asset.ready",
    Change.UPDATED: "video.asset.updated",
    Change.DELETED: "video.asset.deleted",
}
ERRORS = {
    HTTPStatus.UNAUTHORIZED: "unauthorized",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_exceeded",
}


class SimulatedMux(Simulated):
    """One environment of Mux."""

    name = "mux"
    may_read_system = True  #: whether the token has more than Mux Video
    may_read_data = True  #: whether it has Mux Data read
    is_webhook_enabled = True

    def add_routes(self, app: Flask) -> None:
        """Add the addresses that Mux documents."""
        app.add_url_rule("/video/v1/assets", view_func=self.list_assets, methods=["GET"])
        asset = "/video/v1/assets/<asset_id>"
        app.add_url_rule(asset, view_func=self.show, methods=["GET"])
        app.add_url_rule(asset, view_func=self.update, methods=["PATCH"])
        self.audience = Audience()
        series = "/data/v1/metrics/<metric>/timeseries"
        app.add_url_rule(series, view_func=self.timeseries, methods=["GET"])
        app.add_url_rule("/system/v1/webhooks", view_func=self.list_webhooks, methods=["GET"])

    def is_allowed(self) -> bool:
        """Look for the token in HTTP's basic authentication."""
        given = request.authorization
        return given is not None and (given.username, given.password) == TOKEN

    def refusal(self, status: int, words: str) -> dict[str, Any]:
        """List messages, as Mux does."""
        other = "internal_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_parameters"
        return {"error": {"type": ERRORS.get(HTTPStatus(status), other), "messages": [words]}}

    def budget_headers(self, spent: AllowanceUse) -> dict[str, str]:
        """Write what is left in every answer; the numbers themselves are not documented.

        Source: https://mux.com/blog/protect-your-prod-environment-new-rate-limit-controls (seen 2026-11)
        """
        return budget.countdown(spent) | budget.wait(spent)

    def show(self, asset_id: str) -> dict[str, Any]:
        """Show the present state of an asset."""
        return {"data": described(self.found(asset_id))}

    def list_assets(self) -> dict[str, Any]:
        """List all assets, the newest first; the cursor is how many were listed before."""
        cursor, limit = request.args.get("cursor", "0"), bodies.page_size("limit", 25, MAX_PAGE)
        if not cursor.isdecimal():
            abort(HTTPStatus.BAD_REQUEST, "cursor is none of this list")
        told, videos = int(cursor), self.library.newest()
        found, is_last = videos[told : told + limit], told + limit >= len(videos)
        return {
            "data": [described(video) for video in found],
            "next_cursor": None if is_last else str(told + limit),
        }

    def list_webhooks(self) -> dict[str, Any]:
        """List the one endpoint that there is, without its secret, which is told only when it is made."""
        if not self.may_read_system:
            abort(HTTPStatus.FORBIDDEN, "The token has no permission to read the system")
        endpoint = {
            "id": "simulated",
            "address": self.webhooks_to,
            "enabled": self.is_webhook_enabled,
            "created_at": "1790000000",
        }
        return {"data": [endpoint] if self.webhooks_to else []}

    def timeseries(self, metric: str) -> dict[str, Any]:
        """Show one metric of Mux Data, hour by hour or day by day; numbers are text there.

        Source: https://www.mux.com/docs/api-reference/data/metrics/get-metric-timeseries-data (seen 2026-11)
        """
        if not self.may_read_data:
            abort(HTTPStatus.FORBIDDEN, "The token has no permission to read Mux Data")
        step = STEPS.get(request.args.get("group_by", ""))
        window, filters = request.args.getlist("timeframe[]"), request.args.getlist("filters[]")
        names = [one.partition(":")[0] for one in filters]
        if metric not in METRICS or step is None or names != ["asset_id"]:
            abort(HTTPStatus.BAD_REQUEST, "No such metric, granularity or filter is simulated")
        if len(window) != 2 or not all(at.isdecimal() for at in window):  # noqa: PLR2004 - from, to
            abort(HTTPStatus.BAD_REQUEST, "timeframe[] must be two epoch timestamps")
        from_at, to_at = (datetime.fromtimestamp(int(at), UTC) for at in window)
        told = self.audience.told(filters[0].partition(":")[2], from_at, to_at, step)
        rows = [(at, seen.plays, METRICS[metric](seen)) for at, seen in told.items()]
        return {
            "total_row_count": len(rows),
            "timeframe": [int(at) for at in window],
            "meta": {"aggregation": "view_end", "granularity": request.args["group_by"]},
            # Where nobody watched, there is no value of what they did.
            "data": [
                [f"{at:%Y-%m-%dT%H:%M:%SZ}", str(value) if plays or metric == "views" else None, str(plays)]
                for at, plays, value in rows
            ],
        }

    def update(self, asset_id: str) -> dict[str, Any]:
        """Set the thumbnail's time, or fields that the service does not look at."""
        video = self.found(asset_id)
        asked = bodies.fields(WRITABLE)
        if "thumbnail_time" in asked:
            return {
                "data": described(self.write(asset_id, thumbnail_time=_time(video, asked["thumbnail_time"])))
            }
        if isinstance(asked.get("meta"), dict):
            video = self.library.change(asset_id, title=str(asked["meta"].get("title", "")))
        self.tell(Change.UPDATED, video)
        return {"data": described(video)}

    def rendition(self, playback_id: str, name: str) -> Response:
        """Send a file; of a signed playback id with a token for videos only.

        Source: https://www.mux.com/docs/guides/secure-video-playback (seen 2026-11)
        """
        self._require_token(playback_id, aud="v")
        return super().rendition(playback_id, name)

    def picture(self, playback_id: str) -> Response:
        """Send what is shown; of a signed playback id with a token for thumbnails only."""
        self._require_token(playback_id, aud="t")
        return super().picture(playback_id)

    def _require_token(self, playback_id: str, aud: str) -> None:
        if self.played(playback_id).is_private:
            token = request.args.get("token", "")
            # Documented among the claims; the vendor's own clients name it in the header.
            require_token(token, key=signing_key(), sub=playback_id, aud=aud)

    def announce(self, asset_id: str, event: str = EVENTS[Change.READY], *, copies: int = 1) -> None:
        """Tell of a video again, as a new event of any type."""
        self._sender.send(_notice(event, self.known(asset_id)), copies=copies)

    def notices(self, change: Change, video: LibraryVideo) -> list[Notice]:
        """Tell of everything."""
        return [_notice(EVENTS[change], video)]

    def signed(self, body: bytes) -> dict[str, str]:
        """Sign with the time of the attempt."""
        return SIGNATURE.sign(body, WEBHOOK_SECRET, time.time())

    def variables(self) -> dict[str, str]:
        """Hand out an account's settings, as `Simulated.variables`."""
        return {
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
            "TOKEN_ID": TOKEN[0],
            "TOKEN_SECRET": TOKEN[1],
            "SIGNING_KEY_ID": signing_key().id,
            "SIGNING_PRIVATE_KEY": signing_key().private_part,
            "API_URL": self.url,
            "STREAM_URL": self.url + STREAM,
        }


def _time(video: LibraryVideo, value: object) -> float:
    if video.status != "ready":
        abort(HTTPStatus.BAD_REQUEST, "The asset is not ready")
    time_s = bodies.require_number(value, "thumbnail_time")
    if not 0 <= time_s < video.media.duration_s:
        abort(HTTPStatus.BAD_REQUEST, "thumbnail_time must be within the asset's duration")
    return time_s


def _notice(event: str, video: LibraryVideo) -> Notice:
    delivery_id = str(uuid.uuid4())  # one for all copies and redeliveries: they are the same bytes
    subject = "static_rendition" if "static_rendition" in event else "asset"
    envelope = {
        "type": event,
        "id": delivery_id,
        "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "object": {"type": subject, "id": video.id},
        "environment": {"name": "Simulated", "id": "simulated"},
        "data": described(video) | ({"asset_id": video.id} if subject == "static_rendition" else {}),
        "attempts": [],
    }
    return Notice(event, video.id, json.dumps(envelope).encode(), delivery_id)


def described(video: LibraryVideo) -> dict[str, Any]:
    """Describe a video as the API and the webhooks do; a field that is not set is missing."""
    media = video.media
    asset: dict[str, Any] = {
        "id": video.id,
        "created_at": str(video.created_at),  # a number as text, as in the real API
        "status": video.status,
        "passthrough": "",
        "meta": {"title": video.title},
        "playback_ids": [{"id": video.playback_id, "policy": "signed" if video.is_private else "public"}],
        "source_asset_id": video.source_asset_id,
        "ingest_type": "on_demand_clip" if video.source_asset_id else "on_demand_url",
        "thumbnail_time": video.thumbnail_time,
    }
    if video.status == "ready":
        track = {
            "type": "video",
            "duration": media.duration_s,
            "max_frame_rate": media.frame_rate,
            "max_width": media.width_px,
            "max_height": media.height_px,
        }
        file = {
            "name": video.file_name,
            "ext": "mp4",
            "type": "standard",
            "status": "ready",
            "width": media.width_px,
            "height": media.height_px,
            "filesize": str(media.path.stat().st_size),
        }
        asset |= {"duration": media.duration_s, "tracks": [track]}
        asset |= {"aspect_ratio": f"{media.width_px}:{media.height_px}"}
        asset |= {"static_renditions": {"files": [file]}}
    return {name: value for name, value in asset.items() if value is not None}
