"""The HTTP client that huggingface_hub uses in our programs: its own, with our deadlines.

Its pools, also those for proxies, which companies need for this way out, get our network; so a name server,
a handshake or a head that does not come to an end cannot hold `thumbs fetch` or the start of a container.
"""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING, Any

import httpcore2
import httpx2
from huggingface_hub.utils._http import default_client_factory

from worker.errors import WeightsMissing
from worker.http.deadline import one_exchange
from worker.http.network import BoundedNetwork

if TYPE_CHECKING:
    from collections.abc import Callable

# A line on which weights would take a day. curl calls these two limits --speed-limit and --speed-time.
LEAST_BYTES = 64 * 1024
WITHIN_S = 60.0


def make_client() -> httpx2.Client:
    """Make the client; for `huggingface_hub.set_client_factory`."""
    client = default_client_factory()
    # A transport that is handed over would turn off the proxies of the environment.
    client._transport = _BoundedTransport(client._transport)  # noqa: SLF001
    client._mounts = {  # noqa: SLF001
        pattern: transport and _BoundedTransport(transport)
        for pattern, transport in client._mounts.items()  # noqa: SLF001
    }
    return client


def pace_of(file: IO[bytes]) -> Callable[[], None]:
    """Make a check that raises WeightsMissing where a file grows by under 64 KiB in a minute."""
    began_s, began_bytes = time.monotonic(), file.tell()

    def check() -> None:
        nonlocal began_s, began_bytes
        if file.tell() - began_bytes >= LEAST_BYTES:
            began_s, began_bytes = time.monotonic(), file.tell()
        elif time.monotonic() - began_s > WITHIN_S:
            raise WeightsMissing(
                f"under {LEAST_BYTES // 1024} KiB came in {WITHIN_S:g} s; check the network, try again"
            )

    return check


class _BoundedTransport(httpx2.BaseTransport):
    def __init__(self, transport: httpx2.BaseTransport) -> None:
        self._transport = transport
        if isinstance(transport, httpx2.HTTPTransport):
            network: Any = BoundedNetwork(httpcore2)  # the methods of both libraries' backends are the same
            transport._pool._network_backend = network  # noqa: SLF001

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        with one_exchange():
            return self._transport.handle_request(request)

    def close(self) -> None:
        self._transport.close()
