"""PeerTube, simulated: logins and their tokens, files of private videos, and pictures in a form.

Source: https://github.com/Chocobozzz/PeerTube, server/core (seen 2026-11), for all that is refused here.
"""

from __future__ import annotations

import math
import secrets
import time
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from flask import Response, abort, request

from worker.demo.simulator import bodies
from worker.demo.simulator.checks import budget
from worker.demo.simulator.checks.budget import Allowance
from worker.demo.simulator.checks.pictures import JPEG, PNG, WEBP, media_type, require_picture
from worker.demo.simulator.library import LibraryVideo
from worker.demo.simulator.platform import STREAM, Change, Simulated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Flask

    from worker.demo.simulator.checks.budget import AllowanceUse
    from worker.demo.simulator.library import Media
    from worker.demo.simulator.webhooks import Notice

USERNAME, PASSWORD = "simulated-user", "simulated-password"
CLIENT = {"client_id": "simulated-client-id", "client_secret": "simulated-client-secret"}
API = "/api/v1"
CLIENT_PATH, TOKEN_PATH = f"{API}/oauth-clients/local", f"{API}/users/token"
PICTURE_FIELDS = frozenset({"thumbnailfile", "previewfile"})
IMAGE_TYPES = (JPEG, PNG, WEBP)
MAX_IMAGE_BYTES = 8 * 1024 * 1024
DEFAULT_COUNT, MAX_COUNT = 15, 100
ACCESS_LIFETIME_S, REFRESH_LIFETIME_S = 86_400, 14 * 86_400
PUBLIC, PRIVATE = {"id": 1, "label": "Public"}, {"id": 3, "label": "Private"}


class SimulatedPeerTube(Simulated):
    """An instance of version 8.1, and one of its users."""

    name = "peertube"
    # The defaults of an instance: 50 requests in ten seconds, and 15 logins in five minutes.
    allowances: ClassVar[Mapping[str, Allowance]] = {
        "all": Allowance(50, window_s=10.0),
        "login": Allowance(15, window_s=300.0),
    }
    has_second_factor = False  #: whether a login is asked for a code, too
    file_token_lifetime_s = 8 * 3600.0

    def upload(self, media: Media, *, title: str = "", copies: int = 1, is_private: bool = False) -> str:
        """Take in a video, which has a UUID here, as `Simulated.upload`."""
        named = LibraryVideo(media, title=title, is_private=is_private, id=str(uuid.uuid4()))
        self.tell(Change.READY, self.library.add(named), copies=copies)
        return named.id

    def trim(self, asset_id: str, media: Media, *, copies: int = 1) -> str:
        """Take in a clip of a video, which is not known for one."""
        return self.upload(media, title=self.known(asset_id).title, copies=copies)

    def replace(self, asset_id: str, media: Media) -> None:
        """Replace the source of a video, which keeps its id and its picture."""
        self._replaced[asset_id] = self.library.change(asset_id, media=media).changed

    def end_access(self) -> None:
        """Let all access tokens run out; refresh tokens still work, once."""
        self._access.clear()

    def end_sessions(self) -> None:
        """Let all tokens run out."""
        self._access.clear()
        self._refresh.clear()

    def add_routes(self, app: Flask) -> None:
        """Add the addresses that PeerTube documents."""
        self._access: set[str] = set()
        self._refresh: set[str] = set()
        self._file_tokens: dict[str, tuple[str, float]] = {}  # of which video, and until when
        self._replaced: dict[str, str] = {}
        app.add_url_rule(CLIENT_PATH, view_func=lambda: CLIENT, methods=["GET"])
        app.add_url_rule(TOKEN_PATH, view_func=self.log_in, methods=["POST"])
        app.add_url_rule(f"{API}/users/me/videos", view_func=self.list_assets, methods=["GET"])
        video = f"{API}/videos/<asset_id>"
        app.add_url_rule(video, view_func=self.show, methods=["GET"])
        app.add_url_rule(video, view_func=self.update, methods=["PUT"])
        app.add_url_rule(f"{video}/token", view_func=self.give_file_token, methods=["POST"])

    def is_allowed(self) -> bool:
        """Look for an access token, where one is needed."""
        return request.path in {CLIENT_PATH, TOKEN_PATH} or self._is_shown()

    def _is_shown(self) -> bool:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        return kind == "Bearer" and token in self._access

    def is_write(self) -> bool:
        """Tell whether a video is changed: tokens are given to all who may read."""
        return request.method == "PUT"

    def request_kind(self) -> str:
        """Count logins by themselves."""
        return "login" if request.path == TOKEN_PATH else "all"

    def budget_headers(self, spent: AllowanceUse) -> dict[str, str]:
        """Write what is left in every answer, and when there is more, in seconds since 1970.

        Source: https://express-rate-limit.mintlify.app/reference/configuration#legacyheaders
        """
        reset = {"X-RateLimit-Reset": str(math.ceil(time.time() + spent.wait_s))}
        return budget.countdown(spent) | reset | budget.wait(spent)

    def refusal(self, status: int, words: str) -> dict[str, Any]:
        """Describe a problem (RFC 7807), and once more in the field of old versions."""
        title = HTTPStatus(status).phrase
        return {"type": "about:blank", "title": title, "detail": words, "status": status, "error": words}

    def log_in(self) -> dict[str, Any]:
        """Give tokens for a name and a password, or for a refresh token, which works once."""
        if request.mimetype != "application/x-www-form-urlencoded":
            abort(HTTPStatus.BAD_REQUEST, "content must be application/x-www-form-urlencoded")
        form = request.form
        if any(form.get(name) != value for name, value in CLIENT.items()):
            abort(HTTPStatus.BAD_REQUEST, "Invalid client: client is invalid")
        if form.get("grant_type") == "refresh_token":
            if form.get("refresh_token") not in self._refresh:
                abort(HTTPStatus.BAD_REQUEST, "Invalid grant: refresh token is invalid")
            self._refresh.remove(form["refresh_token"])
        elif form.get("grant_type") != "password":
            abort(HTTPStatus.BAD_REQUEST, "Unsupported grant type: `grant_type` is invalid")
        elif (form.get("username"), form.get("password")) != (USERNAME, PASSWORD):
            abort(HTTPStatus.BAD_REQUEST, "Invalid grant: user credentials are invalid")
        elif self.has_second_factor and "x-peertube-otp" not in request.headers:
            abort(HTTPStatus.UNAUTHORIZED, "Missing two factor header")
        access, refresh = secrets.token_hex(20), secrets.token_hex(20)
        self._access.add(access)
        self._refresh.add(refresh)
        return {
            "token_type": "Bearer",
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": ACCESS_LIFETIME_S,
            "refresh_token_expires_in": REFRESH_LIFETIME_S,
        }

    def show(self, asset_id: str) -> dict[str, Any]:
        """Show a video with its files."""
        video = self.found(asset_id)
        media = video.media
        file = {
            "resolution": {"id": media.height_px, "label": f"{media.height_px}p"},
            "width": media.width_px,
            "height": media.height_px,
            "hasVideo": True,
            "hasAudio": True,
            "fileUrl": f"{self.url}{STREAM}/{video.playback_id}/{video.file_name}",
        }
        replaced = self._replaced.get(asset_id)
        return self._described(video) | {
            "files": [file],
            "streamingPlaylists": [],
            "inputFileUpdatedAt": replaced,
        }

    def list_assets(self) -> dict[str, Any]:
        """Show a page of the user's videos, the oldest first."""
        bodies.require_query(sort="createdAt")
        start = request.args.get("start", "0")
        if not start.isdecimal():
            abort(HTTPStatus.BAD_REQUEST, "start must be a whole number")
        count = bodies.page_size("count", DEFAULT_COUNT, MAX_COUNT)
        videos = sorted(self.library.newest(), key=lambda video: video.created_at)
        page = videos[int(start) : int(start) + count]
        return {"total": len(videos), "data": [self._described(video) for video in page]}

    def _described(self, video: LibraryVideo) -> dict[str, Any]:
        return {
            "uuid": video.id,
            "name": video.title,
            "duration": int(video.media.duration_s),
            "createdAt": video.created,
            "updatedAt": video.changed,
            "isLive": False,
            "state": {"id": 1, "label": "Published"},
            "privacy": PRIVATE if video.is_private else PUBLIC,
            "thumbnailPath": f"/lazy-static/thumbnails/{_picture_name(video)}.jpg",
        }

    def update(self, asset_id: str) -> Response:
        """Take a picture in, from a form."""
        self.found(asset_id)
        if request.mimetype != "multipart/form-data" or not request.files:
            abort(HTTPStatus.BAD_REQUEST, "The form has no file")
        unexpected = (request.files.keys() | request.form.keys()) - PICTURE_FIELDS
        if unexpected:
            abort(HTTPStatus.BAD_REQUEST, f"Unexpected field: {', '.join(sorted(unexpected))}")
        pictures = {name: self._picture(name) for name in request.files}
        image = pictures.get("thumbnailfile") or pictures["previewfile"]
        self.write(asset_id, image=image, image_id=str(uuid.uuid4()))
        return Response(status=HTTPStatus.NO_CONTENT)

    def _picture(self, name: str) -> bytes:
        file = request.files[name]
        content = require_picture(file.read(), IMAGE_TYPES, MAX_IMAGE_BYTES)
        if file.mimetype != media_type(content) or not (file.filename or "").endswith(
            (".jpg", ".png", ".webp")
        ):
            abort(HTTPStatus.BAD_REQUEST, f"This {name} is not supported: check its type and its name")
        return content

    def give_file_token(self, asset_id: str) -> dict[str, Any]:
        """Give a token that opens the files of one video."""
        token = str(uuid.uuid4())
        ends_s = time.time() + self.file_token_lifetime_s
        self._file_tokens[token] = self.found(asset_id).id, ends_s
        expires = datetime.fromtimestamp(ends_s, UTC).isoformat(timespec="milliseconds")
        return {"files": {"token": token, "expires": expires.replace("+00:00", "Z")}}

    def rendition(self, playback_id: str, name: str) -> Response:
        """Send a file; that of a private video only to who shows its token."""
        video = self.played(playback_id)
        opened, ends_s = self._file_tokens.get(request.args.get("videoFileToken", ""), ("", 0.0))
        is_open = opened == video.id and time.time() < ends_s
        if video.is_private and not is_open and not self._is_shown():
            abort(HTTPStatus.FORBIDDEN, "The video file token is missing, or opens another video")
        return super().rendition(playback_id, name)

    def notices(self, change: Change, video: LibraryVideo) -> Sequence[Notice]:  # noqa: ARG002 - as of every platform
        """Tell of nothing: PeerTube has hooks for plugins, and no webhooks."""
        return ()

    def variables(self) -> dict[str, str]:
        """Hand out an account's settings, as `Simulated.variables`."""
        return {"API_URL": self.url, "USERNAME": USERNAME, "PASSWORD": PASSWORD}


def _picture_name(video: LibraryVideo) -> str:
    """Name the picture that is shown: ours, one that a person set, or PeerTube's own."""
    chosen = "own" if video.thumbnail_time is None else f"at{video.thumbnail_time:g}"
    return video.image_id or f"{chosen}-{video.playback_id}"
