"""Vimeo, simulated: its paths, its three steps to a thumbnail, and its shape of an error."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Response, abort, request

from worker.demo.simulator import bodies
from worker.demo.simulator.checks import budget
from worker.demo.simulator.checks.addresses import SignedAddresses
from worker.demo.simulator.checks.pictures import GIF, JPEG, PNG, media_type, require_picture
from worker.demo.simulator.platform import IMAGE, STREAM, Change, Simulated
from worker.platforms.vendors.vimeo import MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from worker.demo.simulator.checks.budget import AllowanceUse
    from worker.demo.simulator.library import LibraryVideo
    from worker.demo.simulator.webhooks import Notice

ACCESS_TOKEN = "simulated-access-token"  # noqa: S105 - guards nothing
# https://developer.vimeo.com/api/upload/thumbnails names neither types nor a limit: these are assumptions.
IMAGE_TYPES = (JPEG, PNG, GIF)
MAX_IMAGE_BYTES = 10 * 1024 * 1024
MAX_PAGE = 100  # https://developer.vimeo.com/api/common-formats
LINK_LIFETIME_S = 3600.0  # that links run out is documented, when is not


class _Picture(NamedTuple):
    asset_id: str
    content: bytes = b""


class SimulatedVimeo(Simulated):
    """One account whose plan gives access to files."""

    name = "vimeo"

    def add_routes(self, app: Flask) -> None:
        """Add the addresses that Vimeo documents, and that of its storage."""
        self._pictures: dict[str, _Picture] = {}
        self.links = SignedAddresses(LINK_LIFETIME_S)  #: of files and uploads, opened without our token
        app.add_url_rule("/me/videos", view_func=self.list_assets, methods=["GET"])
        video = "/videos/<asset_id>"
        app.add_url_rule(video, view_func=self.show, methods=["GET"])
        app.add_url_rule(f"{video}/pictures", view_func=self.add_picture, methods=["POST"])
        app.add_url_rule(f"{video}/pictures/<picture_id>", view_func=self.activate, methods=["PATCH"])
        app.add_url_rule(f"{IMAGE}/upload/<picture_id>", view_func=self.store, methods=["PUT"])

    def is_allowed(self) -> bool:
        """Look for the token, as OAuth shows it, and for the version of the API."""
        if request.headers.get("Accept") != MEDIA_TYPE:
            abort(HTTPStatus.NOT_ACCEPTABLE, "Name the version in Accept")
        return request.headers.get("Authorization") == f"Bearer {ACCESS_TOKEN}"

    def refusal(self, status: int, words: str) -> dict[str, Any]:
        """Write words for people and for developers."""
        return {"error": "Something went wrong.", "developer_message": words, "error_code": status}

    def budget_headers(self, spent: AllowanceUse) -> dict[str, str]:
        """Write what is left in every answer, and the time at which there is more.

        Source: https://developer.vimeo.com/guidelines/rate-limiting; the numbers depend on the plan.
        """
        return budget.countdown(spent) | {"X-RateLimit-Reset": spent.resets_at}

    def show(self, asset_id: str) -> Any:
        """Show the video, or the fields of it that are asked for."""
        return _selected(self._described(self.found(asset_id)))

    def list_assets(self) -> dict[str, Any]:
        """Show a page of all videos, those that changed last first."""
        bodies.require_query(sort="modified_time", direction="desc")
        videos = self.library.last_changed()
        page = bodies.page_of(videos, max_size=MAX_PAGE)
        return {"total": len(videos), "data": [_selected(self._described(video)) for video in page]}

    def _described(self, video: LibraryVideo) -> dict[str, Any]:
        media = video.media
        path = f"{STREAM}/{video.playback_id}/{video.file_name}"
        file = {
            "quality": "hd",
            "type": "video/mp4",
            "width": media.width_px,
            "height": media.height_px,
            "link": self.url + path + self.links.sign(path),
        }
        return {
            "uri": f"/videos/{video.id}",
            "name": video.title,
            "duration": int(media.duration_s),
            "width": media.width_px,
            "height": media.height_px,
            "created_time": video.created,
            "modified_time": video.changed,
            "transcode": {"status": "complete"},
            "pictures": {"uri": f"/videos/{video.id}/pictures/{_picture_id(video)}"},
            "privacy": {"view": "nobody" if video.is_private else "anybody"},
            "files": [file],
            "download": [file],
            "metadata": {"connections": {"versions": {"current_uri": f"/videos/{video.id}/versions/1"}}},
        }

    def add_picture(self, asset_id: str) -> tuple[dict[str, Any], int]:
        """Make room for a picture, or cut one at a time."""
        video = self.found(asset_id)
        asked = bodies.fields({"time", "active"}) if request.get_data() else {}
        picture_id = secrets.token_hex(4)
        if "time" in asked:
            time_s = bodies.require_number(asked["time"], "time")
            if not 0 <= time_s < video.media.duration_s:
                abort(HTTPStatus.BAD_REQUEST, "The time is not within the video")
            if asked.get("active") is True:
                self.write(asset_id, thumbnail_time=time_s, image_id=picture_id)
        self._pictures[picture_id] = _Picture(asset_id)
        path = f"{IMAGE}/upload/{picture_id}"
        answer = {
            "uri": f"/videos/{asset_id}/pictures/{picture_id}",
            "link": self.url + path + self.links.sign(path),
        }
        return answer, HTTPStatus.CREATED

    def store(self, picture_id: str) -> Response:
        """Take the bytes in; the address is signed, and a token is refused here."""
        self.links.require()
        # The real storage is another host, which must not see the token.
        if "Authorization" in request.headers or picture_id not in self._pictures:
            abort(HTTPStatus.FORBIDDEN, "This address takes no picture, or no stranger's token")
        content = require_picture(request.get_data(), IMAGE_TYPES, MAX_IMAGE_BYTES)
        if request.mimetype != media_type(content):
            abort(HTTPStatus.BAD_REQUEST, "The Content-Type is not that of the picture")
        self._pictures[picture_id] = self._pictures[picture_id]._replace(content=content)
        return Response()

    def rendition(self, playback_id: str, name: str) -> Response:
        """Send a file, by a signed address only."""
        self.links.require()
        return super().rendition(playback_id, name)

    def activate(self, asset_id: str, picture_id: str) -> dict[str, Any]:
        """Show a picture that is there."""
        self.found(asset_id)
        picture = self._pictures.get(picture_id, _Picture(""))
        if bodies.fields({"active"})["active"] is not True or not picture.content:
            abort(HTTPStatus.BAD_REQUEST, "There is no such picture")
        self.write(asset_id, image=picture.content, image_id=picture_id)
        return {"uri": f"/videos/{asset_id}/pictures/{picture_id}", "active": True}

    def notices(self, change: Change, video: LibraryVideo) -> Sequence[Notice]:  # noqa: ARG002 - as of every platform
        """Tell of nothing: Vimeo has no webhook that helps."""
        return ()

    def variables(self) -> dict[str, str]:
        """Hand out an account's settings, as `Simulated.variables`."""
        return {"ACCESS_TOKEN": ACCESS_TOKEN, "API_URL": self.url}


def _picture_id(video: LibraryVideo) -> str:
    """Name the picture that is shown: ours, one chosen at Vimeo's pages, or Vimeo's own."""
    chosen = "own" if video.thumbnail_time is None else f"at{video.thumbnail_time:g}"
    return video.image_id or chosen


def _selected(video: dict[str, Any]) -> Any:
    """Leave of an answer what the present request asks for by `fields`; a name that is unknown is dropped.

    Source: https://developer.vimeo.com/api/common-formats#json-filter
    """
    asked = request.args.get("fields", "")
    return _part(video, [name.split(".") for name in asked.split(",")]) if asked else video


def _part(value: Any, names: list[list[str]]) -> Any:
    if isinstance(value, list):
        return [_part(item, names) for item in value]
    if not isinstance(value, dict) or [] in names:  # asked for as a whole
        return value
    below: dict[str, list[list[str]]] = {}
    for first, *rest in names:
        below.setdefault(first, []).append(rest)
    return {name: _part(value[name], rest) for name, rest in below.items() if name in value}
