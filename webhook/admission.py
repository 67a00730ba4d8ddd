"""Decides which connections are kept open: nobody takes all of them, and those who only wait give way.

A connection that waits for its caller costs no thread, but one of the files that a process may have open, and
memory: for the body that it has begun to send, or for the answer that it does not read.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from webhook.limits import MAX_CONNECTIONS, MAX_HELD_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network

IPV6_PREFIX = 64  # bits; the smallest network that a customer of a provider gets, with all its addresses
TELL_S = 60.0  # between two log lines, so that who is refused cannot fill the log

log = logging.getLogger(__name__)


class Stage(Enum):
    """What a connection is doing."""

    HEAD = auto()  #: it is to send a request, or has begun to
    BODY = auto()  #: its request has a body, which is not all there
    ANSWER = auto()  #: its request is whole, and somebody is at work on the answer
    SEND = auto()  #: it is to read its answer
    LEAVE = auto()  #: it gave way, and is about to be closed


#: In which a connection waits for its caller, so that it can give way.
WAITING = frozenset({Stage.HEAD, Stage.BODY, Stage.SEND})


@dataclass(eq=False, slots=True)
class Connection:
    """A caller's connection."""

    caller: socket.socket
    network: str  #: whom it is counted for; empty: for nobody
    stage: Stage = Stage.HEAD
    stage_since_s: float = field(default_factory=time.monotonic)
    held_bytes: int = 0  #: of its body and its answer
    is_known: bool = False  #: its request shows that we know its caller, so it gives way after all others
    is_body_left: bool = False  #: a part of the body was never read, so it can carry no further request

    def enter(self, stage: Stage) -> None:
        """Note what it is doing from now on."""
        self.stage, self.stage_since_s = stage, time.monotonic()

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
        most_bytes: int = MAX_HELD_BYTES,
    ) -> None:
        """Begin without any.

        Args:
            per_address: how many one address may have; 0: any number.
            proxies: networks whose addresses are not counted, because many callers are behind each.
            most: how many there may be in all; an eighth more while those that gave way are being closed.
            most_bytes: what all of them may hold.
        """
        self._per_address, self._proxies = per_address, proxies
        self._most, self._most_bytes = most, most_bytes
        self._held_bytes = 0
        self._open: dict[Connection, None] = {}  # in the order in which they came
        self._of_network: Counter[str] = Counter()
        self._told_at_s = -TELL_S

    def admit(self, caller: socket.socket, address: str) -> Connection | None:
        """Take a connection in, if need be in place of the one that waits longest.

        Returns:
            None where it is refused: its address has enough of them, or nothing gives way.
        """
        network = self._network(address)
        if network and self._of_network[network] >= self._per_address:
            self._tell("%s has %d connections open; refused more of them", network, self._per_address)
            return None
        if len(self._open) >= self._most and not self._make_room():
            return None
        taken = Connection(caller, network)
        self._open[taken] = None
        self._of_network[network] += bool(network)
        return taken

    def hold(self, connection: Connection, size_bytes: int) -> bool:
        """Count what a connection keeps in memory, if need be in place of those that wait longest.

        Args:
            connection: that is to hold it; it does not give way itself.
            size_bytes: of all that it holds from now on.

        Returns:
            False where so much cannot be had now; then it holds nothing.
        """
        self._count(connection, size_bytes)
        while self._held_bytes > self._most_bytes:
            holders = [one for one in self.waiting(*WAITING) if one.held_bytes and one is not connection]
            if not holders:
                self._count(connection, 0)
                return False
            self._tell("callers hold %d bytes; those that wait longest are closed", self._most_bytes)
            self._close(_longest(holders))
        return True

    def leave(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._count(connection, 0)
        self._open.pop(connection)
        self._of_network[connection.network] -= 1
        if self._of_network[connection.network] <= 0:
            del self._of_network[connection.network]

    def waiting(self, *stages: Stage) -> Sequence[Connection]:
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

    def _make_room(self) -> bool:
        """Close the one that waits longest; False where none waits, or where too many are not closed yet."""
        waiting = self.waiting(*WAITING)
        if not waiting or len(self._open) >= self._most + max(1, self._most // 8):
            self._tell("%d connections are open, and none gives way; refused more", len(self._open))
            return False
        self._tell("%d connections are open; those that wait longest are closed", self._most)
        self._close(_longest(waiting))
        return True

    def _count(self, connection: Connection, size_bytes: int) -> None:
        self._held_bytes += size_bytes - connection.held_bytes
        connection.held_bytes = size_bytes

    def _close(self, connection: Connection) -> None:
        connection.enter(Stage.LEAVE)
        self._count(connection, 0)  # its memory is free as soon as it finds out
        connection.hang_up()

    def _tell(self, message: str, *args: object) -> None:
        now_s = time.monotonic()
        if now_s >= self._told_at_s + TELL_S:
            self._told_at_s = now_s
            log.warning(message, *args)


def _longest(waiting: Sequence[Connection]) -> Connection:
    # Since its last step, and not since it came: a proxy's connections are old, and in use all the time.
    return min(waiting, key=lambda one: (one.is_known, one.stage_since_s))
