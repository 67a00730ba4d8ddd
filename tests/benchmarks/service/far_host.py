"""A host of a folder's files that answers each request after a while, as one far away does, and counts."""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK_BYTES = 64 * 1024


class FarHost:
    """Serves a folder on loopback, with ranges. Use it as a context manager."""

    def __init__(self, folder: Path, latency_s: float) -> None:
        self.folder, self.latency_s = folder, latency_s
        self.requests, self.sent_bytes = 0, 0
        self.counting = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"host": self}))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: FarHost

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        """Send a file or the part of it that is asked for."""
        time.sleep(self.host.latency_s)
        file = self.host.folder / unquote(self.path).lstrip("/")
        size, first, code = file.stat().st_size, 0, 200
        last = size - 1
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last, code = int(asked[1]), min(int(asked[2] or last), last), 206
        self.send_response(code)
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("ETag", '"1"')
        self.send_header("Accept-Ranges", "bytes")
        if code == 206:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        with self.host.counting:
            self.host.requests += 1
        self._send(file, first, last - first + 1)

    def _send(self, file: Path, first: int, left: int) -> None:
        with file.open("rb") as content:
            content.seek(first)
            while left > 0 and (chunk := content.read(min(left, _CHUNK_BYTES))):
                self.wfile.write(chunk)
                left -= len(chunk)
                with self.host.counting:
                    self.host.sent_bytes += len(chunk)

    def log_message(self, *_: object) -> None:
        """Keep the table clean."""
