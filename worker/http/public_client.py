"""An HTTP client that connects to public addresses only, however a URL is written.

A check of the URL's text is not enough: names lead anywhere, `127.1` and `0x7f.1` are numbers, and a name
server may answer differently the next time it is asked. So a name is resolved once for each connection, every
answer is checked, and the connection goes to an address that was checked; TLS and the Host header keep the
name.

Source: https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import httpx

from worker.errors import SourceRefused
from worker.http.client import BoundedClient, BoundedTransport
from worker.http.names import RESOLVER
from worker.http.network import BoundedNetwork

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.http.names import AddressInfo

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

HTTP_PORT, HTTPS_PORT = 80, 443

# That a caller follows by hand. A CDN sends at most two: to the nearest edge, and to a signed address.
MAX_REDIRECTS = 3

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


def checked_client(*, allow_loopback: bool, timeout_s: float, own_origin: str | None = None) -> BoundedClient:
    """Make a client as `BoundedClient`, for https on port 443 of public hosts.

    It asks for bodies as they are, and raises SourceRefused besides httpx's own errors.

    Args:
        allow_loopback: Also allow this machine, over plain http and on any port.
        timeout_s: How long a connection, a write, or a silence between two reads may last.
        own_origin: Scheme, host and port that an operator named, as `http://minio:9000`; it may be anywhere.
    """
    return BoundedClient(
        transport=_CheckedTransport(allow_loopback=allow_loopback, own_origin=own_origin),
        timeout_s=timeout_s,
        headers={"Accept-Encoding": "identity", "Accept": "*/*"},
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


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    default_port = HTTPS_PORT if url.scheme == "https" else HTTP_PORT
    return url.scheme, url.host, url.port or default_port


class _CheckedTransport(BoundedTransport):
    """Refuses URLs by their text, and leaves the addresses to `CheckedNetwork`."""

    def __init__(self, *, allow_loopback: bool, own_origin: str | None) -> None:
        self._own = _origin(httpx.URL(own_origin)) if own_origin else None
        own_host = self._own[1:] if self._own else None
        super().__init__(CheckedNetwork(allow_loopback=allow_loopback, own_host=own_host))
        self._allow_loopback = allow_loopback

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if url.userinfo:
            raise SourceRefused(f"{url.host}: a name or password in the address; give it in a header")
        # Plain http to port 443 is no protocol; it would pass for https where only the port is known.
        is_plain = url.scheme == "http" and self._allow_loopback and url.port != HTTPS_PORT
        if url.scheme != "https" and not is_plain and _origin(url) != self._own:
            raise SourceRefused(f"{url.host or url.scheme}: videos are fetched over https, not {url.scheme}")
        return super().handle_request(request)


class CheckedNetwork(BoundedNetwork):
    """Resolves a name, checks every answer, and connects to one of them.

    Args:
        allow_loopback: Also allow this machine.
        own_host: A host and a port that an operator named; whatever it leads to is allowed.
        resolve: As in `BoundedNetwork`.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool,
        own_host: tuple[str, int] | None = None,
        resolve: Callable[[str, int], list[AddressInfo]] = RESOLVER.addresses,
    ) -> None:
        super().__init__(resolve=resolve)
        self._allow_loopback = allow_loopback
        self._own_host = own_host

    def _addresses(self, host: str, port: int, timeout_s: float | None) -> list[AddressInfo]:
        """Resolve a host, and check each of its addresses.

        Raises:
            SourceRefused: the name leads to an address, or the port is one, that we do not connect to.
        """
        answers = super()._addresses(host, port, timeout_s)
        if (host, port) == self._own_host:
            return answers
        addresses = [ipaddress.ip_address(answer[4][0]) for answer in answers]
        if self._allow_loopback and all(is_loopback(address) for address in addresses):
            return answers
        for address in addresses:
            if not is_public(address):
                raise SourceRefused(f"{host} leads to {address}, which is no address of the public Internet")
        if port != HTTPS_PORT:
            raise SourceRefused(f"{host}: videos are fetched from port {HTTPS_PORT}, not {port}")
        return answers
