"""The simulated platform as one object: start it, upload to it, break it, read its journal."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from worker.simulator.api import IMAGE, STREAM, Api
from worker.simulator.faults import Faults
from worker.simulator.journal import Journal
from worker.simulator.library import Library, Media, Video
from worker.simulator.webhooks import Sender

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TOKEN = ("simulated-token-id", "simulated-token-secret")
WEBHOOK_SECRET = "simulated-webhook-secret"  # noqa: S105 - guards nothing


_POLL_S = 0.02  # how soon the server notices that it is to end


class _Quiet(WSGIRequestHandler):
    """Keeps connections open, as Mux does; the journal replaces the access log."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Leave it to the journal."""


class SimulatedMux:
    """A platform on a free loopback port.

    Args:
        webhooks_to: the receiver's address for its webhooks.
        journal_file: where to keep the journal as lines of JSON, beside the one in memory.
        draw: makes a JPEG of a file at a time in seconds; without it there are no pictures.
    """

    def __init__(
        self,
        webhooks_to: str,
        *,
        journal_file: Path | None = None,
        draw: Callable[[Path, float], bytes] | None = None,
    ) -> None:
        self._closing = threading.Event()
        self._library = Library()
        self.journal = Journal(journal_file)
        self._sender = Sender(webhooks_to, WEBHOOK_SECRET, self.journal, self._closing)
        api = Api(self._library, self.journal, token=TOKEN, on_update=self._tell_update, draw=draw)
        self.faults = Faults(api.application(), self.journal, self._closing)
        self._server = make_server("127.0.0.1", 0, self.faults, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), daemon=True)

    def __enter__(self) -> Self:
        """Serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving and sending."""
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._sender.close()

    def settings(self, account: str) -> dict[str, str]:
        """The variables by which the service knows this platform as an account of Mux."""
        values = {
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
            "TOKEN_ID": TOKEN[0],
            "TOKEN_SECRET": TOKEN[1],
            "API_URL": self.url,
            "STREAM_URL": self.url + STREAM,
            "IMAGE_URL": self.url + IMAGE,
        }
        return {f"MUX__{account.upper()}__{name}": value for name, value in values.items()}

    def upload(self, media: Media, *, title: str = "", copies: int = 1) -> str:
        """Take in a video that is ready at once, tell of it in so many copies, and return its id."""
        video = self._library.add(Video(media, title=title))
        self._sender.send("video.asset.ready", video.described(), copies=copies)
        return video.id

    def trim(self, asset_id: str, media: Media, *, copies: int = 1) -> str:
        """Make a clip of a video, which is a new asset that names its source; return its id."""
        source = self._known(asset_id)
        video = self._library.add(Video(media, title=source.title, source_asset_id=asset_id))
        self._sender.send("video.asset.ready", video.described(), copies=copies)
        return video.id

    def replace(self, asset_id: str, media: Media) -> None:
        """Give a video other content, as platforms do where an id outlives its file; it is ready again."""
        video = self._library.change(asset_id, media=media)
        self._sender.send("video.asset.ready", video.described())

    def delete(self, asset_id: str) -> None:
        """Remove a video, and tell of it."""
        video = self._library.remove(asset_id)
        self._sender.send("video.asset.deleted", video.described())

    def choose(self, asset_id: str, time_s: float | None) -> None:
        """Set the thumbnail as a person at the platform's own pages does; not in the journal's writes."""
        self._tell_update(self._library.change(asset_id, thumbnail_time=time_s))

    def announce(self, asset_id: str, event: str = "video.asset.ready", *, copies: int = 1) -> None:
        """Tell of a video again, as a new event."""
        self._sender.send(event, self._known(asset_id).described(), copies=copies)

    def thumbnail_time(self, asset_id: str) -> float | None:
        """What is shown: seconds of media time; None for the platform's own choice."""
        return self._known(asset_id).thumbnail_time

    def is_heard(self) -> bool:
        """Whether somebody has taken every webhook."""
        return self._sender.outstanding == 0

    def image_url(self, asset_id: str) -> str:
        """Where the thumbnail is shown."""
        return f"{self.url}{IMAGE}/{self._known(asset_id).playback_id}/thumbnail.jpg"

    def _known(self, asset_id: str) -> Video:
        video = self._library.get(asset_id)
        if video is None:
            raise KeyError(asset_id)
        return video

    def _tell_update(self, video: Video) -> None:
        self._sender.send("video.asset.updated", video.described())
