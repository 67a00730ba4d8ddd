"""Connections that end at the deadlines around them: name, connection, handshake, every read and write.

httpx and its successor leave sockets to a backend, which is replaced here. The limits that they give to
single steps are kept: each becomes one more deadline, of that step.

Source: https://www.encode.io/httpcore/network-backends/
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import httpcore

from worker.errors import SourceRefused
from worker.http.deadline import Deadline, next_wait_s
from worker.http.names import RESOLVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import ModuleType

    from worker.http.names import AddressInfo

Result = TypeVar("Result")


class BoundedNetwork(httpcore.NetworkBackend):
    """Opens connections that keep to the deadlines of whoever uses them.

    Args:
        errors: the library that is served, `httpcore` or its successor; its own errors are raised.
        resolve: returns what `socket.getaddrinfo` does, of a host and a port.
    """

    def __init__(
        self,
        errors: ModuleType = httpcore,
        resolve: Callable[[str, int], list[AddressInfo]] = RESOLVER.addresses,
    ) -> None:
        self._errors = errors
        self._resolve = resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - we never ask for one
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002 - nor for these
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers, each within `timeout` seconds.

        Raises:
            ConnectError, ConnectTimeout: of the library that is served.
            SourceRefused: no host can have this name.
            Exception: of a deadline around us.
        """
        failure: Exception | None = None
        for answer in self._addresses(host, port, timeout):
            try:
                with _step(timeout, self._errors.ConnectTimeout, self._errors.ConnectError):
                    return _Stream(_connected(answer), self._errors)
            except (self._errors.ConnectError, self._errors.ConnectTimeout) as exc:
                failure = exc
        raise failure or self._errors.ConnectError(f"{host} has no address")

    def _addresses(self, host: str, port: int, timeout_s: float | None) -> list[AddressInfo]:
        """Resolve a host; the addresses keep the resolver's order."""
        with _step(timeout_s, self._errors.ConnectTimeout):
            try:
                return self._resolve(host, port)
            except UnicodeError as exc:
                raise SourceRefused(f"{host[:80]}: not the name of a host") from exc
            except OSError as exc:
                raise self._errors.ConnectError(f"{host}: {exc.strerror or exc}") from exc


class _Stream(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, connection: socket.socket, errors: ModuleType) -> None:
        self._socket = connection
        self._errors = errors

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _step(timeout, self._errors.ReadTimeout, self._errors.ReadError):
            return _patiently(self._socket, partial(self._socket.recv, max_bytes))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with _step(timeout, self._errors.WriteTimeout, self._errors.WriteError):
            left = memoryview(buffer)
            while left:
                left = left[_patiently(self._socket, partial(self._socket.send, left)) :]

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        with _step(timeout, self._errors.ConnectTimeout, self._errors.ConnectError):
            try:
                self._socket = ssl_context.wrap_socket(
                    self._socket, server_hostname=server_hostname, do_handshake_on_connect=False
                )
                _patiently(self._socket, self._socket.do_handshake)
            except BaseException:
                self.close()
                raise
        return self

    def get_extra_info(self, info: str) -> Any:
        match info:
            case "ssl_object":
                return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
            case "client_addr":
                return self._socket.getsockname()
            case "server_addr":
                return self._socket.getpeername()
            case "socket":
                return self._socket
            case "is_readable":
                return _is_ready(self._socket, select.POLLIN, 0)
        return None


def _connected(answer: AddressInfo) -> socket.socket:
    family, kind, protocol, _, address = answer
    connection = socket.socket(family, kind, protocol)
    try:
        _connect(connection, address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(connection: socket.socket, address: tuple[Any, ...]) -> None:
    connection.setblocking(False)
    number = connection.connect_ex(address)
    if number == errno.EINPROGRESS:
        while not _is_ready(connection, select.POLLOUT, next_wait_s()):
            pass
        number = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise OSError(number, os.strerror(number))


def _patiently(connection: socket.socket, operate: Callable[[], Result]) -> Result:
    """Carry out an operation on a socket; between short waits the deadlines around us may end it."""
    while True:
        connection.settimeout(next_wait_s())
        try:
            return operate()
        except TimeoutError as exc:
            if exc.errno is not None:  # the system's word for a connection that is dead
                raise


def _is_ready(connection: socket.socket, event: int, wait_s: float) -> bool:
    poll = select.poll()
    poll.register(connection, event)
    return bool(poll.poll(wait_s * 1000))


@contextmanager
def _step(
    limit_s: float | None, late: type[Exception], failed: type[Exception] | None = None
) -> Iterator[None]:
    """Bound one step, and translate the system's errors in it, if `failed` says into what."""
    try:
        with Deadline(limit_s, late=lambda: late("timed out")):
            yield
    except OSError as exc:
        if failed is None:
            raise
        raise failed(exc) from exc
