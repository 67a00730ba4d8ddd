"""An HTTP client that connects to public addresses only, however a URL is written.

A check of the URL's text is not enough: names lead anywhere, `127.1` and `0x7f.1` are numbers, and a name
server may answer differently the next time it is asked. So a name is resolved once for each connection, every
answer is checked, and the connection goes to an address that was checked; TLS and the Host header keep the
name.

Source: https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import ipaddress
import socket
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from worker.errors import SourceRefused

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

HTTPS_PORT = 443

# That a caller follows by hand. A CDN sends at most two: to the nearest edge, and to a signed address.
MAX_REDIRECTS = 3

# While a host is silent, `on_wait` is called this often.
WAIT_S = 0.5

# Globally routable by their number, yet no public host; Python's own lists differ between its versions.
NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "100.64.0.0/10",  # carrier-grade NAT; a cloud's metadata service too
        "168.63.129.16/32",  # Azure's host agent
        "192.0.0.0/24",  # protocol assignments; another cloud's metadata service
        "192.88.99.0/24",  # relays of 6to4
        "64:ff9b::/96",  # NAT64: an IPv4 address follows
        "64:ff9b:1::/48",  # NAT64 of one network
        "fec0::/10",  # site-local, as old networks number themselves
        "3fff::/20",  # documentation
        "2002::/16",  # 6to4: an IPv4 address follows
        "2001::/32",  # Teredo: an IPv4 address is hidden in it
    )
)


def checked_client(
    *, allow_loopback: bool, timeout_s: float, on_wait: Callable[[], None] = lambda: None
) -> httpx.Client:
    """Make a client for https on port 443 of public hosts.

    It follows no redirect, uses no proxy and no other setting of the environment, and asks for bodies as they
    are. It raises SourceRefused, besides httpx's own errors.

    Args:
        allow_loopback: Also allow this machine, over plain http and on any port.
        timeout_s: How long a connection, a write, or a silence between two reads may last.
        on_wait: Called before every read and twice a second while a host is silent; may raise to give up.
    """
    return httpx.Client(
        transport=_CheckedTransport(allow_loopback=allow_loopback, on_wait=on_wait),
        timeout=timeout_s,
        headers={"Accept-Encoding": "identity", "Accept": "*/*"},
        trust_env=False,
        follow_redirects=False,
    )


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public Internet."""
    address = getattr(address, "ipv4_mapped", None) or address
    if any(address in network for network in NOT_PUBLIC):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_loopback(address: Address) -> bool:
    """Tell whether an address is this machine's own."""
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


@cache
def _tls() -> ssl.SSLContext:
    """Trust the public authorities; reading their certificates takes a good part of a small download."""
    return httpx.create_ssl_context(trust_env=False)


class _CheckedTransport(httpx.HTTPTransport):
    """Refuses URLs by their text, and leaves the addresses to `CheckedBackend`."""

    def __init__(self, *, allow_loopback: bool, on_wait: Callable[[], None]) -> None:
        super().__init__(verify=_tls())
        self._allow_loopback = allow_loopback
        # httpx offers no way to hand a backend to its pool, so the pool is replaced.
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(),
            network_backend=CheckedBackend(allow_loopback=allow_loopback, on_wait=on_wait),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if url.userinfo:
            raise SourceRefused(f"{url.host}: a name or password in the address; give it in a header")
        # Plain http to port 443 is no protocol; it would pass for https where only the port is known.
        is_plain = url.scheme == "http" and self._allow_loopback and url.port != HTTPS_PORT
        if url.scheme != "https" and not is_plain:
            raise SourceRefused(f"{url.host or url.scheme}: videos are fetched over https, not {url.scheme}")
        return super().handle_request(request)


class CheckedBackend(httpcore.NetworkBackend):
    """Resolves a name, checks every answer, and connects to one of them."""

    def __init__(
        self,
        *,
        allow_loopback: bool,
        on_wait: Callable[[], None] = lambda: None,
        resolve: Callable[..., list[Any]] = socket.getaddrinfo,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._on_wait = on_wait
        self._resolve = resolve
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers.

        Raises:
            SourceRefused: the name leads to an address, or the port is one, that we do not connect to.
        """
        failure: Exception | None = None
        for address in self._checked_addresses(host, port):
            self._on_wait()
            try:
                stream = self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
            else:
                return _WatchedStream(stream, self._on_wait)
        raise failure or httpcore.ConnectError(f"{host} has no address")

    def _checked_addresses(self, host: str, port: int) -> list[Address]:
        """Resolve a host, and check each of its addresses; they keep the resolver's order.

        Raises:
            SourceRefused: one of them is not to be connected to.
        """
        try:
            answers = self._resolve(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as exc:
            raise SourceRefused(f"{host[:80]}: not the name of a host") from exc
        except OSError as exc:
            raise httpcore.ConnectError(f"{host}: {exc.strerror or exc}") from exc
        addresses = [ipaddress.ip_address(answer[4][0]) for answer in answers]
        if self._allow_loopback and all(is_loopback(address) for address in addresses):
            return addresses
        for address in addresses:
            if not is_public(address):
                raise SourceRefused(f"{host} leads to {address}, which is no address of the public Internet")
        if port != HTTPS_PORT:
            raise SourceRefused(f"{host}: videos are fetched from port {HTTPS_PORT}, not {port}")
        return addresses


class _WatchedStream(httpcore.NetworkStream):
    """A connection that the caller can give up, even where the other side is silent or sends single bytes."""

    def __init__(self, stream: httpcore.NetworkStream, on_wait: Callable[[], None]) -> None:
        self._stream = stream
        self._on_wait = on_wait

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        # The caller's limit is cut into short waits, between which `on_wait` may raise.
        patience_s = float("inf") if timeout is None else timeout
        ends_s = time.monotonic() + patience_s
        while True:
            self._on_wait()
            left_s = ends_s - time.monotonic()
            try:
                return self._stream.read(max_bytes, min(WAIT_S, max(left_s, 0.001)))
            except httpcore.ReadTimeout:
                if left_s <= WAIT_S:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _WatchedStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._on_wait)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
