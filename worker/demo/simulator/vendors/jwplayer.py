"""JW Player, simulated: media and thumbnails, webhooks signed by a token, and a delivery API beside.

What stands on JW Player's pages is as it is there; the rest is from memory (docs/platforms/jwplayer.md).
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, abort, request

from worker.demo.simulator import bodies
from worker.demo.simulator.checks.addresses import SignedAddresses
from worker.demo.simulator.checks.budget import Allowance
from worker.demo.simulator.checks.pictures import GIF, JPEG, PNG, WEBP, media_type, require_picture
from worker.demo.simulator.platform import IMAGE, NOT_FOUND, STREAM, WEBHOOK_SECRET, Change, Simulated
from worker.demo.simulator.webhooks import Notice
from worker.platforms.shared.jwt_signature import JwtOfBody

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from worker.demo.simulator.library import LibraryVideo

SITE_ID = "9KboGBFu"
API_SECRET = "simulated-api-secret"  # noqa: S105 - guards nothing
SIGNING_SECRET = f"{WEBHOOK_SECRET}-of-thirty-two-letters"
IMAGE_TYPES = (GIF, JPEG, PNG, WEBP)  # what the vendor's client names
MAX_IMAGE_BYTES = 20 * 1024 * 1024  # an assumption
MAX_PAGE = 10_000
LINK_LIFETIME_S = 3600.0
SIGNATURE = JwtOfBody("Authorization")

EVENTS = {
    Change.READY: ("media_available", "conversions_complete"),
    Change.UPDATED: ("media_updated",),
    Change.DELETED: ("media_deleted",),
}


@dataclass
class _Thumbnail:
    media_id: str
    content: bytes = b""
    looks_left: int = 1  #: that find it being processed


class SimulatedJwPlayer(Simulated):
    """One property."""

    name = "jwplayer"
    allowances = {"all": Allowance(60)}  # noqa: RUF012 - a minute, as third parties report

    def add_routes(self, app: Flask) -> None:
        """Add the addresses of the management API, of its storage, and of the delivery API."""
        self._thumbnails: dict[str, _Thumbnail] = {}
        self.links = SignedAddresses(LINK_LIFETIME_S)
        site = f"/v2/sites/{SITE_ID}"
        app.add_url_rule(f"{site}/media/", view_func=self.list_assets, methods=["GET"])
        app.add_url_rule(f"{site}/media/<asset_id>/", view_func=self.show, methods=["GET"])
        app.add_url_rule(f"{site}/thumbnails/", view_func=self.list_thumbnails, methods=["GET"])
        app.add_url_rule(f"{site}/thumbnails/", view_func=self.add_thumbnail, methods=["POST"])
        one = f"{site}/thumbnails/<thumbnail_id>/"
        app.add_url_rule(one, view_func=self.show_thumbnail, methods=["GET"])
        app.add_url_rule(one, view_func=self.choose_poster, methods=["PATCH"])
        app.add_url_rule(one, view_func=self.remove_thumbnail, methods=["DELETE"])
        app.add_url_rule(f"{IMAGE}/upload/<thumbnail_id>", view_func=self.store, methods=["PUT"])
        app.add_url_rule(f"{STREAM}/v2/media/<asset_id>", view_func=self.delivered, methods=["GET"])

    def is_allowed(self) -> bool:
        """Look for the secret of the API key."""
        return request.headers.get("Authorization") == f"Bearer {API_SECRET}"

    def refusal(self, status: int, words: str) -> dict[str, Any]:
        """List one error."""
        return {"errors": [{"code": HTTPStatus(status).name.lower(), "description": words}]}

    def list_assets(self) -> dict[str, Any]:
        """Show a page of all media, those that changed last first."""
        bodies.require_query(sort="last_modified:dsc")
        videos = self.library.last_changed()
        page = bodies.page_of(videos, size="page_length", max_size=MAX_PAGE)
        return {"total": len(videos), "media": [self._described(video) for video in page]}

    def show(self, asset_id: str) -> dict[str, Any]:
        """Show the media."""
        return self._described(self.found(asset_id))

    def list_thumbnails(self) -> dict[str, Any]:
        """Show the thumbnails of one media: its own first, and then those that were added."""
        asked, _, media_id = request.args.get("q", "").partition(":")
        video = self.found(media_id)
        if asked != "media_id":
            abort(HTTPStatus.BAD_REQUEST, "q must be media_id:ID")
        ids = [_own_id(video), *self.thumbnails_of(media_id)]
        found = [_shown_thumbnail(one, video, "ready") for one in dict.fromkeys([*ids, _poster_id(video)])]
        page = bodies.page_of(found, size="page_length", max_size=MAX_PAGE)
        return {"total": len(found), "thumbnails": page}

    def add_thumbnail(self) -> tuple[dict[str, Any], int]:
        """Make room for a picture."""
        asked = bodies.fields({"upload", "relationships"})
        upload = {"method": "direct", "source_type": "custom_upload", "thumbnail_type": "static"}
        given = asked.get("upload")
        if not isinstance(given, dict) or {**upload, "mime_type": given.get("mime_type")} != given:
            abort(HTTPStatus.BAD_REQUEST, "upload is not one of a static thumbnail")
        try:
            ((media,),) = [asked["relationships"]["media"]]
            video = self.found(media["id"])
        except (KeyError, TypeError, ValueError):
            abort(HTTPStatus.BAD_REQUEST, "relationships must name one media")
        thumbnail_id = secrets.token_hex(4)
        self._thumbnails[thumbnail_id] = _Thumbnail(video.id)
        path = f"{IMAGE}/upload/{thumbnail_id}"
        link = self.url + path + self.links.sign(path)
        answer = _shown_thumbnail(thumbnail_id, video, "created") | {"upload_link": link}
        return answer, HTTPStatus.CREATED

    def store(self, thumbnail_id: str) -> Response:
        """Take the bytes in; the address is signed, and a secret is refused here."""
        self.links.require()
        # The real storage is another host, which must not see the secret.
        if "Authorization" in request.headers or thumbnail_id not in self._thumbnails:
            abort(HTTPStatus.FORBIDDEN, "This address takes no picture, or no stranger's secret")
        content = require_picture(request.get_data(), IMAGE_TYPES, MAX_IMAGE_BYTES)
        if request.mimetype != media_type(content):
            abort(HTTPStatus.BAD_REQUEST, "The Content-Type is not that of the picture")
        self._thumbnails[thumbnail_id].content = content
        return Response()

    def show_thumbnail(self, thumbnail_id: str) -> dict[str, Any]:
        """Show a thumbnail; the first look finds it being processed."""
        thumbnail = self._added(thumbnail_id)
        is_busy = thumbnail.looks_left > 0
        thumbnail.looks_left -= 1
        status = "created" if not thumbnail.content else "processing" if is_busy else "ready"
        return _shown_thumbnail(thumbnail_id, self.found(thumbnail.media_id), status)

    def choose_poster(self, thumbnail_id: str) -> dict[str, Any]:
        """Show a picture that is ready."""
        thumbnail = self._added(thumbnail_id)
        asked = bodies.fields({"relationships"})["relationships"]
        if asked != {"media": [{"id": thumbnail.media_id, "is_poster": True}]}:
            abort(HTTPStatus.BAD_REQUEST, "relationships must name its media")
        if not thumbnail.content or thumbnail.looks_left > 0:
            abort(HTTPStatus.BAD_REQUEST, "The thumbnail is not ready")
        video = self.write(thumbnail.media_id, image=thumbnail.content, image_id=thumbnail_id)
        return _shown_thumbnail(thumbnail_id, video, "ready")

    def remove_thumbnail(self, thumbnail_id: str) -> tuple[str, int]:
        """Take a picture out of the list."""
        self._added(thumbnail_id)
        del self._thumbnails[thumbnail_id]
        return "", HTTPStatus.NO_CONTENT

    def thumbnails_of(self, media_id: str) -> list[str]:
        """List the pictures that were added to a media."""
        return [key for key, one in self._thumbnails.items() if one.media_id == media_id]

    def delivered(self, asset_id: str) -> dict[str, Any]:
        """List the files as the delivery API does, which wants no secret and must not see one."""
        if "Authorization" in request.headers:
            abort(HTTPStatus.FORBIDDEN, "This is another host")
        video = self.found(asset_id)
        file = {
            "file": f"{self.url}{STREAM}/{video.playback_id}/{video.file_name}",
            "type": "video/mp4",
            "width": video.media.width_px,
            "height": video.media.height_px,
        }
        return {"playlist": [{"mediaid": video.id, "title": video.title, "sources": [file]}]}

    def notices(self, change: Change, video: LibraryVideo) -> Sequence[Notice]:
        """Tell of each event by itself."""
        now = datetime.now(UTC).isoformat()
        common = {"media_id": video.id, "webhook_id": "2yW4KmiG", "site_id": SITE_ID, "event_time": now}
        return [
            Notice(event, video.id, json.dumps({"event": event, **common}).encode())
            for event in EVENTS[change]
        ]

    def signed(self, body: bytes) -> dict[str, str]:
        """Sign a token that holds the body."""
        return SIGNATURE.sign(body, SIGNING_SECRET)

    def variables(self) -> dict[str, str]:
        """Hand out an account's settings, as `Simulated.variables`."""
        return {
            "WEBHOOK_SECRET": SIGNING_SECRET,
            "SITE_ID": SITE_ID,
            "API_SECRET": API_SECRET,
            "API_URL": f"{self.url}/v2",
            "DELIVERY_URL": f"{self.url}{STREAM}",
        }

    def _added(self, thumbnail_id: str) -> _Thumbnail:
        return self._thumbnails.get(thumbnail_id) or abort(HTTPStatus.NOT_FOUND, NOT_FOUND)

    def _described(self, video: LibraryVideo) -> dict[str, Any]:
        return {
            "id": video.id,
            "type": "media",
            "created": video.created,
            "last_modified": video.changed,
            "status": "ready",
            "media_type": "video",
            "duration": video.media.duration_s,
            "source_url": None,
            "metadata": {"title": video.title},
        }


def _own_id(video: LibraryVideo) -> str:
    return f"own-{video.id[:8]}"


def _poster_id(video: LibraryVideo) -> str:
    """Name the picture that is shown: ours, one that a person chose there, or JW Player's own."""
    chosen = _own_id(video) if video.thumbnail_time is None else f"at{video.thumbnail_time:g}"
    return video.image_id or chosen


def _shown_thumbnail(thumbnail_id: str, video: LibraryVideo, status: str) -> dict[str, Any]:
    is_poster = thumbnail_id == _poster_id(video)
    return {
        "id": thumbnail_id,
        "type": "thumbnail",
        "status": status,
        "thumbnail_type": "static",
        "relationships": {"media": [{"id": video.id, "is_poster": is_poster}]},
    }
