"""A strict fake of a server with a vision-language model, which answers by a script."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple, Self

from tests.support.judge_server.contract import MOST_BODY_BYTES, Breach, read_request
from tests.support.judge_server.replies import Pace, Reply, failure

if TYPE_CHECKING:
    from types import TracebackType

    from tests.support.judge_server.asked import JudgeRequest
    from tests.support.judge_server.scripts import Script

DRIP_S = 1.0


class Usage(NamedTuple):
    """What was asked and answered so far."""

    requests: int
    prompt_tokens: int
    answer_tokens: int
    sent_bytes: int


class FakeJudge:
    """A judge on a free port of this machine, as a context manager.

    A request that breaks the contract (`contract.py`) is answered by 400 and adds to `complaints`. A test
    that leaves the context with complaints fails; one that is about them clears the list.

    Args:
        script: answers the requests; it may be changed at any time.
        model: that it has; any where it is None.
        api_key: that it wants; any, or none, where it is None.
        remembers: keeps `asked`; a benchmark's thousands of requests have gigabytes of pictures.
    """

    def __init__(
        self,
        script: Script,
        *,
        model: str | None = None,
        api_key: str | None = None,
        remembers: bool = True,
    ) -> None:
        self.script = script
        self.remembers = remembers
        self.model = model
        self.api_key = api_key
        self.asked: list[JudgeRequest] = []  #: every request that kept the contract
        self.complaints: list[str] = []  #: every breach of the contract
        self.usage = Usage(0, 0, 0, 0)  #: what was asked and answered so far
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"judge": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """What JUDGE_URL is set to."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def reply_to(self, path: str, headers: dict[str, str], raw: bytes) -> Reply:
        """Answer one POST."""
        try:
            asked = read_request(path, headers, raw)
            if refusal := self._refusal(asked):
                return refusal
            self._count(Usage(1, asked.prompt_tokens, 0, asked.size_bytes))
            if self.remembers:
                self.asked.append(asked)
            reply = self.script(asked)
        except Exception as error:  # noqa: BLE001 - a script that fails in this thread would be seen by nobody
            faults = error.faults if isinstance(error, Breach) else [repr(error)]
            with self._lock:
                self.complaints += faults
            return failure(400, "; ".join(faults))
        self._count(Usage(0, 0, reply.answer_tokens, 0))
        return reply

    def waits(self, time_s: float | None = None) -> bool:
        """Wait; returns True as soon as this judge is shut down."""
        return self._ends.wait(time_s)

    def is_locked(self, authorization: str | None) -> bool:
        """Tell whether it wants a key, and this header has another one, or none."""
        return self.api_key is not None and authorization != f"Bearer {self.api_key}"

    def _count(self, more: Usage) -> None:
        with self._lock:
            self.usage = Usage(*(old + new for old, new in zip(self.usage, more, strict=True)))

    def _refusal(self, asked: JudgeRequest) -> Reply | None:
        if self.is_locked(asked.headers.get("authorization")):
            return failure(401, "Invalid API key")
        if self.model is not None and asked.body["model"] != self.model:
            return failure(404, f"The model `{asked.body['model']}` does not exist.")
        return None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if kind is None and self.complaints:
            raise AssertionError("the judge complains: " + "; ".join(self.complaints))


class _Handler(BaseHTTPRequestHandler):
    judge: FakeJudge
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        raw = self.rfile.read(min(length, 4 * MOST_BODY_BYTES))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.judge.reply_to(self.path, headers, raw))

    def do_GET(self) -> None:
        """List the models, as doctors ask."""
        if self.judge.is_locked(self.headers.get("Authorization")):
            self._send(failure(401, "Invalid API key"))
            return
        name = self.judge.model or "any"
        is_known = self.path == "/v1/models"
        self._send(
            Reply(b'{"object": "list", "data": [{"id": "%s", "object": "model"}]}' % name.encode())
            if is_known
            else failure(404, "not found")
        )

    def _send(self, reply: Reply) -> None:
        if reply.pace is Pace.NEVER:
            self.close_connection = True
            self.judge.waits()
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if reply.pace is Pace.DRIPPING:
            self.close_connection = True
            for byte in reply.body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                if self.judge.waits(DRIP_S):
                    return
        elif reply.pace is Pace.CUT_OFF:
            self.close_connection = True
            self.wfile.write(reply.body[: len(reply.body) // 2])
        else:
            self.wfile.write(reply.body)

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # kept connections wait for requests that do not come

    def handle_error(self, *_request: object) -> None:
        """A client that hangs up early is what many tests are about."""
