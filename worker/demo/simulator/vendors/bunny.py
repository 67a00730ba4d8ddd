"""Bunny Stream, simulated: its paths, its webhooks, and its shape of an error."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, abort, request, send_file

from worker.demo.simulator import bodies
from worker.demo.simulator.audience import DAY, HOUR, Audience
from worker.demo.simulator.checks.pictures import GIF, JPEG, PNG, WEBP, require_picture
from worker.demo.simulator.checks.tokens import require_cdn_token
from worker.demo.simulator.library import LibraryVideo
from worker.demo.simulator.platform import NOT_FOUND, STREAM, WEBHOOK_SECRET, Change, Simulated
from worker.demo.simulator.webhooks import Notice
from worker.platforms.shared.signatures import Hex
from worker.platforms.vendors.bunny import OWN_THUMBNAIL, VideoStatus, WebhookStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from worker.demo.simulator.library import Media

LIBRARY_ID, API_KEY = "133", "simulated-api-key"
# Neither types nor limit of a thumbnail are documented: these are assumptions.
IMAGE_TYPES = (JPEG, PNG, GIF, WEBP)
MAX_IMAGE_BYTES = 64 * 1024 * 1024
MAX_PAGE = 1000
SIGNATURE = Hex("X-BunnyStream-Signature")

# VideoModelStatus of the vendor's OpenAPI document has two more, for libraries that encode on demand.
JIT_SEGMENTING, JIT_PLAYLISTS_CREATED = 7, 8

# What is told when a video comes to a status. That 8 is told as a resolution is an assumption.
TOLD = {
    int(VideoStatus.UPLOADED): (WebhookStatus.QUEUED,),
    int(VideoStatus.PROCESSING): (WebhookStatus.PROCESSING,),
    int(VideoStatus.TRANSCODING): (WebhookStatus.ENCODING,),
    JIT_PLAYLISTS_CREATED: (WebhookStatus.RESOLUTION_FINISHED,),
    int(VideoStatus.FINISHED): (WebhookStatus.RESOLUTION_FINISHED, WebhookStatus.FINISHED),
    int(VideoStatus.ERROR): (WebhookStatus.FAILED,),
}
WATCHABLE = {int(VideoStatus.FINISHED), JIT_PLAYLISTS_CREATED}


class SimulatedBunny(Simulated):
    """One video library of Bunny, with MP4 files."""

    name = "bunny"
    is_direct_access_blocked = False  #: files open only for those who come from a page
    cdn_token_key: str | None = None  #: of the pull zone, where files open by a token only; its videos all do

    def add_routes(self, app: Flask) -> None:
        """Add the addresses that Bunny documents."""
        self._statuses: dict[str, int] = {}
        self.audience = Audience()
        app.add_url_rule(f"/library/{LIBRARY_ID}/statistics", view_func=self.statistics, methods=["GET"])
        app.add_url_rule(f"/library/{LIBRARY_ID}/videos", view_func=self.list_assets, methods=["GET"])
        video = f"/library/{LIBRARY_ID}/videos/<asset_id>"
        app.add_url_rule(video, view_func=self.show, methods=["GET"])
        app.add_url_rule(f"{video}/thumbnail", view_func=self.set_thumbnail, methods=["POST"])
        private = f"{STREAM}/<path:token>/<playback_id>/<name>"
        app.add_url_rule(private, view_func=self.private_rendition, methods=["GET"])

    def is_allowed(self) -> bool:
        """Look for the key in a header of Bunny's own."""
        return request.headers.get("AccessKey") == API_KEY

    def refusal(self, status: int, words: str) -> dict[str, Any]:
        """Repeat the status in the body."""
        return {"success": False, "message": words, "statusCode": status}

    def show(self, asset_id: str) -> dict[str, Any]:
        """Show the video."""
        return self._described(self.found(asset_id))

    def list_assets(self) -> dict[str, Any]:
        """Show a page of all videos, the newest first."""
        bodies.require_query(orderBy="date")
        videos = self.library.newest()
        page = bodies.page_of(videos, size="itemsPerPage", max_size=MAX_PAGE)
        return {"totalItems": len(videos), "items": [self._described(video) for video in page]}

    def statistics(self) -> dict[str, Any]:
        """Show views by the hour or the day of UTC; of 30 days where no time is named, or none that can be.

        Source: https://docs.bunny.net/reference/video_getvideostatistics (seen 2026-11)
        """
        now, asset_id = self.audience.clock(), request.args.get("videoGuid")
        if asset_id is not None:
            self.found(asset_id)
        try:
            from_at = datetime.fromisoformat(request.args.get("dateFrom", ""))
            to_at = datetime.fromisoformat(request.args.get("dateTo", now.isoformat()))
        except ValueError:
            from_at, to_at = now - 30 * DAY, now
        step = HOUR if request.args.get("hourly") == "true" else DAY
        told = self.audience.told(asset_id, from_at, to_at, step)
        chart = {f"{at:%Y-%m-%dT%H:%M:%S}": seen for at, seen in told.items()}
        return {
            "viewsChart": {at: seen.plays for at, seen in chart.items()},
            "watchTimeChart": {at: int(seen.watched_s) for at, seen in chart.items()},
            "countryViewCounts": {},
            "countryWatchTime": {},
            "engagementScore": 0,
        }

    def begin(self, media: Media, *, title: str = "") -> str:
        """Take in a video that is not encoded yet, and return its id."""
        video = self.library.add(LibraryVideo(media, title=title))
        self._statuses[video.id] = int(VideoStatus.CREATED)
        return video.id

    def advance(self, asset_id: str, status: int) -> None:
        """Bring a video to a status of the API, and tell of it as Bunny does."""
        self._statuses[asset_id] = status
        for told in TOLD.get(status, ()):
            self._sender.send(_notice(self.known(asset_id), told))

    def set_thumbnail(self, asset_id: str) -> dict[str, Any]:
        """Show a picture, which gets a name of its own."""
        if request.mimetype not in {"application/octet-stream", "image/jpeg"}:
            abort(HTTPStatus.BAD_REQUEST, "The body must be the file itself")
        image = require_picture(request.get_data(), IMAGE_TYPES, MAX_IMAGE_BYTES)
        self.write(asset_id, image=image, image_id=f"thumbnail_{secrets.token_hex(4)}.jpg")
        return {"success": True, "message": "OK", "statusCode": HTTPStatus.OK}

    def rendition(self, playback_id: str, name: str) -> Response:
        """Send a file of the pull zone, where the video's id is the folder; not where a token is needed."""
        if self.cdn_token_key is not None:
            abort(HTTPStatus.FORBIDDEN, "No token is shown")
        return self._file(playback_id, name)

    def private_rendition(self, token: str, playback_id: str, name: str) -> Response:
        """Send a file of the pull zone to who shows a token in the path."""
        if self.cdn_token_key is not None:
            require_cdn_token(token, f"/{playback_id}/{name}", self.cdn_token_key)
        return self._file(playback_id, name)

    def _file(self, playback_id: str, name: str) -> Response:
        video = self.found(playback_id)
        if self.is_direct_access_blocked and "Referer" not in request.headers:
            abort(HTTPStatus.FORBIDDEN, "Direct access is blocked")
        if name != f"play_{video.media.height_px}p.mp4" or self._status(video) not in WATCHABLE:
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
            **({} if self.cdn_token_key is None else {"CDN_TOKEN_KEY": self.cdn_token_key}),
        }

    def _status(self, video: LibraryVideo) -> int:
        return self._statuses.get(video.id, int(VideoStatus.FINISHED))

    def _described(self, video: LibraryVideo) -> dict[str, Any]:
        media, status = video.media, self._status(video)
        is_watchable = status in WATCHABLE
        return {
            "videoLibraryId": int(LIBRARY_ID),
            "guid": video.id,
            "title": video.title,
            "dateUploaded": video.created,
            "length": int(media.duration_s),
            "status": status,
            "framerate": media.frame_rate,
            "width": media.width_px,
            "height": media.height_px,
            "availableResolutions": f"{media.height_px}p" if is_watchable else None,
            "hasMP4Fallback": is_watchable,
            "originalHash": f"{media.path.stat().st_size:064X}",
            "thumbnailFileName": video.image_id or OWN_THUMBNAIL,
        }


def _notice(video: LibraryVideo, status: WebhookStatus) -> Notice:
    said = {"VideoLibraryId": int(LIBRARY_ID), "VideoGuid": video.id, "Status": int(status)}
    return Notice(status.name.lower(), video.id, json.dumps(said).encode())
