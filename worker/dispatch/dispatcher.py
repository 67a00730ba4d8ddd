"""Turns rows that are due into hints for the workers, and takes over from workers that went silent.

Any number may run. One round: expired leases, due jobs, due publications, old rows. Between rounds it sleeps
until a row becomes due, at most `sweep_s`; a notification from PostgreSQL wakes it at once.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING

import psycopg
from kombu.exceptions import OperationalError as BrokerDown
from sqlalchemy.exc import DBAPIError

from worker import database, jobs, logs, metrics, publications, tracing
from worker.database import transaction
from worker.database.engine import TCP_LIMITS
from worker.database.models import Job, Publication
from worker.dispatch.broker import Broker
from worker.dispatch.maintenance import Maintenance
from worker.errors import first_line
from worker.inbox.reconcile_schedule import ReconcileSchedule
from worker.queue import hints, notify

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

    from worker.queue.hints import Hint
    from worker.settings import Settings

log = logging.getLogger(__name__)

# How long to wait after the database or the broker failed.
PAUSE_S = 1.0


def serve(settings: Settings) -> None:
    """Look after the rows until a signal comes.

    Raises:
        SettingsInvalid: a setting is missing or wrong.
    """
    logs.setup(settings)
    metrics.start_exporter(settings)
    tracing.start(settings, "dispatcher")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    broker = Broker(settings.redis_address)
    name = f"{socket.gethostname()}:{os.getpid()}:dispatch"
    dispatcher = Dispatcher(database.get_engine(), settings, broker, name)
    engine = database.get_engine()
    with ReconcileSchedule(engine, settings), Maintenance(engine, settings):
        log.info("ready: dispatching", extra={"action": "ready"})
        dispatcher.run(stop)
    log.info("stopped", extra={"action": "stopped"})


class Dispatcher:
    """Looks after the rows; `run` it in a process of its own, or call `run_once` to do one round."""

    def __init__(self, engine: Engine, settings: Settings, broker: Broker, name: str) -> None:
        self._engine, self._settings, self._broker, self._name = engine, settings, broker, name
        self._extend_grace()

    def run(self, stop: threading.Event) -> None:
        """Do rounds until `stop` is set; a failure of the database or the broker is waited out."""
        while not stop.is_set():
            try:
                with self._listening() as listener:
                    while not stop.is_set():
                        self._sleep(listener, self.run_once(), stop)
            except (DBAPIError, psycopg.Error) as exc:
                log.warning("the database does not answer: %s", first_line(exc))
                if _is_outage(exc):
                    self._extend_grace()
                stop.wait(PAUSE_S)

    def run_once(self) -> float:
        """Do one round, and return the seconds after which there may be something to do."""
        if time.monotonic() >= self._grace_ends_at:
            self._take_over()
        # A list, not a generator: each is done, also after one has failed.
        is_sent = all([self._reannounce_all(), self._announce_jobs(), self._announce_publications()])
        with transaction(self._engine) as session:
            waits_s = (
                hints.next_due_in_s(session, Job, jobs.is_waiting()),
                hints.next_due_in_s(session, Publication, publications.is_waiting()),
                jobs.ROWS.next_lease_ends_in_s(session),
                publications.ROWS.next_lease_ends_in_s(session),
            )
        longest_s = self._settings.sweep_s if is_sent else PAUSE_S
        return min([longest_s, *(wait_s for wait_s in waits_s if wait_s is not None)])

    def _extend_grace(self) -> None:
        """Take nothing over until workers have had the time to renew what they could not during an outage."""
        self._grace_ends_at = time.monotonic() + self._settings.lease_s

    def _take_over(self) -> None:
        """End the claims of all workers that went silent, each in a transaction of its own."""
        is_found = True
        while is_found:
            with transaction(self._engine) as session:
                is_found = jobs.take_over(session, self._name) or publications.take_over(session)
            metrics.LEASES_EXPIRED.inc(is_found)

    def _reannounce_all(self) -> bool:
        """Announce everything again to a broker that was wiped; False where it does not answer."""
        try:
            is_new = self._broker.is_new()
        except BrokerDown as exc:
            _warn_of_broker(exc)
            return False
        if is_new:
            with transaction(self._engine) as session:
                hints.mark_all_unsent(session)
        return True

    def _announce_jobs(self) -> bool:
        with transaction(self._engine) as session:
            due = jobs.announce(session, self._settings.rehint_s)
        return self._send_all("analyze", due, Job)

    def _announce_publications(self) -> bool:
        with transaction(self._engine) as session:
            due = publications.announce(session, self._settings.rehint_s)
        return self._send_all("publish", due, Publication)

    def _send_all(self, queue: str, due: Iterable[Hint], table: type[Job | Publication]) -> bool:
        """Send the hints of due rows; those that cannot be sent wait for the next round."""
        unsent = list(due)
        try:
            while unsent:
                self._broker.send(queue, unsent[0])
                metrics.HINTS.labels("sent").inc()
                unsent.pop(0)
        except BrokerDown as exc:
            _warn_of_broker(exc)
            metrics.HINTS.labels("failed").inc(len(unsent))
            with transaction(self._engine) as session:
                hints.mark_unsent(session, table, [hint.id for hint in unsent])
            return False
        return True

    def _listening(self) -> psycopg.Connection:
        """Open a connection that hears the notifications; a pooled one could be handed to another thread."""
        url = self._engine.url.set(drivername="postgresql")
        address = url.render_as_string(hide_password=False)
        listener = psycopg.connect(address, autocommit=True, connect_timeout=3, **TCP_LIMITS)
        listener.execute(f"LISTEN {notify.CHANNEL}")
        return listener

    def _sleep(self, listener: psycopg.Connection, wait_s: float, stop: threading.Event) -> None:
        """Wait for a notification; in short steps, so that `stop` is heard."""
        until = time.monotonic() + wait_s
        while not stop.is_set() and (left_s := until - time.monotonic()) > 0:
            if any(listener.notifies(timeout=min(left_s, PAUSE_S), stop_after=1)):
                return


def _warn_of_broker(error: BrokerDown) -> None:
    log.warning("the broker does not answer: %s", first_line(error))


def _is_outage(error: DBAPIError | psycopg.Error) -> bool:
    """Tell whether the connection failed, and not only a statement: then no worker could renew a lease."""
    return error.connection_invalidated if isinstance(error, DBAPIError) else True
