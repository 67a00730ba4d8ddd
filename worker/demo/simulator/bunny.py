"""Bunny Stream, simulated: its paths, its webhooks, and its shape of an error."""

from __future__ import annotations

import json
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, abort, request, send_file

from worker.demo.simulator import bodies
from worker.demo.simulator.platform import NOT_FOUND, STREAM, WEBHOOK_SECRET, Change, Simulated
from worker.demo.simulator.webhooks import Notice
from worker.platforms.bunny import OWN_THUMBNAIL, VideoStatus, WebhookStatus
from worker.platforms.shared.signatures import Hex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from worker.demo.simulator.library import LibraryVideo

LIBRARY_ID, API_KEY = "133", "simulated-api-key"
MAX_IMAGE_BYTES = 64 * 1024 * 1024  # the real limit is not documented
SIGNATURE = Hex("X-BunnyStream-Signature")


class SimulatedBunny(Simulated):
    """One video library of Bunny, with MP4 files."""

    name = "bunny"
    is_direct_access_blocked = False  #: files open only for those who come from a page

    def add_routes(self, app: Flask) -> None:
        """Add the addresses that Bunny documents."""
        app.add_url_rule(f"/library/{LIBRARY_ID}/videos", view_func=self.list_assets, methods=["GET"])
        video = f"/library/{LIBRARY_ID}/videos/<asset_id>"
        app.add_url_rule(video, view_func=self.show, methods=["GET"])
        app.add_url_rule(f"{video}/thumbnail", view_func=self.set_thumbnail, methods=["POST"])

    def is_allowed(self) -> bool:
        """Look for the key in a header of Bunny's own."""
        return request.headers.get("AccessKey") == API_KEY

    def refusal(self, status: int, words: str) -> dict[str, Any]:
        """Repeat the status in the body."""
        return {"success": False, "message": words, "statusCode": status}

    def show(self, asset_id: str) -> dict[str, Any]:
        """Show the video."""
        return _described(self.found(asset_id))

    def list_assets(self) -> dict[str, Any]:
        """Show a page of all videos, the newest first."""
        bodies.require_query(orderBy="date")
        videos = self.library.newest()
        page = bodies.page_of(videos, size="itemsPerPage", max_size=1000)
        return {"totalItems": len(videos), "items": [_described(video) for video in page]}

    def set_thumbnail(self, asset_id: str) -> dict[str, Any]:
        """Show a picture, which gets a name of its own."""
        if request.mimetype not in {"application/octet-stream", "image/jpeg"}:
            abort(HTTPStatus.BAD_REQUEST, "The body must be the file itself")
        image = bodies.jpeg(request.get_data(), MAX_IMAGE_BYTES)
        self.write(asset_id, image=image, image_id=f"thumbnail_{secrets.token_hex(4)}.jpg")
        return {"success": True, "message": "OK", "statusCode": HTTPStatus.OK}

    def rendition(self, playback_id: str, name: str) -> Response:
        """Send a file of the pull zone, where the video's id is the folder."""
        video = self.found(playback_id)
        if self.is_direct_access_blocked and "Referer" not in request.headers:
            abort(HTTPStatus.FORBIDDEN, "Direct access is blocked")
        if name != f"play_{video.media.height_px}p.mp4":
            abort(HTTPStatus.NOT_FOUND, NOT_FOUND)
        return send_file(video.media.path, mimetype="video/mp4", conditional=True)

    def notices(self, change: Change, video: LibraryVideo) -> Sequence[Notice]:
        """Tell of the first resolution, and of the end of the work; nothing of updates and deletes."""
        if change is not Change.READY:
            return ()
        return [
            _notice(video, status) for status in (WebhookStatus.RESOLUTION_FINISHED, WebhookStatus.FINISHED)
        ]

    def signed(self, body: bytes) -> dict[str, str]:
        """Sign the body alone."""
        return {
            "X-BunnyStream-Signature-Version": "v1",
            "X-BunnyStream-Signature-Algorithm": "hmac-sha256",
            **SIGNATURE.sign(body, WEBHOOK_SECRET),
        }

    def variables(self) -> dict[str, str]:
        """Hand out an account's settings, as `Simulated.variables`."""
        return {
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
            "LIBRARY_ID": LIBRARY_ID,
            "API_KEY": API_KEY,
            "API_URL": self.url,
            "CDN_URL": self.url + STREAM,
        }


def _described(video: LibraryVideo) -> dict[str, Any]:
    media = video.media
    return {
        "videoLibraryId": int(LIBRARY_ID),
        "guid": video.id,
        "title": video.title,
        "dateUploaded": video.created,
        "length": int(media.duration_s),
        "status": int(VideoStatus.FINISHED),
        "framerate": media.frame_rate,
        "width": media.width_px,
        "height": media.height_px,
        "availableResolutions": f"{media.height_px}p",
        "hasMP4Fallback": True,
        "originalHash": f"{media.path.stat().st_size:064X}",
        "thumbnailFileName": video.image_id or OWN_THUMBNAIL,
    }


def _notice(video: LibraryVideo, status: WebhookStatus) -> Notice:
    said = {"VideoLibraryId": int(LIBRARY_ID), "VideoGuid": video.id, "Status": int(status)}
    return Notice(status.name.lower(), video.id, json.dumps(said).encode())
