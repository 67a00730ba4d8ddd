"""Decides which connections are kept open: nobody takes all of them, and those who only wait give way.

A connection that waits for bytes costs no thread, but memory, and one of the files that a process may have
open.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from webhook.limits import MAX_CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from ipaddress import IPv4Network

IPV6_PREFIX = 64  # bits; the smallest network that a customer of a provider gets, with all its addresses
TELL_S = 60.0  # between two log lines, so that who is refused cannot fill the log

log = logging.getLogger(__name__)


class Stage(Enum):
    """What a connection is doing."""

    HEAD = auto()  #: it is to send a request, or has begun to
    BODY = auto()  #: its request has a body, which is not all there
    ANSWER = auto()  #: its request is whole


@dataclass(eq=False, slots=True)
class Connection:
    """A caller's connection."""

    caller: socket.socket
    network: str  #: whom it is counted for; empty: for nobody
    stage: Stage = Stage.HEAD
    requests: int = 0  #: how many it has sent so far
    is_body_left: bool = False  #: a part of the body was never read, so it can carry no further request

    def hang_up(self, how: int = socket.SHUT_RDWR) -> None:
        """Have whoever reads from it or writes to it find it closed."""
        # By another name of the socket: gevent's own `shutdown` would raise an error in whoever waits for it,
        # instead of letting them read its end.
        with suppress(OSError), socket.socket(fileno=os.dup(self.caller.fileno())) as same:
            same.shutdown(how)


class Admission:
    """The connections of one process; for one thread."""

    def __init__(
        self,
        per_address: int,
        proxies: Sequence[IPv4Network | IPv6Network],
        most: int = MAX_CONNECTIONS,
    ) -> None:
        """Begin without any.

        Args:
            per_address: how many one address may have; 0: any number.
            proxies: networks whose addresses are not counted, because many callers are behind each.
            most: how many there may be in all.
        """
        self._per_address, self._proxies, self._most = per_address, proxies, most
        self._open: dict[Connection, None] = {}  # in the order in which they came
        self._of_network: Counter[str] = Counter()
        self._told_at_s = -TELL_S

    def admit(self, caller: socket.socket, address: str) -> Connection | None:
        """Take a connection in, if need be in place of the one that waits longest.

        Returns:
            None where it is refused, because its address has enough of them.
        """
        network = self._network(address)
        if network and self._of_network[network] >= self._per_address:
            self._tell("%s has %d connections open; refused more of them", network, self._per_address)
            return None
        if len(self._open) >= self._most:
            self._make_room()
        taken = Connection(caller, network)
        self._open[taken] = None
        self._of_network[network] += bool(network)
        return taken

    def leave(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._open.pop(connection)
        self._of_network[connection.network] -= 1
        if self._of_network[connection.network] <= 0:
            del self._of_network[connection.network]

    def waiting(self, *stages: Stage) -> Iterable[Connection]:
        """List those in one of these stages, the oldest first."""
        return [connection for connection in self._open if connection.stage in stages]

    def __len__(self) -> int:
        return len(self._open)

    def _network(self, address: str) -> str:
        """Return what an address is counted as; empty where it is not counted."""
        ip = ip_address(address.partition("%")[0])
        if isinstance(ip, IPv6Address):
            ip = ip.ipv4_mapped or ip
        if not self._per_address or any(ip in proxy for proxy in self._proxies):
            return ""
        return str(IPv6Network((ip, IPV6_PREFIX), strict=False)) if isinstance(ip, IPv6Address) else str(ip)

    def _make_room(self) -> None:
        self._tell("%d connections are open; the oldest that only wait are closed", self._most)
        oldest = next((one for one in self._open if one.stage is not Stage.ANSWER), None)
        if oldest:
            oldest.stage = Stage.ANSWER  # it is on its way out: the next one that has to give way is another
            oldest.hang_up()

    def _tell(self, message: str, *args: object) -> None:
        now_s = time.monotonic()
        if now_s >= self._told_at_s + TELL_S:
            self._told_at_s = now_s
            log.warning(message, *args)
