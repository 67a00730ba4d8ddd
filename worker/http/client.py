"""The HTTP client of all that we ask: a head that is not here in time ends the exchange."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import httpcore
import httpx

from worker.http.deadline import Deadline, one_exchange
from worker.http.network import BoundedNetwork

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

KEEPALIVE_S = 5.0  #: hosts hang up on idle connections; the shortest do after so long


class BoundedTransport(httpx.HTTPTransport):
    """Asks by a network of ours, and bounds the time up to the end of a head.

    Args:
        network: opens the connections.
        is_patient: leave that time to the deadlines around us, for a server that thinks before it answers.
    """

    def __init__(self, network: BoundedNetwork, *, is_patient: bool = False) -> None:
        super().__init__(verify=tls_context())
        self._is_patient = is_patient
        # httpx offers no way to hand a backend to its pool, so the pool is replaced.
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls_context(), keepalive_expiry=KEEPALIVE_S, network_backend=network
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return the answer as soon as its head is here."""
        with Deadline() if self._is_patient else one_exchange():
            return super().handle_request(request)


class BoundedClient(httpx.Client):
    """Follows no redirect, and uses no proxy of the environment.

    From the question for the host's name to the end of the answer's head, an exchange may last `EXCHANGE_S`;
    then TooSlow is raised. Whoever reads a body puts a `Deadline` around it.

    Args:
        timeout_s: How long a connection, a write, or a silence between two reads may last.
        base_url: of all requests, without a slash at its end.
        headers: sent with each of them.
        transport: of another kind than the usual one.
    """

    def __init__(
        self,
        *,
        timeout_s: float,
        base_url: str = "",
        headers: Mapping[str, str] | None = None,
        transport: BoundedTransport | None = None,
    ) -> None:
        super().__init__(
            transport=transport or BoundedTransport(BoundedNetwork()),
            timeout=timeout_s,
            base_url=base_url,
            headers=headers,
            trust_env=False,
            follow_redirects=False,
        )


@cache
def tls_context() -> ssl.SSLContext:
    """Trust the public authorities, and those that this machine trusts.

    OpenSSL finds the latter in the system's folder, or where SSL_CERT_FILE or SSL_CERT_DIR say: so operators
    add an authority of their own. Kept, as reading all of them takes a good part of a small download.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
