"""A simulated platform as one object: start it, upload to it, break it, read its journal.

What a vendor's protocol decides stands in a file of its own, as a class that is derived from `Simulated`.
"""

from __future__ import annotations

import enum
import json
import threading
import time
from abc import ABC, abstractmethod
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Self

from flask import Flask, Response, abort, g, request, send_file
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server

from worker.demo.simulator.checks import budget
from worker.demo.simulator.checks.budget import Allowance, AllowanceUse, Budget
from worker.demo.simulator.faults import Faults
from worker.demo.simulator.journal import Journal, JournalEntry
from worker.demo.simulator.library import Library, LibraryVideo, Media
from worker.demo.simulator.webhooks import Notice, WebhookSender

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

TOKEN = ("simulated-token-id", "simulated-token-secret")
WEBHOOK_SECRET = "simulated-webhook-secret"  # noqa: S105 - guards nothing

STREAM, IMAGE = "/stream", "/image"  # instead of hosts of their own
NOT_FOUND = "The requested resource either doesn't exist or you don't have access to it."

_POLL_S = 0.02  # how soon the server notices that it is to end


class Change(enum.Enum):
    """What a platform may tell of."""

    READY = enum.auto()
    UPDATED = enum.auto()
    DELETED = enum.auto()


class _Quiet(WSGIRequestHandler):
    """Keeps connections open, as platforms do; the journal replaces the access log."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Leave it to the journal."""


class Simulated(ABC):
    """A platform on a loopback port.

    Args:
        webhooks_to: the receiver's address for its webhooks.
        port: where it serves; 0: at a free one.
        journal_file: where to keep the journal as lines of JSON, beside the one in memory.
        draw: makes a JPEG of a file at a time in seconds; without it there are no pictures.
    """

    name: ClassVar[str]
    retries: ClassVar[int | None] = None  #: after which a webhook is dropped; None: it is sent for ever
    #: How many requests the API answers, by their kind; 600 a minute where the vendor does not say.
    allowances: ClassVar[Mapping[str, Allowance]] = {"all": Allowance(600)}
    may_write = True  #: what the token is allowed; without it, it only reads

    def __init__(
        self,
        webhooks_to: str,
        *,
        port: int = 0,
        journal_file: Path | None = None,
        draw: Callable[[Path, float], bytes] | None = None,
    ) -> None:
        self._closing = threading.Event()
        self._draw = draw
        self._budget: Budget | None = None
        self.webhooks_to: str | None = webhooks_to  #: what people have set at the platform's pages
        self.library = Library()
        self.journal = Journal(journal_file)
        self._sender = WebhookSender(webhooks_to, self.signed, self.journal, self._closing, self.retries)
        self.faults = Faults(self._application(), self.journal, self._closing, self.refused)
        self._server = make_server("127.0.0.1", port, self.faults, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), daemon=True)

    def __enter__(self) -> Self:
        """Serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving and sending."""
        # First, so that planned delays and pauses between deliveries end, and the server with them.
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._sender.close()

    # What the vendor's protocol decides.

    @abstractmethod
    def add_routes(self, app: Flask) -> None:
        """Add the addresses of the API, of files and of pictures."""

    @abstractmethod
    def is_allowed(self) -> bool:
        """Tell whether the present request shows the token, as the API wants it."""

    @abstractmethod
    def refusal(self, status: int, words: str) -> dict[str, Any] | list[Any]:
        """Write the body of an answer that refuses."""

    def refused(self, status: int, words: str) -> Response:
        """Make the whole answer that refuses: JSON, as almost all have it."""
        return Response(json.dumps(self.refusal(status, words)), status, mimetype="application/json")

    @abstractmethod
    def notices(self, change: Change, video: LibraryVideo) -> Sequence[Notice]:
        """Write what the platform sends about a change; nothing where it has no event for it."""

    def signed(self, body: bytes) -> Mapping[str, str]:  # noqa: ARG002 - for those that sign
        """Make the headers that prove who sends these bytes; none where no webhooks are sent."""
        return {}

    @abstractmethod
    def variables(self) -> Mapping[str, str]:
        """Hand out an account's settings, without the prefix of their names."""

    def request_kind(self) -> str:
        """Name the allowance that the present request is charged to."""
        return "all"

    def is_write(self) -> bool:
        """Tell whether the present request takes the permission to write."""
        return request.method != "GET"

    def budget_headers(self, spent: AllowanceUse) -> Mapping[str, str]:
        """Write what an answer says of the allowance; by default only how long to wait, where it refuses."""
        return budget.wait(spent)

    # What people do at the platform, and what can be seen there.

    def limit_requests(
        self, allowance: Allowance | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Answer no more requests to the API than the vendor does, or than an allowance of each kind."""
        kinds = self.allowances
        self._budget = Budget(kinds if allowance is None else dict.fromkeys(kinds, allowance), clock)

    def settings(self, account: str) -> dict[str, str]:
        """Hand out the variables by which the service knows this platform as one of its accounts."""
        prefix = f"{self.name}__{account}__".upper()
        return {prefix + name: value for name, value in self.variables().items()}

    def upload(self, media: Media, *, title: str = "", copies: int = 1, is_private: bool = False) -> str:
        """Take in a video that is ready at once, tell of it in so many copies, and return its id.

        Args:
            media: the file.
            title: what people call it.
            copies: how often each webhook is sent.
            is_private: its file is opened by a token only, where the platform has such videos.
        """
        video = self.library.add(LibraryVideo(media, title=title, is_private=is_private))
        self.tell(Change.READY, video, copies=copies)
        return video.id

    def trim(self, asset_id: str, media: Media, *, copies: int = 1) -> str:
        """Make a clip of a video, which is a new asset that names its source; return its id."""
        source = self.known(asset_id)
        video = self.library.add(LibraryVideo(media, title=source.title, source_asset_id=asset_id))
        self.tell(Change.READY, video, copies=copies)
        return video.id

    def replace(self, asset_id: str, media: Media) -> None:
        """Give a video other content, as platforms do where an id outlives its file; it is ready again."""
        self.tell(Change.READY, self.library.change(asset_id, media=media))

    def delete(self, asset_id: str) -> None:
        """Remove a video, and tell of it."""
        self.tell(Change.DELETED, self.library.remove(asset_id))

    def choose(self, asset_id: str, time_s: float | None) -> None:
        """Set the thumbnail as a person at the platform's own pages does; not in the journal's writes."""
        shown = {"thumbnail_time": time_s, "image": None, "image_id": ""}
        self.tell(Change.UPDATED, self.library.change(asset_id, **shown))

    def announce(self, asset_id: str, *, copies: int = 1) -> None:
        """Tell of a video again, as a new event."""
        self.tell(Change.READY, self.known(asset_id), copies=copies)

    def thumbnail_time(self, asset_id: str) -> float | None:
        """Tell what is shown: seconds of media time; None for the platform's own choice, or a picture."""
        return self.known(asset_id).thumbnail_time

    def is_heard(self) -> bool:
        """Tell whether no webhook is on its way any more."""
        return self._sender.is_idle

    def image_url(self, asset_id: str) -> str:
        """Give the address at which the thumbnail is shown."""
        return f"{self.url}{IMAGE}/{self.known(asset_id).playback_id}/thumbnail.jpg"

    # For the vendors' files.

    def known(self, asset_id: str) -> LibraryVideo:
        """Find a video. Raises KeyError where there is none."""
        video = self.library.get(asset_id)
        if video is None:
            raise KeyError(asset_id)
        return video

    def found(self, asset_id: str) -> LibraryVideo:
        """Find the video that a request is about; refuse the request where there is none."""
        return self.library.get(asset_id) or abort(HTTPStatus.NOT_FOUND, NOT_FOUND)

    def write(self, asset_id: str, **shown: Any) -> LibraryVideo:
        """Change what is shown, as the API was asked to, and tell of it."""
        # Under one lock, so that writes stand in the journal in the order in which they happened.
        with self.library.lock:
            self.found(asset_id)
            # A picture replaces a time, and a time a picture.
            clean = {"thumbnail_time": None, "image": None, "image_id": ""}
            video = self.library.change(asset_id, **{**clean, **shown})
            detail = {"image_bytes": len(video.image)} if video.image else {}
            self.journal.add(
                JournalEntry("write", asset_id=asset_id, thumbnail_time=video.thumbnail_time, detail=detail)
            )
        self.tell(Change.UPDATED, video)
        return video

    def tell(self, change: Change, video: LibraryVideo, *, copies: int = 1) -> None:
        """Send what the platform sends about a change."""
        # Each is sent by a thread of its own, so they may arrive in any order.
        for notice in self.notices(change, video):
            self._sender.send(notice, copies=copies)

    def rendition(self, playback_id: str, name: str) -> Response:
        """Send a file of a video, or a range of it."""
        video = self.played(playback_id)
        if name != video.file_name or video.status != "ready":
            abort(HTTPStatus.NOT_FOUND, NOT_FOUND)
        return send_file(video.media.path, mimetype="video/mp4", conditional=True)

    def picture(self, playback_id: str) -> Response:
        """Send what is shown; where nothing was chosen, the frame in the middle."""
        video = self.played(playback_id)
        if video.image:
            return Response(video.image, mimetype="image/jpeg")
        if self._draw is None:
            abort(HTTPStatus.NOT_FOUND, NOT_FOUND)
        time_s = video.media.duration_s / 2 if video.thumbnail_time is None else video.thumbnail_time
        return Response(self._draw(video.media.path, time_s), mimetype="image/jpeg")

    def played(self, playback_id: str) -> LibraryVideo:
        """Find the video that a file's address stands for; refuse the request where there is none."""
        return self.library.of_playback(playback_id) or abort(HTTPStatus.NOT_FOUND, NOT_FOUND)

    def _application(self) -> Flask:
        app = Flask(__name__, static_folder=None)
        app.add_url_rule(f"{STREAM}/<playback_id>/<name>", view_func=self.rendition, methods=["GET"])
        app.add_url_rule(f"{IMAGE}/<playback_id>/thumbnail.jpg", view_func=self.picture, methods=["GET"])
        self.add_routes(app)
        app.before_request(self._admit)
        app.after_request(self._note)
        app.register_error_handler(HTTPException, lambda e: self.refused(e.code or 500, e.description or ""))
        return app

    def _admit(self) -> None:
        """Refuse a request to the API that shows no token, is one too many, or asks for more than is allowed.

        Files and pictures are another matter: they have public handles, or tokens of their own.
        """
        if request.path.startswith((STREAM, IMAGE)):
            return
        if not self.is_allowed():
            abort(HTTPStatus.UNAUTHORIZED, "Unauthorized request")
        if self._budget is not None:
            g.spent = self._budget.spend(self.request_kind())
            if g.spent.is_over:
                abort(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests")
        if self.is_write() and not self.may_write:
            abort(HTTPStatus.FORBIDDEN, "The token does not have the permission to write")

    def _note(self, answer: Response) -> Response:
        """Write the request down, and say in the answer what is left of the allowance."""
        answer.headers.update(self.budget_headers(g.spent) if "spent" in g else {})
        asset_id = (request.view_args or {}).get("asset_id")
        detail = {"body": request.get_data(as_text=True)} if request.mimetype == "application/json" else {}
        asked = (request.method, request.path, answer.status_code)
        self.journal.add(JournalEntry("request", *asked, asset_id, detail=detail))
        return answer
