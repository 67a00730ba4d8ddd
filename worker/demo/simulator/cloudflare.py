"""Cloudflare Stream, simulated: its paths, its webhook, and its shape of an error."""

from __future__ import annotations

import json
import secrets
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import jwt
from flask import Response, abort, request

from worker.demo.simulator import bodies
from worker.demo.simulator.platform import STREAM, WEBHOOK_SECRET, Change, Simulated
from worker.demo.simulator.webhooks import Notice
from worker.platforms.shared.signatures import Timestamped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from worker.demo.simulator.library import LibraryVideo

ACCOUNT_ID, API_TOKEN = "simulated-account", "simulated-api-token"
SIGNATURE = Timestamped("Webhook-Signature", time_field="time", signature_field="sig1")

# Of the official client, StreamEditParams.
WRITABLE = frozenset(
    {
        "allowedOrigins",
        "creator",
        "maxDurationSeconds",
        "meta",
        "publicDetails",
        "requireSignedURLs",
        "scheduledDeletion",
        "thumbnailTimestampPct",
        "uploadExpiry",
    }
)


class SimulatedCloudflare(Simulated):
    """One account of Cloudflare, in which every video has a download."""

    name = "cloudflare"

    def add_routes(self, app: Flask) -> None:
        """Add the addresses that Cloudflare documents."""
        self._tokens: dict[str, str] = {}
        app.add_url_rule(
            f"/client/v4/accounts/{ACCOUNT_ID}/stream", view_func=self.list_assets, methods=["GET"]
        )
        app.add_url_rule(
            f"/client/v4/accounts/{ACCOUNT_ID}/stream/webhook", view_func=self.webhook, methods=["GET"]
        )
        video = f"/client/v4/accounts/{ACCOUNT_ID}/stream/<asset_id>"
        app.add_url_rule(video, view_func=self.show, methods=["GET"])
        app.add_url_rule(video, view_func=self.edit, methods=["POST"])
        app.add_url_rule(f"{video}/downloads", view_func=self.downloads, methods=["GET"])
        app.add_url_rule(f"{video}/token", view_func=self.token, methods=["POST"])

    def is_allowed(self) -> bool:
        """Look for the token, as OAuth shows it."""
        return request.headers.get("Authorization") == f"Bearer {API_TOKEN}"

    def refusal(self, status: int, words: str) -> dict[str, Any]:
        """List errors beside an empty result."""
        errors = [{"code": 10000 + status, "message": words}]
        return {"result": None, "success": False, "errors": errors, "messages": []}

    def show(self, asset_id: str) -> dict[str, Any]:
        """Show the video."""
        return _answer(self._described(self.found(asset_id)))

    def list_assets(self) -> dict[str, Any]:
        """Show the newest videos that were made before a time."""
        bodies.require_query(asc="false", include_counts="true")
        end, limit = request.args.get("end"), int(request.args.get("limit", "1000"))
        found = [video for video in self.library.newest() if end is None or video.created < end]
        page = [self._described(video) for video in found[:limit]]
        return {**_answer(page), "range": len(page), "total": len(found)}

    def webhook(self) -> dict[str, Any]:
        """Show where webhooks are sent to."""
        if self.webhooks_to is None:
            abort(HTTPStatus.NOT_FOUND, "No webhook is set")
        return _answer({"notificationUrl": self.webhooks_to, "secret": WEBHOOK_SECRET})

    def edit(self, asset_id: str) -> dict[str, Any]:
        """Set the thumbnail's share of the duration, or what we do not look at."""
        video, asked = self.found(asset_id), bodies.fields(WRITABLE)
        if "thumbnailTimestampPct" in asked:
            share = bodies.require_number(asked["thumbnailTimestampPct"], "thumbnailTimestampPct")
            if not 0 <= share <= 1:
                abort(HTTPStatus.BAD_REQUEST, "thumbnailTimestampPct must be between 0 and 1")
            # A share of 0 is what a video has whose thumbnail was never set.
            video = self.write(asset_id, thumbnail_time=share * video.media.duration_s or None)
        return _answer(self._described(video))

    def downloads(self, asset_id: str) -> dict[str, Any]:
        """Say how far the MP4 is, which is ready at once."""
        video = self.found(asset_id)
        url = f"{self.url}{STREAM}/{video.id}/{video.file_name}"
        made = {"status": "ready", "url": url, "percentComplete": 100.0}
        return _answer({"default": made})

    def token(self, asset_id: str) -> dict[str, Any]:
        """Hand out what stands in the place of a private video's id."""
        claims = {"sub": self.found(asset_id).id, "jti": secrets.token_hex(8)}
        token = jwt.encode(claims, secrets.token_hex(32), algorithm="HS256")
        self._tokens[token] = asset_id
        return _answer({"token": token})

    def rendition(self, playback_id: str, name: str) -> Response:
        """Send the MP4: of a public video by its id, of a private one by a token."""
        video = self.found(self._tokens.get(playback_id, playback_id))
        if video.is_private and playback_id not in self._tokens:
            abort(HTTPStatus.FORBIDDEN, "The video is private.")
        return super().rendition(video.playback_id, name)

    def notices(self, change: Change, video: LibraryVideo) -> Sequence[Notice]:
        """Tell of a video that is ready, by the video itself; nothing of updates and deletes."""
        if change is not Change.READY:
            return ()
        return [Notice("ready", video.id, json.dumps(self._described(video)).encode())]

    def signed(self, body: bytes) -> dict[str, str]:
        """Sign with the time of the attempt."""
        return SIGNATURE.sign(body, WEBHOOK_SECRET, time.time())

    def variables(self) -> dict[str, str]:
        """Hand out an account's settings, as `Simulated.variables`."""
        return {
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
            "ACCOUNT_ID": ACCOUNT_ID,
            "API_TOKEN": API_TOKEN,
            "API_URL": f"{self.url}/client/v4",
        }

    def _described(self, video: LibraryVideo) -> dict[str, Any]:
        media = video.media
        return {
            "uid": video.id,
            "thumbnail": self.image_url(video.id),
            "thumbnailTimestampPct": (video.thumbnail_time or 0) / media.duration_s,
            "readyToStream": True,
            # Less than 100 in a video that is ready, as in Cloudflare's own sample.
            "status": {"state": "ready", "pctComplete": "39.000000", "errorReasonCode": ""},
            "meta": {"name": video.title},
            "created": video.created,
            "modified": datetime.now(UTC).isoformat(),
            "size": media.path.stat().st_size,
            "requireSignedURLs": video.is_private,
            "duration": media.duration_s,
            "input": {"width": media.width_px, "height": media.height_px},
            "playback": {"hls": f"{self.url}{STREAM}/{video.id}/manifest/video.m3u8"},
            "clippedFrom": video.source_asset_id,
        }


def _answer(result: object) -> dict[str, Any]:
    return {"result": result, "success": True, "errors": [], "messages": []}
