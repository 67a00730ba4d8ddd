"""api.video, simulated: its paths, its webhooks, and its shape of an error."""

from __future__ import annotations

import json
import re
import secrets
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, abort, request

from worker.demo.simulator import bodies
from worker.demo.simulator.checks import budget
from worker.demo.simulator.checks.budget import Allowance
from worker.demo.simulator.checks.pictures import JPEG, PNG, WEBP, require_picture
from worker.demo.simulator.platform import STREAM, WEBHOOK_SECRET, Change, Simulated
from worker.demo.simulator.webhooks import Notice
from worker.platforms.shared.signatures import Hex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from worker.demo.simulator.checks.budget import AllowanceUse
    from worker.demo.simulator.library import LibraryVideo

API_KEY = "simulated-api-key"
# https://docs.api.video/reference/api/Videos#upload-a-thumbnail (seen 2026-11)
MAX_IMAGE_BYTES = 8 * 1024 * 1024
IMAGE_TYPES = (JPEG, PNG, WEBP)

# Of the vendor's OpenAPI document, in production; the sandbox answers 40, 40 and 100.
ALLOWANCES = {"upload": Allowance(100), "write": Allowance(200), "read": Allowance(500)}

SIGNATURE = Hex("X-Api-Video-Signature")

# https://docs.api.video/reference/api/Videos: hh:mm:ss, and perhaps hundredths
_TIMECODE = re.compile(r"(\d{2}):([0-5]\d):([0-5]\d(?:\.\d{1,2})?)")


class SimulatedApiVideo(Simulated):
    """One workspace of api.video."""

    name = "api_video"
    retries = 3
    allowances = ALLOWANCES

    def add_routes(self, app: Flask) -> None:
        """Add the addresses that api.video documents, and that of a private file."""
        self._tokens: set[str] = set()
        app.add_url_rule("/videos", view_func=self.list_assets, methods=["GET"])
        app.add_url_rule("/webhooks", view_func=self.webhooks, methods=["GET"])
        video = "/videos/<asset_id>"
        app.add_url_rule(video, view_func=self.show, methods=["GET"])
        app.add_url_rule(f"{video}/status", view_func=self.status, methods=["GET"])
        app.add_url_rule(f"{video}/thumbnail", view_func=self.upload_thumbnail, methods=["POST"])
        app.add_url_rule(f"{video}/thumbnail", view_func=self.pick_thumbnail, methods=["PATCH"])
        private = f"{STREAM}/<playback_id>/token/<token>/<name>"
        app.add_url_rule(private, view_func=self.private_rendition, methods=["GET"])

    def is_allowed(self) -> bool:
        """Look for HTTP's basic authentication, in which the key is the name."""
        given = request.authorization
        return given is not None and (given.username, given.password) == (API_KEY, "")

    def refusal(self, status: int, words: str) -> dict[str, Any]:
        """Write problem details (RFC 9457), with a name."""
        return {"type": "https://docs.api.video/problems", "title": words, "name": "", "status": status}

    def request_kind(self) -> str:
        """Count uploads, other writes and reads apart."""
        if request.method == "GET":
            return "read"
        return "upload" if request.mimetype == "multipart/form-data" else "write"

    def budget_headers(self, spent: AllowanceUse) -> dict[str, str]:
        """Write what is left in every answer, and how long to wait in a header of api.video's own.

        Source: the vendor's OpenAPI document
        """
        over = {"X-RateLimit-Retry-After": str(spent.resets_in_s)} if spent.is_over else {}
        return budget.countdown(spent) | over

    def show(self, asset_id: str) -> dict[str, Any]:
        """Show the video; of a private one with an address that opens once."""
        return self._described(self.found(asset_id))

    def list_assets(self) -> dict[str, Any]:
        """Show a page of all videos, those that changed last first."""
        bodies.require_query(sortBy="updatedAt", sortOrder="desc")
        videos = self.library.last_changed()
        page = bodies.page_of(videos, number="currentPage", size="pageSize")
        return {
            "data": [self._described(video) for video in page],
            "pagination": _pagination(len(videos)),
        }

    def webhooks(self) -> dict[str, Any]:
        """Show where webhooks are sent to."""
        bodies.require_query(events="video.encoding.quality.completed")
        found = [] if self.webhooks_to is None else [{"webhookId": "w1", "url": self.webhooks_to}]
        return {"data": found, "pagination": _pagination(len(found))}

    def status(self, asset_id: str) -> dict[str, Any]:
        """Show how far the encoding is: at its end."""
        media = self.found(asset_id).media
        quality = {"quality": f"{media.height_px}p", "status": "encoded"}
        found = {"duration": int(media.duration_s), "width": media.width_px, "height": media.height_px}
        return {
            "ingest": {"status": "uploaded"},
            "encoding": {
                "playable": True,
                "qualities": [{"type": "hls", **quality}, {"type": "mp4", **quality}],
                "metadata": {**found, "framerate": int(media.frame_rate)},
            },
        }

    def upload_thumbnail(self, asset_id: str) -> dict[str, Any]:
        """Show a picture."""
        image = require_picture(bodies.form_file("file"), IMAGE_TYPES, MAX_IMAGE_BYTES)
        return self._described(self.write(asset_id, image=image))

    def pick_thumbnail(self, asset_id: str) -> dict[str, Any]:
        """Show a moment; one beyond the end becomes the first frame, and the answer does not say so."""
        given = _TIMECODE.fullmatch(str(bodies.fields({"timecode"})["timecode"]))
        if given is None:
            abort(HTTPStatus.BAD_REQUEST, "The timecode is not hh:mm:ss.")
        hours, minutes, seconds = (float(part) for part in given.groups())
        time_s = hours * 3600 + minutes * 60 + seconds
        is_within = time_s < self.found(asset_id).media.duration_s
        return self._described(self.write(asset_id, thumbnail_time=time_s if is_within else 0.0))

    def private_rendition(self, playback_id: str, token: str, name: str) -> Response:
        """Send the file of a private video, once for each token."""
        # Under the lock, so that of two requests at once only one gets the file.
        with self.library.lock:
            if token not in self._tokens:
                abort(HTTPStatus.FORBIDDEN, "The token was used, or never was one.")
            self._tokens.remove(token)
        return super().rendition(playback_id, name)

    def rendition(self, playback_id: str, name: str) -> Response:
        """Send the file of a public video."""
        video = self.library.of_playback(playback_id)
        if video is not None and video.is_private:
            abort(HTTPStatus.FORBIDDEN, "The video is private.")
        return super().rendition(playback_id, name)

    def notices(self, change: Change, video: LibraryVideo) -> Sequence[Notice]:
        """Tell of an encoded quality of HLS, and of the MP4; nothing of updates and deletes."""
        if change is not Change.READY:
            return ()
        return [_notice(video, "hls"), _notice(video, "mp4")]

    def signed(self, body: bytes) -> dict[str, str]:
        """Sign the body alone."""
        return {
            "X-Api-Video-WebhookID": "webhook_simulated",
            **SIGNATURE.sign(body, WEBHOOK_SECRET),
        }

    def variables(self) -> dict[str, str]:
        """Hand out an account's settings, as `Simulated.variables`."""
        return {"WEBHOOK_SECRET": WEBHOOK_SECRET, "API_KEY": API_KEY, "API_URL": self.url}

    def _described(self, video: LibraryVideo) -> dict[str, Any]:
        handle = video.playback_id
        if video.is_private:
            token = secrets.token_hex(8)
            self._tokens.add(token)
            handle = f"{handle}/token/{token}"
        return {
            "videoId": video.id,
            "title": video.title,
            "createdAt": video.created,
            "updatedAt": video.changed,
            "public": not video.is_private,
            "mp4Support": True,
            "discarded": False,
            "metadata": [],
            "assets": {
                "mp4": f"{self.url}{STREAM}/{handle}/{video.file_name}",
                "thumbnail": self.image_url(video.id),
            },
        }


def _pagination(total: int) -> dict[str, Any]:
    size = int(request.args["pageSize"])
    return {
        "currentPage": int(request.args.get("currentPage", "1")),
        "currentPageItems": min(size, total),
        "pageSize": size,
        "pagesTotal": -(-total // size),
        "itemsTotal": total,
        "links": [],
    }


def _notice(video: LibraryVideo, encoding: str) -> Notice:
    event = "video.encoding.quality.completed"
    said = {
        "type": event,
        "emittedAt": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "videoId": video.id,
        "encoding": encoding,
        "quality": f"{video.media.height_px}p",
    }
    return Notice(event, video.id, json.dumps(said).encode())
