"""Hosts that never come to an end, at each stage of an exchange; each is a context manager of its address."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

PAUSE_S = 0.02  #: between two bytes: well within any limit on a single read
LET_GO_S = 5.0  #: how long a host goes on at most, where the test has failed


@contextmanager
def head_that_trickles() -> Iterator[str]:
    """Send a header that does not end, byte by byte."""
    with _answering(b"HTTP/1.1 200 OK\r\nX-Long: ", scheme="http") as url:
        yield url


@contextmanager
def body_that_trickles() -> Iterator[str]:
    """Send a body that does not end, byte by byte."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n"
    with _answering(head + b"Content-Length: 100000\r\n\r\n#EXTM3U\n", scheme="http") as url:
        yield url


@contextmanager
def interim_answers_for_ever() -> Iterator[str]:
    """Send one `103 Early Hints` after the other."""
    with _answering(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", scheme="http") as url:
        yield url


@contextmanager
def handshake_that_trickles() -> Iterator[str]:
    """Begin a TLS record, a server's first, and send it byte by byte."""
    with _answering(b"\x16\x03\x03\x40\x00", b"\0", scheme="https") as url:
        yield url


@contextmanager
def black_hole() -> Iterator[str]:
    """Take no connection: the queue of those who want one is full, and the system drops what else comes."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting: list[socket.socket] = []
        with suppress(TimeoutError):
            while True:
                waiting.append(socket.create_connection(server.getsockname(), timeout=0.1))
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        for connection in waiting:
            connection.close()


@contextmanager
def host_that_never_reads() -> Iterator[str]:
    """Take a connection, and nothing that comes over it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def silent_name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let no question for a name be answered."""
    closing = threading.Event()

    def hang(*_: Any, **__: Any) -> list[Any]:
        closing.wait(LET_GO_S)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield "http://localhost:9"
    closing.set()


@contextmanager
def _answering(first: bytes, then: bytes = b"a", *, scheme: str) -> Iterator[str]:
    """Send `first` to whoever asks, and then the same again and again."""
    closing = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            ends_s = time.monotonic() + LET_GO_S
            with suppress(OSError):  # whoever asked has gone
                self.request.recv(65_536)
                self.request.sendall(first)
                while time.monotonic() < ends_s and not closing.wait(PAUSE_S):
                    self.request.sendall(then)

    with _server(Handler) as server:
        yield f"{scheme}://localhost:{server.server_address[1]}"
        closing.set()


@contextmanager
def _server(handler: Callable[..., socketserver.BaseRequestHandler]) -> Iterator[socketserver.TCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(PAUSE_S,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
