"""An address that takes webhooks, answers as it is told, and keeps what was delivered."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class ReceivedRequest(NamedTuple):
    """What somebody sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Inbox:
    """A receiver that answers as told and keeps what was delivered."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[ReceivedRequest] = []
        self.answers: list[int] = []  # the next ones; then 200
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.requests.append(ReceivedRequest(self.command, self.path, dict(self.headers), body))
                self.send_response(inbox.answers.pop(0) if inbox.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_PUT = do_POST  # noqa: N815 - the library's way to name methods

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    @property
    def deliveries(self) -> list[tuple[dict[str, str], bytes]]:
        """Headers and body of all requests."""
        return [(request.headers, request.body) for request in self.requests]

    @classmethod
    @contextmanager
    def serving(cls, port: int = 0) -> Iterator[Inbox]:
        """Serve until the end, at a free port by default."""
        inbox = cls(port)
        thread = threading.Thread(target=inbox.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield inbox
        finally:
            inbox.server.shutdown()
            thread.join()
            inbox.server.server_close()
