"""Cloudflare Stream, simulated: its paths, its webhook, and its shape of an error."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, abort, request

from worker.demo.simulator import bodies
from worker.demo.simulator.checks import budget
from worker.demo.simulator.checks.budget import Allowance
from worker.demo.simulator.checks.tokens import require_token, signing_key
from worker.demo.simulator.platform import STREAM, WEBHOOK_SECRET, Change, Simulated
from worker.demo.simulator.webhooks import Notice
from worker.platforms.shared import json_fields
from worker.platforms.shared.signatures import Timestamped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask import Flask

    from worker.demo.simulator.checks.budget import AllowanceUse
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
        "uid",
        "uploadExpiry",
    }
)
MAX_PAGE = 1000  # of StreamListParams

# https://developers.cloudflare.com/fundamentals/api/reference/limits (seen 2026-11)
ALLOWANCES = {"all": Allowance(1200, window_s=300.0)}

# Of the official client, TokenCreateParams: "the default is one hour after issuing", "at most 24 hours".
TOKEN_FIELDS = frozenset({"accessRules", "downloadable", "exp", "flags", "id", "nbf", "pem"})
TOKEN_LIFETIME_S = 3600
LONGEST_TOKEN_LIFETIME_S = 24 * 3600


class SimulatedCloudflare(Simulated):
    """One account of Cloudflare, in which every video has a download."""

    name = "cloudflare"
    allowances = ALLOWANCES
    #: What a share becomes when it is stored. Cloudflare does not say how exactly it keeps one.
    stored_share: Callable[[float], float] = float

    def add_routes(self, app: Flask) -> None:
        """Add the addresses that Cloudflare documents."""
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

    def budget_headers(self, spent: AllowanceUse) -> dict[str, str]:
        """Write what is left in every answer, as the draft of the IETF on rate limits has it.

        Source: https://developers.cloudflare.com/fundamentals/api/reference/limits (seen 2026-11)
        """
        requests, window_s = spent.allowance
        return {
            "Ratelimit": f'"default";r={max(spent.left, 0)};t={spent.resets_in_s}',
            "Ratelimit-Policy": f'"default";q={requests};w={window_s:.0f}',
            **budget.wait(spent),
        }

    def show(self, asset_id: str) -> dict[str, Any]:
        """Show the video."""
        return _answer(self._described(self.found(asset_id)))

    def list_assets(self) -> dict[str, Any]:
        """Show the newest videos that were made before a time."""
        bodies.require_query(asc="false", include_counts="true")
        end, limit = request.args.get("end"), bodies.page_size("limit", MAX_PAGE, MAX_PAGE)
        before = json_fields.utc_time(end)
        if end is not None and before is None:
            abort(HTTPStatus.BAD_REQUEST, "end must be a time")
        found = [
            video
            for video in self.library.newest()
            if before is None or datetime.fromisoformat(video.created) < before
        ]
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
            time_s = self.stored_share(share) * video.media.duration_s
            video = self.write(asset_id, thumbnail_time=time_s or None)
        return _answer(self._described(video))

    def downloads(self, asset_id: str) -> dict[str, Any]:
        """Say how far the MP4 is, which is ready at once."""
        video = self.found(asset_id)
        url = f"{self.url}{STREAM}/{video.id}/{video.file_name}"
        made = {"status": "ready", "url": url, "percentComplete": 100.0}
        return _answer({"default": made})

    def token(self, asset_id: str) -> dict[str, Any]:
        """Hand out what stands in the place of a private video's id: for an hour, if no time is asked for."""
        video, now_s = self.found(asset_id), int(time.time())
        asked = bodies.fields(TOKEN_FIELDS) if request.get_data() else {}
        expires_s = bodies.require_number(asked.get("exp", now_s + TOKEN_LIFETIME_S), "exp")
        if not now_s < expires_s <= now_s + LONGEST_TOKEN_LIFETIME_S:
            abort(HTTPStatus.BAD_REQUEST, "exp must be within the next 24 hours")
        is_downloadable = asked.get("downloadable", False)
        if not isinstance(is_downloadable, bool):
            abort(HTTPStatus.BAD_REQUEST, "downloadable must be a boolean")
        claims = {"sub": video.id, "exp": int(expires_s), "downloadable": is_downloadable}
        return _answer({"token": signing_key().sign(claims)})

    def rendition(self, playback_id: str, name: str) -> Response:
        """Send the MP4: of a public video by its id, of a private one by a token that allows downloads.

        Source: https://developers.cloudflare.com/stream/viewing-videos/securing-your-stream (seen 2026-11)
        """
        is_token = "." in playback_id
        said = require_token(playback_id, key=signing_key()) if is_token else {"sub": playback_id}
        video = self.found(str(said.get("sub")))
        if video.is_private and said.get("downloadable") is not True:
            abort(HTTPStatus.FORBIDDEN, "The video is private, and no token for downloads is shown.")
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
            "thumbnailTimestampPct": self.stored_share((video.thumbnail_time or 0) / media.duration_s),
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
