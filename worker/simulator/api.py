"""The HTTP side of the simulated platform: API, files and pictures, with Mux's paths and error shapes."""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, abort, request, send_file
from werkzeug.exceptions import HTTPException

from worker.simulator.journal import Entry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from worker.simulator.journal import Journal
    from worker.simulator.library import Library, Video

STREAM, IMAGE = "/stream", "/image"  # instead of hosts of their own
_NOT_FOUND = "The requested resource either doesn't exist or you don't have access to it."
WRITABLE = frozenset({"thumbnail_time", "passthrough", "meta"})


class Api:
    """The application.

    Args:
        library: the videos.
        journal: gets every request and every write.
        token: id and secret that callers of the API must show.
        on_update: called after every accepted write.
        draw: makes a JPEG of a file at a time in seconds; without it there are no pictures.
    """

    def __init__(
        self,
        library: Library,
        journal: Journal,
        *,
        token: tuple[str, str],
        on_update: Callable[[Video], None],
        draw: Callable[[Path, float], bytes] | None = None,
    ) -> None:
        self._library = library
        self._journal = journal
        self._token = token
        self._on_update = on_update
        self._draw = draw

    def application(self) -> Flask:
        """The application, as a server wants it."""
        app = Flask(__name__, static_folder=None)
        asset = "/video/v1/assets/<asset_id>"
        app.add_url_rule(asset, view_func=self.show, methods=["GET"])
        app.add_url_rule(asset, view_func=self.update, methods=["PATCH"])
        app.add_url_rule(f"{asset}/thumbnail-time", view_func=self.unset, methods=["DELETE"])
        app.add_url_rule(f"{STREAM}/<playback_id>/<name>", view_func=self.rendition, methods=["GET"])
        app.add_url_rule(f"{IMAGE}/<playback_id>/thumbnail.jpg", view_func=self.picture, methods=["GET"])
        app.before_request(self.require_token)
        app.after_request(self.note)
        app.register_error_handler(HTTPException, _refusal)
        return app

    def require_token(self) -> None:
        """Of the API, not of files: those have public handles."""
        given = request.authorization
        shown = given and (given.username, given.password)
        if request.path.startswith("/video/") and shown != self._token:
            abort(HTTPStatus.UNAUTHORIZED, "Unauthorized request")

    def show(self, asset_id: str) -> dict[str, Any]:
        """The present state of an asset."""
        return {"data": _known(self._library.get(asset_id)).described()}

    def update(self, asset_id: str) -> dict[str, Any]:
        """Set the thumbnail's time, or what we do not look at."""
        with self._library.lock:
            changes = _changes(_known(self._library.get(asset_id)))
            video = self._library.change(asset_id, **changes)
            if "thumbnail_time" in changes:
                self._journal.add(Entry("write", asset_id=asset_id, thumbnail_time=video.thumbnail_time))
        self._on_update(video)
        return {"data": video.described()}

    def unset(self, asset_id: str) -> tuple[str, int]:
        """Go back to the platform's own thumbnail."""
        with self._library.lock:
            _known(self._library.get(asset_id))
            video = self._library.change(asset_id, thumbnail_time=None)
            self._journal.add(Entry("write", asset_id=asset_id))
        self._on_update(video)
        return "", HTTPStatus.NO_CONTENT

    def rendition(self, playback_id: str, name: str) -> Response:
        """A file of a video, or a range of it."""
        video = _known(self._library.of_playback(playback_id))
        if name != video.file_name or video.status != "ready":
            abort(HTTPStatus.NOT_FOUND, _NOT_FOUND)
        return send_file(video.media.path, mimetype="video/mp4", conditional=True)

    def picture(self, playback_id: str) -> Response:
        """The frame at `time`; without it at the thumbnail's time, and without one in the middle."""
        video = _known(self._library.of_playback(playback_id))
        if self._draw is None:
            abort(HTTPStatus.NOT_FOUND, _NOT_FOUND)
        chosen_s = video.media.duration_s / 2 if video.thumbnail_time is None else video.thumbnail_time
        time_s = request.args.get("time", chosen_s, type=float)
        return Response(self._draw(video.media.path, time_s), mimetype="image/jpeg")

    def note(self, answer: Response) -> Response:
        """Write the request down."""
        asset_id = (request.view_args or {}).get("asset_id")
        detail = {"body": request.get_data(as_text=True)} if request.method == "PATCH" else {}
        path, status = request.path, answer.status_code
        self._journal.add(Entry("request", request.method, path, status, asset_id, detail=detail))
        return answer


def _refusal(error: HTTPException) -> tuple[dict[str, Any], int]:
    code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    kind = {HTTPStatus.UNAUTHORIZED: "unauthorized", HTTPStatus.NOT_FOUND: "not_found"}
    word = kind.get(HTTPStatus(code), "invalid_parameters")
    return {"error": {"type": word, "messages": [error.description]}}, code


def _known(video: Video | None) -> Video:
    if video is None:
        abort(HTTPStatus.NOT_FOUND, _NOT_FOUND)
    return video


def _changes(video: Video) -> dict[str, Any]:
    """What a PATCH asks for, once it is known to be right."""
    if request.mimetype != "application/json":
        abort(HTTPStatus.BAD_REQUEST, "The Content-Type must be application/json")
    try:
        asked = json.loads(request.get_data())
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST, "The body is not JSON")
    if not isinstance(asked, dict) or not asked or not asked.keys() <= WRITABLE:
        abort(HTTPStatus.BAD_REQUEST, f"Only these can be set: {', '.join(sorted(WRITABLE))}")
    if "thumbnail_time" in asked:
        _require_time(video, asked["thumbnail_time"])
        return {"thumbnail_time": float(asked["thumbnail_time"])}
    return {"title": str(asked["meta"].get("title", ""))} if isinstance(asked.get("meta"), dict) else {}


def _require_time(video: Video, time_s: object) -> None:
    if video.status != "ready":
        abort(HTTPStatus.BAD_REQUEST, "The asset is not ready")
    if isinstance(time_s, bool) or not isinstance(time_s, (int, float)) or not math.isfinite(time_s):
        abort(HTTPStatus.BAD_REQUEST, "thumbnail_time must be a number")
    if not 0 <= time_s < video.media.duration_s:
        abort(HTTPStatus.BAD_REQUEST, "thumbnail_time must be within the asset's duration")
