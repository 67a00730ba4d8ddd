"""FastPix, simulated: its paths, its webhooks, and its shape of an error.

FastPix shows no chosen thumbnail; the time in the metadata counts as what a player shows.
"""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, abort, request, send_file

from worker.demo.simulator import bodies
from worker.demo.simulator.checks.tokens import require_token, signing_key
from worker.demo.simulator.platform import NOT_FOUND, STREAM, TOKEN, WEBHOOK_SECRET, Change, Simulated
from worker.demo.simulator.webhooks import Notice
from worker.platforms.shared import json_fields
from worker.platforms.shared.signatures import Base64
from worker.platforms.vendors.fastpix import METADATA_KEY

if TYPE_CHECKING:
    from flask import Flask

    from worker.demo.simulator.library import LibraryVideo

SECRET = base64.b64encode(WEBHOOK_SECRET.encode()).decode()
FILE_NAME = "capped-4k.mp4"
SIGNATURE = Base64("FastPix-Signature")

# https://docs.fastpix.com/reference/updated-media (seen 2026-11)
WRITABLE = frozenset({"metadata", "title", "creatorId"})
MAX_PAGE = 50
MAX_METADATA_KEYS = 10
MAX_METADATA_CHARACTERS = 255

EVENTS = {
    Change.READY: "video.media.ready",
    Change.UPDATED: "video.media.updated",
    Change.DELETED: "video.media.deleted",
}


class SimulatedFastPix(Simulated):
    """One workspace of FastPix, whose account asks for times in the metadata."""

    name = "fastpix"

    def add_routes(self, app: Flask) -> None:
        """Add the addresses that FastPix documents."""
        self._metadata: dict[str, dict[str, str]] = {}
        app.add_url_rule("/v1/on-demand", view_func=self.list_assets, methods=["GET"])
        media = "/v1/on-demand/<asset_id>"
        app.add_url_rule(media, view_func=self.show, methods=["GET"])
        app.add_url_rule(media, view_func=self.update, methods=["PATCH"])

    def is_allowed(self) -> bool:
        """Look for the token in HTTP's basic authentication."""
        given = request.authorization
        return given is not None and (given.username, given.password) == TOKEN

    def refusal(self, status: int, words: str) -> dict[str, Any]:
        """Repeat the status in the body."""
        return {"success": False, "error": {"code": status, "message": words, "description": words}}

    def show(self, asset_id: str) -> dict[str, Any]:
        """Show the media."""
        return {"success": True, "data": self._described(self.found(asset_id))}

    def list_assets(self) -> dict[str, Any]:
        """Show a page of all media, the newest first."""
        bodies.require_query(orderBy="desc")
        videos = self.library.newest()
        page = bodies.page_of(videos, number="offset", size="limit", max_size=MAX_PAGE)
        return {
            "success": True,
            "data": [self._described(video) for video in page],
            "pagination": {"totalRecords": len(videos), "currentOffset": 1, "offsetCount": 1},
        }

    def update(self, asset_id: str) -> dict[str, Any]:
        """Replace the metadata, which every time raises an event."""
        video, asked = self.found(asset_id), bodies.fields(WRITABLE)
        if "metadata" in asked:
            self._metadata[asset_id] = _metadata(asked["metadata"])
            time_s = json_fields.finite_number(self._metadata[asset_id].get(METADATA_KEY))
            video = self.write(asset_id, thumbnail_time=time_s)
        return {"success": True, "data": self._described(video)}

    def rendition(self, playback_id: str, name: str) -> Response:
        """Send the MP4; of a private media with a token only, which names its key in both places.

        Source of the claims: https://github.com/FastPix/moodle-local_fastpix, which FastPix wrote
        """
        video = self.played(playback_id)
        if video.is_private:
            token, aud = request.args.get("token", ""), f"media:{playback_id}"
            require_token(token, key=signing_key(), kid_in="both", iss="fastpix.com", aud=aud)
        if name != FILE_NAME:
            abort(HTTPStatus.NOT_FOUND, NOT_FOUND)
        return send_file(video.media.path, mimetype="video/mp4", conditional=True)

    def notices(self, change: Change, video: LibraryVideo) -> list[Notice]:
        """Tell of everything."""
        delivery_id = str(uuid.uuid4())
        envelope = {
            "type": EVENTS[change],
            "object": {"type": "media", "id": video.id},
            "id": delivery_id,
            "workspace": {"id": "simulated", "name": "Simulated"},
            "status": "ready",
            "data": self._described(video),
            "createdAt": datetime.now(UTC).isoformat(),
            "attempts": [],
        }
        return [Notice(EVENTS[change], video.id, json.dumps(envelope).encode(), delivery_id)]

    def signed(self, body: bytes) -> dict[str, str]:
        """Sign the body alone."""
        return SIGNATURE.sign(body, SECRET)

    def variables(self) -> dict[str, str]:
        """Hand out an account's settings, as `Simulated.variables`."""
        return {
            "WEBHOOK_SECRET": SECRET,
            "TOKEN_ID": TOKEN[0],
            "TOKEN_SECRET": TOKEN[1],
            "SIGNING_KEY_ID": signing_key().id,
            "SIGNING_PRIVATE_KEY": signing_key().private_part,
            "API_URL": f"{self.url}/v1",
            "STREAM_URL": self.url + STREAM,
            "WRITE_METADATA": "true",
        }

    def _described(self, video: LibraryVideo) -> dict[str, Any]:
        media = video.media
        size = {"width": media.width_px, "height": media.height_px}
        minutes, seconds = divmod(media.duration_s, 60)
        policy = "private" if video.is_private else "public"
        described = {
            "id": video.id,
            "title": video.title,
            "metadata": self._metadata.get(video.id, {}),
            "status": "Ready",  # with a capital, as in the real API
            "playbackIds": [{"id": video.playback_id, "accessPolicy": policy}],
            "tracks": [{"id": "t1", "type": "video", "frameRate": f"{media.frame_rate:g}/1", **size}],
            "mp4Support": [{"type": "capped_4k", "status": "ready", "ext": "mp4", **size}],
            "duration": f"{minutes // 60:02.0f}:{minutes % 60:02.0f}:{seconds:06.3f}",
            "aspectRatio": f"{media.width_px}:{media.height_px}",
            "createdAt": video.created,
        }
        return described | ({"sourceMediaId": video.source_asset_id} if video.source_asset_id else {})


def _metadata(asked: object) -> dict[str, str]:
    if not isinstance(asked, dict) or len(asked) > MAX_METADATA_KEYS:
        abort(HTTPStatus.BAD_REQUEST, f"metadata must be an object of {MAX_METADATA_KEYS} keys at most")
    if any(not isinstance(value, str) or len(value) > MAX_METADATA_CHARACTERS for value in asked.values()):
        abort(HTTPStatus.BAD_REQUEST, f"metadata values are texts of {MAX_METADATA_CHARACTERS} characters")
    return asked
