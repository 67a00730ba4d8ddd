"""How a worker takes hints: nothing that the broker sends, answers or fails to answer ends it.

Celery's consumer ends its worker at an answer that it does not expect, and at a message that it cannot read.
Here, every failure is told once and waited out, while the jobs that run go on; a message that is no hint is
dropped before Celery sees it.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from functools import partial
from typing import Any

from celery.utils.threads import bound_open_broker_sockets
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu.transport.redis import Channel, PrefixedStrictRedis

from worker import metrics
from worker.dispatch.broker_outage import REMINDER_S, BrokerOutage
from worker.dispatch.celery_app import ANSWER_TIMEOUT_S, KEY_PREFIX
from worker.dispatch.hint_message import NoHint, read_hint

log = logging.getLogger(__name__)

_STEP_S = 0.2  # of a wait, in which a signal to stop is not heard


class HintConsumer(Consumer):  # type: ignore[misc] # Celery has no types
    """Celery's consumer, but for what it does when something goes wrong."""

    connection: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What Celery may recover from by connecting again. Only a request to stop is no Exception.
        self.connection_errors = (Exception,)
        self._outage = BrokerOutage()
        self._dropped = DroppedMessages()

    def connect(self) -> Any:
        """Connect once; `start` of the base class calls this again after each failure."""
        connection = self.app.connection_for_read()
        connection.transport.Channel = partial(HintChannel, outage=self._outage, dropped=self._dropped)
        connection.ensure_connection(max_retries=0)
        connection.transport.register_with_event_loop(connection.connection, self.hub)
        return connection

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Wait before the next try."""
        self._wait_out(exc)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Close what is left of the connection, and wait before the next try."""
        connection, self.connection = self.connection, None
        # What closes a connection reads from it, and the other end may be frozen.
        bound_open_broker_sockets(connection, ANSWER_TIMEOUT_S)
        with suppress(Exception):
            connection.close()
        self._wait_out(exc)

    def _wait_out(self, error: Exception) -> None:
        self._outage.note(error)
        until_s = time.monotonic() + self._outage.wait_s()
        while time.monotonic() < until_s:
            maybe_shutdown()
            time.sleep(_STEP_S)


class HintChannel(Channel):
    """Kombu's channel, which reads hints and nothing else."""

    do_restore = False  # what a worker gives back is announced again, from its row

    def __init__(self, *args: Any, outage: BrokerOutage, dropped: DroppedMessages, **kwargs: Any) -> None:
        self._reader = partial(HintReader, outage=outage, dropped=dropped, global_keyprefix=KEY_PREFIX)
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call] # Kombu's

    def _get_client(self) -> Any:
        return self._reader


class HintReader(PrefixedStrictRedis):
    """Kombu's client, which lets only hints through."""

    def __init__(self, *args: Any, outage: BrokerOutage, dropped: DroppedMessages, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call] # Kombu's
        self._outage, self._dropped = outage, dropped

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        """Read an answer; that to BRPOP is None where it brings no hint, as if nothing had come."""
        answer: Any = super().parse_response(connection, command_name, **options)  # type: ignore[no-untyped-call]
        if command_name != "BRPOP":
            return answer
        hint = None
        if answer is not None:
            key, entry = answer
            try:
                hint = key, read_hint(key.decode().partition(Channel.sep)[0], entry)
            except NoHint as reason:
                self._dropped.note(reason)
        self._outage.end()  # only now: an answer may also make no sense
        return hint


class DroppedMessages:
    """Counts messages that are no hints, and tells of them once a minute at most."""

    def __init__(self) -> None:
        self._untold = 0
        self._told_s = float("-inf")

    def note(self, reason: NoHint) -> None:
        """Count one."""
        metrics.HINTS.labels("dropped").inc()
        self._untold += 1
        if time.monotonic() - self._told_s >= REMINDER_S:
            log.warning(
                "dropped messages of the broker that are no hints: %d, the last one because %s; see what else"
                " writes to %s* in it",
                self._untold, reason, KEY_PREFIX, extra={"action": "hint_dropped"},
            )  # fmt: skip
            self._untold, self._told_s = 0, time.monotonic()
