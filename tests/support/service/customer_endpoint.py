"""An address that takes webhooks, answers as it is told, and keeps what was delivered."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Inbox:
    """A receiver that answers as told and keeps what was delivered."""

    def __init__(self, port: int = 0) -> None:
        self.deliveries: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []  # the next ones; then 200
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.deliveries.append((dict(self.headers), body))
                self.send_response(inbox.answers.pop(0) if inbox.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

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
