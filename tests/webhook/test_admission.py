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
    answered.enter(Stage.ANSWER)

    (newest,) = admitted(admission, sockets, "203.0.113.1", 1)

    assert [hung_up(one) for one in (answered, oldest, newer, newest)] == [False, True, False, False]


def test_a_connection_in_use_is_not_the_one_that_waits_longest(
    sockets: Callable[[], socket.socket],
) -> None:
    """Those of a proxy are old, and carry one request after another."""
    admission = Admission(0, (), most=2)
    proxys, silent = admitted(admission, sockets, "203.0.113.1", 2)
    proxys.enter(Stage.BODY)

    admitted(admission, sockets, "203.0.113.1", 1)

    assert [hung_up(one) for one in (proxys, silent)] == [False, True]


def test_where_nobody_gives_way_more_are_refused(sockets: Callable[[], socket.socket]) -> None:
    """Else there would be more connections than the system allows files."""
    admission = Admission(0, (), most=3)
    for one in admitted(admission, sockets, "203.0.113.1", 3):
        one.enter(Stage.ANSWER)

    assert admitted(admission, sockets, "203.0.113.1", 3) == []
    assert len(admission) == 3


def test_those_that_gave_way_count_until_they_are_closed(sockets: Callable[[], socket.socket]) -> None:
    """A flood of callers comes faster than connections are closed."""
    assert len(admitted(Admission(0, (), most=16), sockets, "203.0.113.1", 100)) == 16 + 2


def test_slow_readers_give_way_before_memory_runs_out(sockets: Callable[[], socket.socket]) -> None:
    """Each keeps a whole picture, which may be large."""
    admission = Admission(0, (), most_bytes=1000)
    readers = admitted(admission, sockets, "203.0.113.1", 4)
    for reader in readers[:3]:
        assert admission.hold(reader, 400)
        reader.enter(Stage.SEND)

    assert [hung_up(one) for one in readers] == [True, False, False, False]
    assert admission.hold(readers[3], 1000)
    assert [hung_up(one) for one in readers] == [True, True, True, False]


def test_what_is_being_answered_keeps_its_memory(sockets: Callable[[], socket.socket]) -> None:
    """Who comes then has to come again."""
    admission = Admission(0, (), most_bytes=1000)
    answered, later = admitted(admission, sockets, "203.0.113.1", 2)
    assert admission.hold(answered, 800)
    answered.enter(Stage.ANSWER)

    assert not admission.hold(later, 400)
    assert admission.hold(later, 200)
    admission.leave(answered)
    assert admission.hold(later, 1000)


def hung_up(connection: Connection) -> bool:
    """Tell whether whoever reads from it finds it closed."""
    connection.caller.setblocking(False)
    try:
        return connection.caller.recv(1) == b""
    except BlockingIOError:
        return False


def test_who_is_known_gives_way_after_strangers(sockets: Callable[[], socket.socket]) -> None:
    """Though they wait longer, as those do who send a large picture by a slow line."""
    admission = Admission(0, PROXIES, most=10, most_bytes=1000)
    person, stranger, later = admitted(admission, sockets, "203.0.113.1", 3)
    person.is_known = True
    for one in (person, stranger):
        one.enter(Stage.BODY)
        assert admission.hold(one, 400)

    assert admission.hold(later, 600)

    assert (person.stage, stranger.stage) == (Stage.BODY, Stage.LEAVE)
