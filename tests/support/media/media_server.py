"""A real HTTP server on loopback that serves files well, or badly in the way that a test names.

    with MediaServer({"/clip.mp4": content}) as server:
        server.answers["/clip.mp4"] = cut_after(1000)

An answer is a function that gets the request's handler and the file's content; `whole` is the good one.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Answer = Callable[["Handler", bytes], None]

ETAG = '"v1"'
_POLL_S = 0.02


@dataclass(frozen=True)
class Request:
    """One request that arrived."""

    path: str  #: with the query
    headers: Mapping[str, str]  #: names in lower case


class MediaServer:
    """Serves `files` by path; `answers` replaces the good answer for some of them."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self.files = dict(files or {})
        self.answers: dict[str, Answer] = {}
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"media": self}))
        self._http.daemon_threads = True
        self.port = self._http.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(_POLL_S,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [request.path for request in self.requests]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    media: MediaServer

    def handle(self) -> None:
        """Serve until the client goes, in whatever way it goes."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        """Answer as the test wants it."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.media.requests.append(Request(self.path, headers))
        path = self.path.partition("?")[0]
        answer = self.media.answers.get(path, whole if path in self.media.files else status(404))
        answer(self, self.media.files.get(path, b""))

    def reply(self, code: int, headers: Mapping[str, object], body: bytes = b"") -> None:
        """Send a status, headers and what is given of the body."""
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def break_off(self) -> None:
        """Close the connection in the middle of the body."""
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


def whole(handler: Handler, content: bytes, *, etag: str = ETAG) -> None:
    """Send the file, or the part of it that is asked for, as a good server does."""
    code, first, last = 200, 0, len(content) - 1
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", ""))
    if asked and handler.headers.get("If-Range", etag) == etag:
        code, first, last = 206, int(asked[1]), min(int(asked[2] or last), last)
    part = content[first : last + 1]
    place = {"Content-Range": f"bytes {first}-{last}/{len(content)}"} if code == 206 else {}
    handler.reply(code, {"Content-Length": len(part), "Accept-Ranges": "bytes", "ETag": etag, **place}, part)


def without_ranges(handler: Handler, content: bytes) -> None:
    """Send all of the file, whatever is asked for."""
    handler.reply(200, {"Content-Length": len(content)}, content)


def cut_after(count: int, *, times: int = 1, etag: str = ETAG) -> Answer:
    """Break off after `count` bytes, the first `times` times; then be good."""
    left = [times]

    def answer(handler: Handler, content: bytes) -> None:
        if not left[0]:
            whole(handler, content, etag=etag)
            return
        left[0] -= 1
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        first = int(asked[1]) if asked and etag.startswith('"') else 0
        place = {"Content-Range": f"bytes {first}-{len(content) - 1}/{len(content)}"} if first else {}
        headers = {"Content-Length": len(content) - first, "ETag": etag, **place}
        handler.reply(206 if first else 200, headers, content[first : first + count])
        handler.break_off()

    return answer


def status(code: int, headers: Mapping[str, object] | None = None) -> Answer:
    """Answer with a status and no body."""
    return lambda handler, _content: handler.reply(code, {"Content-Length": 0, **(headers or {})})


def redirect(to: str) -> Answer:
    """Send the client elsewhere."""
    return status(302, {"Location": to})


def endless(handler: Handler, content: bytes) -> None:
    """Send the file and then zeros, in chunks, for ever."""
    handler.reply(200, {"Transfer-Encoding": "chunked"})
    chunk = content + bytes(64 * 1024)
    while not handler.media.closing.is_set():
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        chunk = bytes(64 * 1024)


def dripping(handler: Handler, content: bytes) -> None:
    """Send one byte after the other, each well before any time-out."""
    handler.reply(200, {"Content-Length": len(content)})
    for byte in content:
        if handler.media.closing.wait(_POLL_S):
            return
        handler.wfile.write(bytes([byte]))


def dripping_headers(handler: Handler, _content: bytes) -> None:
    """Send headers that do not end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not handler.media.closing.wait(_POLL_S):
        handler.wfile.write(b"a")


def silent(handler: Handler, _content: bytes) -> None:
    """Say nothing."""
    handler.media.closing.wait()


def lying(length: int) -> Answer:
    """State another length than the body has, and close."""

    def answer(handler: Handler, content: bytes) -> None:
        handler.reply(200, {"Content-Length": length}, content)
        handler.break_off()

    return answer


def compressed(handler: Handler, content: bytes) -> None:
    """Send gzip, asked for or not."""
    body = gzip.compress(content)
    handler.reply(200, {"Content-Encoding": "gzip", "Content-Length": len(body)}, body)
