"""Reads requests in an event loop, and gives only whole ones to threads.

A sender of a byte a second costs a small coroutine of gevent's, never a thread. Only the sockets of callers
are gevent's: the standard library is not patched, so the application runs in ordinary threads, in which a
database driver or a name server that is stuck holds up nobody else.
"""

# gunicorn and gevent carry no types.
# mypy: disable-error-code="import-untyped, misc, has-type, no-any-return"

from __future__ import annotations

import errno
import io
import logging
import socket
import time
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import gevent
from gevent import socket as gevent_socket
from gevent.pool import Pool
from gevent.server import StreamServer
from gevent.threadpool import ThreadPool
from gunicorn import util
from gunicorn.workers.ggevent import GeventWorker
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout, ServiceUnavailable

from webhook.admission import Admission, Stage
from webhook.answers import REFUSAL, RETRY_AFTER_S, UNAVAILABLE
from webhook.limits import (
    HEAD_TIMEOUT_S,
    KEEPALIVE_S,
    MAX_BODY_BYTES,
    MAX_CONNECTIONS,
    MAX_DRAINED_BYTES,
    MAX_HELD_BYTES,
    REQUEST_TIMEOUT_S,
    SEND_TIMEOUT_S,
)
from worker.settings import get_settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from webhook.admission import Connection

STOP_TIMEOUT_S = 10  # for what is being answered
LINGER_S = 2.0  # a request that is on its way while the receiver ends is still answered
TICK_S = 0.5

#: Threads by the beginning of the address: nothing that strangers may ask for takes those of the webhooks. 0:
#: what waits for nothing, and is answered in the loop itself.
THREADS = {"/webhooks/": 16, "/v1/assets/": 4, "/v1/": 16, "/thumbnails/": 4, "/": 4}

WsgiAnswer = tuple[tuple[Any, ...], list[bytes]]

log = logging.getLogger(__name__)


class FrontWorker(GeventWorker):
    """A process of gunicorn that keeps callers apart from the threads that answer them.

    These limits are the receiver's; a program with others derives a class from this one.
    """

    threads: ClassVar[dict[str, int]] = THREADS
    max_body_bytes = MAX_BODY_BYTES
    max_held_bytes = MAX_HELD_BYTES
    request_timeout_s = REQUEST_TIMEOUT_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        settings = get_settings()
        self._admission = Admission(
            settings.connections_per_address, settings.trusted_proxies, most_bytes=self.max_held_bytes
        )
        self._connections: dict[gevent.Greenlet, Connection] = {}
        self._threads: dict[str, ThreadPool] = {}
        self._application: WSGIApplication

    def patch(self) -> None:
        """Make the listening sockets gevent's, and nothing else."""
        self.sockets = [
            gevent_socket.socket(one.FAMILY, socket.SOCK_STREAM, fileno=one.sock.detach())
            for one in self.sockets
        ]

    def knows(self, _: WSGIEnvironment) -> bool:
        """Tell whether a request shows that we know its caller; fast, as all other requests wait."""
        return False

    def body_limit(self, environ: WSGIEnvironment, *, is_known: bool) -> int:
        """Return how many bytes the body of a request may have."""
        del environ, is_known  # for who derives from this class
        return self.max_body_bytes

    def run(self) -> None:
        """Answer until this process is told to end, and then what has begun."""
        gevent.get_hub().print_exception = _log_error
        self._threads = {beginning: ThreadPool(most) for beginning, most in self.threads.items() if most}
        self._application = self.wsgi
        self.wsgi = self._serve
        servers = [
            StreamServer(one, handle=partial(self.handle, one), spawn=Pool(2 * MAX_CONNECTIONS))
            for one in self.sockets
        ]
        for server in servers:
            server.max_accept = 1  # at a time, so that the processes share the callers
            server.start()
        while self.alive:
            self.notify()
            gevent.sleep(TICK_S)
        for server in servers:
            server.close()
        self._finish()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Answer one connection's requests, one after another."""
        connection = self._admission.admit(client, addr[0])
        if connection is None:
            client.close()
            return
        this = gevent.getcurrent()
        self._connections[this] = connection
        try:
            super().handle(listener, client, addr)
        finally:
            del self._connections[this]
            self._admission.leave(connection)

    def timeout_ctx(self) -> gevent.Timeout:
        """Limit the time for the head of the next request."""
        self._connections[gevent.getcurrent()].enter(Stage.HEAD)
        return gevent.Timeout(HEAD_TIMEOUT_S, False)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Answer the request whose head is here, and wait for the first byte of the next one."""
        connection = self._connections[gevent.getcurrent()]
        connection.enter(Stage.BODY)
        is_last = True
        with gevent.Timeout(self.request_timeout_s + SEND_TIMEOUT_S, False):
            try:
                super().handle_request(listener_name, req, sock, addr)
                is_last = connection.is_body_left
            except StopIteration:  # gunicorn's word for the last one of a connection
                pass
            if is_last:
                util.close_graceful(sock, max_drain=MAX_DRAINED_BYTES)
        self._admission.hold(connection, 0)
        if is_last or not _begins_another(req, sock, connection):
            raise StopIteration

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Read the whole request, have a thread answer it, and return the whole answer."""
        connection = self._connections[gevent.getcurrent()]
        with gevent.Timeout(self.request_timeout_s) as timeout:
            try:
                head, parts = self._answered(environ, connection)
            except gevent.Timeout as late:
                if late is not timeout:
                    raise
                head, parts = self._late(environ, connection)
        size_bytes = connection.held_bytes + sum(map(len, parts))
        if not self._admission.hold(connection, size_bytes):
            head, parts = self._refused(environ, _no_room())
        connection.enter(Stage.SEND)
        start_response(*head)
        return parts

    def _answered(self, environ: WSGIEnvironment, connection: Connection) -> WsgiAnswer:
        connection.is_known = self.knows(environ)
        most = self.body_limit(environ, is_known=connection.is_known)
        if not self._admission.hold(connection, _body_bytes(environ, most)):
            connection.is_body_left = True
            return self._refused(environ, _no_room())
        environ["wsgi.input"] = body = _whole_body(environ, connection, most)
        if connection.stage is Stage.LEAVE:
            raise BrokenPipeError(errno.EPIPE, "it gave way to another caller")
        # Of chunks, and only a part: the application, whose limit may be higher, would take it for all.
        if isinstance(body, io.BytesIO) and body.getbuffer().nbytes > most + 1:
            return self._refused(environ, RequestEntityTooLarge())
        connection.enter(Stage.ANSWER)
        # Not everything is below "/": OPTIONS may ask for "*", and CONNECT names a host.
        path = environ["PATH_INFO"]
        beginning = next((one for one in self.threads if path.startswith(one)), "/")
        if not self.threads[beginning]:
            return _answer(self._application, environ)
        return self._threads[beginning].apply(_answer, (self._application, environ))

    def _late(self, environ: WSGIEnvironment, connection: Connection) -> WsgiAnswer:
        if connection.stage is Stage.BODY:
            connection.is_body_left = True
            return self._refused(environ, RequestTimeout("the request was not here in time"))
        return self._refused(environ, TimeoutError())

    def _refused(self, environ: WSGIEnvironment, why: Exception) -> WsgiAnswer:
        """Have the application answer, and count, without a thread: it looks at nothing else then."""
        # A copy, because a thread that is stuck may still use the first one.
        return _answer(self._application, {**environ, "wsgi.input": io.BytesIO(), REFUSAL: why})

    def _finish(self) -> None:
        started_at_s = time.monotonic()
        while self._connections and (spent_s := time.monotonic() - started_at_s) < STOP_TIMEOUT_S:
            if spent_s > LINGER_S:
                for connection in self._admission.waiting(Stage.HEAD):
                    connection.hang_up(socket.SHUT_RD)
            self.notify()
            gevent.sleep(TICK_S / 5)


def _begins_another(req: Any, sock: Any, connection: Connection) -> bool:
    """Wait for the first byte of the next request; tell whether it came."""
    connection.enter(Stage.HEAD)
    if req.unreader.buf.getvalue():  # it came with the request before
        return True
    with gevent.Timeout(KEEPALIVE_S, False):
        return bool(sock.recv(1, socket.MSG_PEEK))
    return False


def _no_room() -> ServiceUnavailable:
    return ServiceUnavailable(UNAVAILABLE, retry_after=RETRY_AFTER_S)


def _body_bytes(environ: WSGIEnvironment, most: int) -> int:
    """Return what a body may need; 0 for one that is refused by its length."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return most
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return length if length <= most + 1 else 0


def _whole_body(
    environ: WSGIEnvironment, connection: Connection, most: int
) -> io.BufferedIOBase | io.RawIOBase:
    """Read a body to its end, or as far as it takes to see that it is too large."""
    # One byte too many is read, too: that length is Flask's limit, so the application would still read it.
    if int(environ.get("CONTENT_LENGTH") or 0) > most + 1:
        connection.is_body_left = True
        return io.BytesIO()  # the application refuses it by its length
    try:
        body = environ["wsgi.input"].read(most + 2)
    except OSError as error:  # of chunks that are none
        connection.is_body_left = True
        return UnreadableBody(error)
    connection.is_body_left = len(body) > most
    return io.BytesIO(body)


class UnreadableBody(io.RawIOBase):
    """A body that could not be read; it says so to whoever tries."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def readable(self) -> bool:
        """Tell that it can be tried."""
        return True

    def readinto(self, _: Any) -> int:
        """Raise what went wrong."""
        raise self._error


def _answer(application: WSGIApplication, environ: WSGIEnvironment) -> WsgiAnswer:
    """Call the application, in a thread of its own, and collect all that it answers."""
    head: list[tuple[Any, ...]] = []

    def start_response(*args: Any) -> Any:
        head[:] = [args]
        return None

    answer = application(environ, start_response)
    try:
        return head[0], list(answer)
    finally:
        if close := getattr(answer, "close", None):
            close()


def _log_error(_: object, kind: Any, error: Any, traceback: Any) -> None:
    log.error("the receiver failed", exc_info=(kind, error, traceback))
