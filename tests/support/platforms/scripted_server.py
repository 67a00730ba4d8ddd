"""A small real HTTP server whose answers are written down beforehand, and which notes what it was asked."""

from __future__ import annotations

import itertools
import json
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CUT = 0  #: a "status" that closes the connection with no answer
POLL_S = 0.01  # how soon the server sees that it is to stop


@dataclass(frozen=True)
class Answer:
    """One answer."""

    status: int = 200
    json: object = None
    headers: Mapping[str, str] = field(default_factory=dict)  #: an empty one is left out
    raw: bytes = b""  #: in place of `json`
    pause_s: float = 0.0  #: between two bytes of the body

    @property
    def body(self) -> bytes:
        """What is sent."""
        return self.raw if self.json is None else json.dumps(self.json).encode()


@dataclass(frozen=True)
class Asked:
    """One request that came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class Scripted:
    """The server: its address, its answers still to give, and its journal."""

    url: str
    answers: list[Answer]
    journal: list[Asked] = field(default_factory=list)
    number: int = field(default_factory=itertools.count().__next__)  #: of the server; ports come again

    @property
    def asked(self) -> list[str]:
        """The journal in short."""
        return [f"{asked.method} {asked.path}" for asked in self.journal]


@contextmanager
def serving(*answers: Answer) -> Iterator[Scripted]:
    """Answer in this order; the last answer stays."""
    script = Scripted("", list(answers))

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            script.journal.append(Asked(self.command, self.path, dict(self.headers), body))
            answer = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
            if answer.status == CUT:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            if self.command == "HEAD":
                return
            # A client that has read enough goes away.
            with suppress(ConnectionError):
                self.send_body(answer)

        def send_body(self, answer: Answer) -> None:
            step = 1 if answer.pause_s else max(1, len(answer.body))
            for start in range(0, len(answer.body), step):
                self.wfile.write(answer.body[start : start + step])
                time.sleep(answer.pause_s)

        do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,))
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
