"""The broker as the dispatcher sees it: it takes hints, and it may have forgotten all of them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import redis
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

from worker.dispatch.celery_app import ANSWER_TIMEOUT_S, CONNECT_TIMEOUT_S, KEY_PREFIX, make_app, send_hint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.queue.hints import Hint

# Lost with everything else when the broker is wiped, or starts again without its data.
_MARK = f"{KEY_PREFIX}known"


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

    def close(self) -> None:
        """Close every connection; the next use would open them again."""
        self._app.close()
        self._client.close()

    def send(self, queue: str, hint: Hint) -> None:
        """Tell a worker to look at a row.

        Raises:
            kombu.exceptions.OperationalError: it does not answer, refuses, or makes no sense.
        """
        with _failures_as_one():
            send_hint(self._app, queue, hint)

    def is_new(self) -> bool:
        """Tell whether the broker knows nothing of what was sent, until `mark` is called.

        Raises:
            kombu.exceptions.OperationalError: it does not answer, refuses, or makes no sense.
        """
        with _failures_as_one():
            return not self._client.exists(_MARK)

    def mark(self) -> None:
        """Note that what was sent before may be lost, and was looked after.

        Raises:
            kombu.exceptions.OperationalError: it does not answer, refuses, or makes no sense.
        """
        with _failures_as_one():
            self._client.set(_MARK, 1)


@contextmanager
def _failures_as_one() -> Iterator[None]:
    """Make one kind of all failures: an answer that cannot be parsed raises whatever the parser raises."""
    try:
        yield
    except OperationalError:
        raise
    except Exception as exc:
        raise OperationalError(str(exc)) from exc
