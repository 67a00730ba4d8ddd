"""Faults by script: what the next requests meet instead of a healthy platform."""

from __future__ import annotations

import re
import socket
import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

from worker.demo.simulator.journal import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Response

    from worker.demo.simulator.journal import Journal


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """What goes wrong with one request. Without a field set, nothing does."""

    delay_s: float = 0.0  #: wait so long first; a very long delay is a platform that hangs
    status: int | None = None  #: answer this, and do nothing
    retry_after: str | None = None  #: header of that answer: seconds, or a date
    is_cut: bool = False  #: close the connection at once
    is_reply_lost: bool = False  #: do what was asked, then close the connection without an answer
    head_pause_s: float = 0.0  #: between two bytes of an answer whose head never ends


@dataclass
class _Planned:
    fault: InjectedFault
    left: int
    method: str
    path: re.Pattern[str]


class Faults:
    """Stands before the application, and hands out the faults that were planned.

    Args:
        application: what is met where nothing was planned.
        journal: gets every fault.
        closing: set when the platform ends, and delays with it.
        refused: makes an answer as the vendor does, from its status and words.
    """

    def __init__(
        self,
        application: WSGIApplication,
        journal: Journal,
        closing: threading.Event,
        refused: Callable[[int, str], Response],
    ) -> None:
        self._application = application
        self._journal = journal
        self._closing = closing
        self._refused = refused
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()

    def plan(self, fault: InjectedFault, *, count: int = 1, method: str = "", path: str = "") -> None:
        """Let the next `count` requests meet a fault: those of a method, whose path matches an expression."""
        with self._lock:
            self._planned.append(_Planned(fault, count, method, re.compile(path)))

    def clear(self) -> None:
        """Be healthy from now on."""
        with self._lock:
            self._planned.clear()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        fault = self._next(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if fault.delay_s:
            self._closing.wait(fault.delay_s)
        if fault.head_pause_s:
            self._trickle(environ["werkzeug.socket"], fault.head_pause_s)
        if fault.is_cut:
            _hang_up(environ)
        if fault.status is not None:
            return self._answer(fault, fault.status)(environ, start_response)
        # Done before the connection is closed: the caller cannot know that its request had an effect.
        answer = self._application(environ, start_response)
        if fault.is_reply_lost:
            _hang_up(environ)
        return _closed_after(answer)

    def _answer(self, fault: InjectedFault, status: int) -> Response:
        answer = self._refused(status, HTTPStatus(status).phrase)
        if fault.retry_after is not None:
            answer.headers["Retry-After"] = fault.retry_after
        return answer

    def _trickle(self, connection: socket.socket, pause_s: float) -> NoReturn:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self._closing.wait(pause_s):
            connection.sendall(b"a")  # it ends by an error when the caller has gone
        raise ConnectionAbortedError("a planned fault")

    def _next(self, method: str, path: str) -> InjectedFault:
        with self._lock:
            for planned in self._planned:
                if planned.left and planned.method in {"", method} and planned.path.search(path):
                    planned.left -= 1
                    self._journal.add(
                        JournalEntry("fault", method, path, planned.fault.status, fault=repr(planned.fault))
                    )
                    return planned.fault
        return InjectedFault()


def _closed_after(answer: Iterable[bytes]) -> Iterator[bytes]:
    """Close an answer, and the file that it may be, also where the caller has gone: the server may forget."""
    try:
        yield from answer
    finally:
        if close := getattr(answer, "close", None):
            close()


def _hang_up(environ: WSGIEnvironment) -> None:
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("a planned fault")  # the server's word for a caller who has gone
