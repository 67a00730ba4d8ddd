"""Brightcove, simulated: access tokens that run out, notifications without a signature, and jobs that fetch.

What stands on Brightcove's pages is as it is there; the rest is from memory (docs/platforms/brightcove.md).
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
from flask import Response, abort, request

from worker.demo.simulator import bodies
from worker.demo.simulator.checks.budget import Allowance
from worker.demo.simulator.checks.pictures import GIF, JPEG, PNG, require_picture
from worker.demo.simulator.platform import NOT_FOUND, STREAM, TOKEN, WEBHOOK_SECRET, Change, Simulated
from worker.demo.simulator.webhooks import Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask import Flask

    from worker.demo.simulator.library import LibraryVideo

ACCOUNT_ID = "57838016001"
OAUTH = "/oauth/access_token"  # on a host of its own, which no journal and no budget of the API is about
TOKEN_LIFETIME_S = 300  # https://apis.support.brightcove.com/oauth/ (seen 2026-11)
MAX_PAGE = 100
IMAGE_TYPES = (JPEG, PNG, GIF)
MAX_IMAGE_BYTES = 20 * 1024 * 1024  # an assumption
FETCH_TIMEOUT_S = 10.0

ACTIONS = {Change.READY: "UPDATE", Change.UPDATED: "UPDATE", Change.DELETED: "DELETE"}
CODES = {
    HTTPStatus.UNAUTHORIZED: "UNAUTHORIZED",
    HTTPStatus.FORBIDDEN: "FORBIDDEN",
    HTTPStatus.NOT_FOUND: "RESOURCE_NOT_FOUND",
    HTTPStatus.TOO_MANY_REQUESTS: "TOO_MANY_REQUESTS",
}


@dataclass
class _Job:
    video_id: str
    submitted_at: str
    state: str  #: once it is over
    message: str | None = None
    looks_left: int = 1  #: that find it at work


def fetch(url: str) -> bytes:
    """Get a picture as the vendor does: with one request, and nothing that shows who asks."""
    answer = httpx.get(url, timeout=FETCH_TIMEOUT_S, trust_env=False)
    answer.raise_for_status()
    return answer.content


class SimulatedBrightcove(Simulated):
    """One account of Video Cloud."""

    name = "brightcove"
    allowances = {"all": Allowance(600)}  # noqa: RUF012 - as of all platforms
    fetch: Callable[[str], bytes] = staticmethod(fetch)
    tokens_made = 0

    def __init__(self, webhooks_to: str, **more: Any) -> None:
        self._tokens: dict[str, float] = {}  # when each runs out, of the monotonic clock
        self._jobs: dict[str, _Job] = {}
        super().__init__(f"{webhooks_to}?token={WEBHOOK_SECRET}", **more)

    def add_routes(self, app: Flask) -> None:
        """Add the addresses of the three APIs, which have hosts of their own."""
        app.add_url_rule(OAUTH, view_func=self.make_token, methods=["POST"])
        account = f"/v1/accounts/{ACCOUNT_ID}"
        app.add_url_rule(f"{account}/subscriptions", view_func=self.subscriptions, methods=["GET"])
        app.add_url_rule(f"{account}/videos", view_func=self.list_assets, methods=["GET"])
        video = f"{account}/videos/<asset_id>"
        app.add_url_rule(video, view_func=self.show, methods=["GET"])
        app.add_url_rule(f"{video}/sources", view_func=self.sources, methods=["GET"])
        app.add_url_rule(f"{video}/ingest_jobs", view_func=self.list_jobs, methods=["GET"])
        app.add_url_rule(f"{video}/ingest_jobs/<job_id>", view_func=self.show_job, methods=["GET"])
        ingest = f"/ingest{video}/ingest-requests"
        app.add_url_rule(ingest, view_func=self.ingest, methods=["POST"])

    def make_token(self) -> dict[str, Any]:
        """Make an access token for a few minutes."""
        if request.form.to_dict() != {"grant_type": "client_credentials"}:
            abort(HTTPStatus.BAD_REQUEST, "unsupported_grant_type")
        token = secrets.token_urlsafe(48)
        self.tokens_made += 1
        self._tokens[token] = time.monotonic() + TOKEN_LIFETIME_S
        return {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFETIME_S}

    def expire_tokens(self) -> None:
        """Let every access token run out."""
        self._tokens.clear()

    def begin_job(self, asset_id: str, submitted_at: datetime) -> None:
        """Have a job of somebody else work on a video, and never end."""
        job = _Job(asset_id, submitted_at.isoformat(), "processing")
        self._jobs[secrets.token_hex(16)] = job

    def is_allowed(self) -> bool:
        """Look for the access token; for one, id and secret are shown."""
        given = request.headers.get("Authorization", "")
        if request.path == OAUTH:
            pair = base64.b64encode(":".join(TOKEN).encode()).decode()
            return given == f"Basic {pair}"
        return self._tokens.get(given.removeprefix("Bearer "), 0.0) > time.monotonic()

    def refusal(self, status: int, words: str) -> list[Any]:
        """List one error, as the CMS API does."""
        return [{"error_code": CODES.get(HTTPStatus(status), "ERROR"), "message": words}]

    def _admit(self) -> None:
        if request.path != OAUTH:
            super()._admit()
        elif not self.is_allowed():
            abort(HTTPStatus.UNAUTHORIZED, "invalid_client")

    def _note(self, answer: Response) -> Response:
        return answer if request.path == OAUTH else super()._note(answer)

    def subscriptions(self) -> list[dict[str, Any]]:
        """List where notifications go."""
        endpoint = self.webhooks_to
        return [{"id": "s1", "endpoint": endpoint, "events": ["video-change"]}] if endpoint else []

    def list_assets(self) -> list[dict[str, Any]]:
        """Show a part of all videos, those that changed last first."""
        bodies.require_query(sort="-updated_at")
        limit, offset = bodies.page_size("limit", 20, MAX_PAGE), int(request.args.get("offset", "0"))
        return [self._described(video) for video in self.library.last_changed()[offset : offset + limit]]

    def show(self, asset_id: str) -> dict[str, Any]:
        """Show the video."""
        return self._described(self.found(asset_id))

    def sources(self, asset_id: str) -> list[dict[str, Any]]:
        """List the files: DASH, which we cannot read, and an MP4."""
        video = self.found(asset_id)
        folder = f"{self.url}{STREAM}/{video.playback_id}"
        size = {"width": video.media.width_px, "height": video.media.height_px}
        return [
            {"type": "application/dash+xml", "src": f"{folder}/manifest.mpd"},
            {"container": "MP4", "codec": "H264", "src": f"{folder}/{video.file_name}", **size},
        ]

    def ingest(self, asset_id: str) -> dict[str, str]:
        """Begin a job that fetches a picture; without a master, nothing else is touched."""
        self.found(asset_id)
        asked = bodies.fields({"poster", "thumbnail", "callbacks"})
        pictures = [asked[name] for name in ("poster", "thumbnail") if name in asked]
        if not pictures or not all(isinstance(one, dict) and "url" in one for one in pictures):
            abort(HTTPStatus.BAD_REQUEST, "Neither a poster nor a thumbnail with its url")
        job_id = secrets.token_hex(16)
        self._jobs[job_id] = self._fetched(asset_id, asked.get("poster", {}).get("url"))
        return {"id": job_id}

    def _fetched(self, asset_id: str, url: str | None) -> _Job:
        submitted_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if url is None:
            return _Job(asset_id, submitted_at, "finished")
        try:
            image = self.fetch(url)
        except httpx.HTTPError as exc:
            return _Job(asset_id, submitted_at, "failed", f"The file could not be downloaded: {exc}")
        require_picture(image, IMAGE_TYPES, MAX_IMAGE_BYTES)
        self.write(asset_id, image=image, image_id=secrets.token_hex(8))
        return _Job(asset_id, submitted_at, "finished")

    def list_jobs(self, asset_id: str) -> list[dict[str, Any]]:
        """Show the jobs of a video."""
        self.found(asset_id)
        return [_shown_job(key, job) for key, job in self._jobs.items() if job.video_id == asset_id]

    def show_job(self, asset_id: str, job_id: str) -> dict[str, Any]:
        """Show a job; the first look finds it at work."""
        job = self._jobs.get(job_id)
        if job is None or job.video_id != asset_id:
            abort(HTTPStatus.NOT_FOUND, NOT_FOUND)
        shown = _shown_job(job_id, job)
        job.looks_left -= 1
        return shown

    def notices(self, change: Change, video: LibraryVideo) -> Sequence[Notice]:
        """Tell that something changed, and hardly what."""
        now_ms = int(time.time() * 1000)
        said = {
            "account_id": ACCOUNT_ID,
            "updated_by": {"type": "internal", "user_agent": "simulated"},
            "action": ACTIONS[change],
            "video": video.id,
            "event": "video-change",
            "version": now_ms % 1_000_000,
            "timestamp": now_ms,
        }
        return [Notice("video-change", video.id, json.dumps(said).encode())]

    def variables(self) -> dict[str, str]:
        """Hand out an account's settings, as `Simulated.variables`."""
        return {
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
            "ACCOUNT_ID": ACCOUNT_ID,
            "CLIENT_ID": TOKEN[0],
            "CLIENT_SECRET": TOKEN[1],
            "API_URL": f"{self.url}/v1",
            "INGEST_URL": f"{self.url}/ingest/v1",
            "OAUTH_URL": f"{self.url}/oauth",
        }

    def _described(self, video: LibraryVideo) -> dict[str, Any]:
        chosen = "own" if video.thumbnail_time is None else f"at{video.thumbnail_time:g}"
        picture = {"asset_id": video.image_id or chosen, "src": f"{self.image_url(video.id)}?v=1"}
        return {
            "id": video.id,
            "account_id": ACCOUNT_ID,
            "name": video.title,
            "state": "INACTIVE" if video.is_private else "ACTIVE",
            "complete": True,
            "duration": int(video.media.duration_s * 1000),
            "digital_master_id": f"{video.media.path.stat().st_size}-{video.media.duration_s:g}",
            "created_at": video.created,
            "updated_at": video.changed,
            "images": {"poster": picture, "thumbnail": picture},
        }


def _shown_job(job_id: str, job: _Job) -> dict[str, Any]:
    state = "processing" if job.looks_left > 0 else job.state
    is_failed = state == "failed"
    return {
        "id": job_id,
        "state": state,
        "account_id": ACCOUNT_ID,
        "video_id": job.video_id,
        "error_code": "URLConnectFailed" if is_failed else None,
        "error_message": job.message if is_failed else None,
        "submitted_at": job.submitted_at,
    }
