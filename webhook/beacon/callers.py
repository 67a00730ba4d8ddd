"""Counts how often an address sends, without keeping addresses.

An address is in memory as an HMAC only, for a minute, and the key is thrown away each day: then nobody can
find out any more which address it was.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import Counter
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Lock
from typing import TYPE_CHECKING

from webhook.admission import IPV6_PREFIX
from webhook.beacon.limits import BATCHES_A_MINUTE, MAX_ADDRESSES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from ipaddress import IPv4Network

MINUTE_S = 60.0
DAY_S = 86_400.0
_DIGEST_BYTES = 16


class Callers:
    """How many batches each address sent in this minute; safe to share between threads."""

    def __init__(
        self,
        proxies: Sequence[IPv4Network | IPv6Network],
        most: int = BATCHES_A_MINUTE,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin without any.

        Args:
            proxies: networks whose word in X-Forwarded-For is taken, and whose addresses are not counted.
            most: batches of one address in a minute.
            now_s: tells the time.
        """
        self._proxies, self._most, self._now_s = proxies, most, now_s
        self._lock = Lock()
        self._key, self._key_since_s = secrets.token_bytes(32), now_s()
        self._minute_since_s = now_s()
        self._counts: Counter[bytes] = Counter()

    def is_flood(self, peer: str, forwarded_for: str) -> bool:
        """Count a batch, and tell whether its address sent too many in this minute.

        Args:
            peer: the address that the connection comes from.
            forwarded_for: the header X-Forwarded-For; read only where a trusted proxy sent it.
        """
        network = self._network(peer, forwarded_for)
        if not network:
            return False
        with self._lock:
            self._begin()
            name = hmac.digest(self._key, network.encode(), hashlib.sha256)[:_DIGEST_BYTES]
            if name not in self._counts and len(self._counts) >= MAX_ADDRESSES:
                return True  # so many addresses in a minute are a flood themselves
            self._counts[name] += 1
            return self._counts[name] > self._most

    def _begin(self) -> None:
        now_s = self._now_s()
        if now_s >= self._key_since_s + DAY_S:
            self._key, self._key_since_s = secrets.token_bytes(32), now_s
        if now_s >= self._minute_since_s + MINUTE_S:
            self._counts.clear()
            self._minute_since_s = now_s

    def _network(self, peer: str, forwarded_for: str) -> str:
        """Find whom a batch is counted for; empty where that is a proxy, or nobody can tell."""
        # Each proxy adds the one that it heard at the end: the last that is no proxy of ours is the caller.
        for word in [peer, *reversed(forwarded_for.split(","))]:
            try:
                ip = ip_address(word.strip().partition("%")[0])
            except ValueError:
                return ""
            if isinstance(ip, IPv6Address):
                ip = ip.ipv4_mapped or ip
            if not any(ip in proxy for proxy in self._proxies):
                return _counted_as(ip)
        return ""


def _counted_as(ip: IPv4Address | IPv6Address) -> str:
    return str(IPv6Network((ip, IPV6_PREFIX), strict=False)) if isinstance(ip, IPv6Address) else str(ip)
