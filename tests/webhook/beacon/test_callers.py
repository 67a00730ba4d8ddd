"""Addresses are counted without being kept, and only trusted proxies are believed."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from webhook.beacon.callers import DAY_S, MINUTE_S, Callers

PROXIES = [ip_network("10.0.0.0/8"), ip_network("203.0.113.7/32")]


class FakeClock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """Tell it."""
        return self.now_s


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "is_counted"),
    [
        ("198.51.100.1", "", True),
        ("198.51.100.1", "192.0.2.1", True),  # no proxy of ours: what it says is nothing
        ("10.0.0.1", "198.51.100.1", True),
        ("10.0.0.1", "192.0.2.9, 198.51.100.1, 203.0.113.7", True),
        ("10.0.0.1", "", False),  # a proxy that does not say who asked
        ("10.0.0.1", "nonsense", False),
        ("::ffff:198.51.100.1", "", True),
    ],
)
def test_the_address_is_the_last_that_is_no_proxy(peer: str, forwarded_for: str, is_counted: bool) -> None:
    """It and nobody else is counted."""
    callers = Callers(PROXIES, most=1)
    callers.is_flood("198.51.100.1", "")

    assert callers.is_flood(peer, forwarded_for) is is_counted


def test_a_network_of_one_customer_is_one_address_of_version_6() -> None:
    """Nobody sends from another one each time."""
    callers = Callers(PROXIES, most=1)
    callers.is_flood("2001:db8:1:2::1", "")

    assert callers.is_flood("2001:db8:1:2:ffff::9", "")
    assert not callers.is_flood("2001:db8:1:3::1", "")


def test_each_minute_begins_anew() -> None:
    """A busy minute is no reason for the next."""
    clock = FakeClock()
    callers = Callers(PROXIES, most=1, now_s=clock)
    callers.is_flood("198.51.100.1", "")
    clock.now_s += MINUTE_S

    assert not callers.is_flood("198.51.100.1", "")


def test_no_address_is_in_memory_and_the_key_is_another_one_each_day() -> None:
    """Nobody can find out later who was there."""
    clock = FakeClock()
    callers = Callers(PROXIES, now_s=clock)
    kept = set()
    for _ in range(2):
        callers.is_flood("198.51.100.1", "")
        (name,) = callers._counts  # noqa: SLF001 - what is in memory is what matters here
        kept.add(name)
        clock.now_s += DAY_S

    assert len(kept) == 2
    assert not any(b"198" in name for name in kept)
