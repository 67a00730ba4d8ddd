"""A server on this machine that answers as the hub of models does."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = b"weights" * 100_000
SUM = hashlib.sha256(BODY).hexdigest()


@dataclass
class Hub:
    """What the server has: large files, on another host and called by SHA-256, and small ones."""

    endpoint: str = ""
    named_sum: str | None = SUM
    body: bytes = BODY
    missing_bytes: int = 0  #: how much of the end of the body is never sent
    breaks_at: int | None = None  #: the connection breaks off there, once
    status: int = 200
    absent: set[str] = field(default_factory=set)
    small: dict[str, bytes] = field(
        default_factory=dict
    )  #: the bytes of a small file, by the end of its path
    has_small_only: bool = False
    sent_bodies: int = 0

    @property
    def address(self) -> str:
        """Return where a file of weights is."""
        return f"{self.endpoint}/model.safetensors"

    def sent(self, start: int) -> bytes:
        """Return what one answer holds of the body from `start` on."""
        self.sent_bodies += 1
        end, self.breaks_at = self.breaks_at, None
        return self.body[start : len(self.body) - self.missing_bytes if end is None else end]

    def small_file(self, path: str) -> bytes | None:
        """Return the bytes of a small file, or None."""
        return next((content for end, content in self.small.items() if path.endswith(end)), None)


def git_sum(content: bytes) -> str:
    """Compute the sum by which git, and so the hub, calls a small file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    state: Hub

    def do_HEAD(self) -> None:
        """Name the sum, and where the bytes are."""
        small = self.state.small_file(self.path)
        if self.path in self.state.absent or (small is None and self.state.has_small_only):
            self.send_error(404)
            return
        if small is not None:
            self.send_response(200)
            self.send_header("ETag", f'"{git_sum(small)}"')
            self.send_header("Content-Length", str(len(small)))
        else:
            self.send_response(302)
            self.send_header("Location", self.state.endpoint.replace("127.0.0.1", "localhost") + "/bucket")
            if self.state.named_sum:
                self.send_header("X-Linked-ETag", f'"{self.state.named_sum}"')
        self.end_headers()

    def do_GET(self) -> None:
        """Send the bytes, from where the caller wants them."""
        small = self.state.small_file(self.path)
        if small is not None:
            self.do_HEAD()
            self.wfile.write(small)
        elif self.path != "/bucket":
            self.do_HEAD()
        else:
            start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if start and self.state.status == 200 else self.state.status)
            self.send_header("Content-Length", str(len(self.state.body) - start))
            self.end_headers()
            self.wfile.write(self.state.sent(start))

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_request: object) -> None:
        """A client that hangs up early is what these tests are about."""


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """Serve on a free port of this machine."""
    state = Hub()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    state.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
