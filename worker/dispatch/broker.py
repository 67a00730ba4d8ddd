"""The broker as the dispatcher sees it: it takes hints, and it may have forgotten all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

from worker.dispatch.celery_app import ANSWER_TIMEOUT_S, CONNECT_TIMEOUT_S, make_app, send_hint

if TYPE_CHECKING:
    from worker.queue.hints import Hint

# Lost with everything else when the broker is wiped, or starts again without its data.
_MARK = "thumbs.known"


class Broker:
    """Redis or Valkey; connects when it is used.

    Raises:
        SettingsInvalid: there is no address.
    """

    def __init__(self, address: str | None) -> None:
        self._app = make_app(address)
        self._client = redis.Redis.from_url(
            address or "",
            socket_timeout=ANSWER_TIMEOUT_S,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # the next round is the retry
        )

    def send(self, queue: str, hint: Hint) -> None:
        """Tell a worker to look at a row. Raises kombu.exceptions.OperationalError if it does not answer."""
        send_hint(self._app, queue, hint)

    def is_new(self) -> bool:
        """Tell whether the broker knows nothing of what was sent, until `mark` is called.

        Raises:
            kombu.exceptions.OperationalError: it does not answer.
        """
        try:
            return not self._client.exists(_MARK)
        except redis.RedisError as exc:
            raise OperationalError(str(exc)) from exc

    def mark(self) -> None:
        """Note that what was sent before may be lost, and was looked after.

        Raises:
            kombu.exceptions.OperationalError: it does not answer.
        """
        try:
            self._client.set(_MARK, 1)
        except redis.RedisError as exc:
            raise OperationalError(str(exc)) from exc
