"""Which connections the receiver keeps."""

from __future__ import annotations

import socket
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from webhook.admission import Admission, Connection, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROXIES = [ip_network("10.0.0.0/8"), ip_network("::1")]


@pytest.fixture
def sockets() -> Iterator[Callable[[], socket.socket]]:
    """Return what makes a connection's socket."""
    made: list[socket.socket] = []

    def make() -> socket.socket:
        made.extend(socket.socketpair())
        return made[-2]

    yield make
    for one in made:
        one.close()


def admitted(
    admission: Admission, sockets: Callable[[], socket.socket], address: str, count: int
) -> list[Connection]:
    """Try to connect so often from an address; return what was let in."""
    tried = [admission.admit(sockets(), address) for _ in range(count)]
    return [one for one in tried if one]


@pytest.mark.parametrize(
    ("address", "same", "other"),
    [
        ("203.0.113.1", "203.0.113.1", "203.0.113.2"),
        ("2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1"),
        ("203.0.113.1", "::ffff:203.0.113.1", "::ffff:203.0.113.2"),
    ],
)
def test_an_address_has_only_so_many(
    sockets: Callable[[], socket.socket], address: str, same: str, other: str
) -> None:
    """Who has IPv6 has a whole network of addresses, which count as one."""
    admission = Admission(3, PROXIES)

    first = admitted(admission, sockets, address, 2)
    second = admitted(admission, sockets, same, 2)
    assert (len(first), len(second)) == (2, 1)
    assert len(admitted(admission, sockets, other, 1)) == 1

    admission.leave(first[0])
    assert len(admitted(admission, sockets, same, 2)) == 1


@pytest.mark.parametrize("address", ["10.1.2.3", "::1", "::ffff:10.1.2.3"])
def test_those_behind_a_proxy_are_not_counted(sockets: Callable[[], socket.socket], address: str) -> None:
    """All its callers have its address."""
    assert len(admitted(Admission(1, PROXIES), sockets, address, 5)) == 5


def test_the_limit_can_be_turned_off(sockets: Callable[[], socket.socket]) -> None:
    """By 0."""
    assert len(admitted(Admission(0, PROXIES), sockets, "203.0.113.1", 5)) == 5


def test_who_waits_longest_gives_way_and_who_is_answered_does_not(
    sockets: Callable[[], socket.socket],
) -> None:
    """Honest callers send at once, so they are never the oldest of many."""
    admission = Admission(0, (), most=3)
    answered, oldest, newer = admitted(admission, sockets, "203.0.113.1", 3)
    answered.stage = Stage.ANSWER

    (newest,) = admitted(admission, sockets, "203.0.113.1", 1)

    assert [hung_up(one) for one in (answered, oldest, newer, newest)] == [False, True, False, False]


def hung_up(connection: Connection) -> bool:
    """Tell whether whoever reads from it finds it closed."""
    connection.caller.setblocking(False)
    try:
        return connection.caller.recv(1) == b""
    except BlockingIOError:
        return False
