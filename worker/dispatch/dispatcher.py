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
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psycopg
from kombu.exceptions import OperationalError as BrokerDown
from sqlalchemy.exc import DBAPIError

from worker import accounts, database, jobs, logs, metrics, publications, tracing
from worker.database import identity, transaction
from worker.database.engine import CONNECT_TIMEOUT_S, TCP_LIMITS, is_outage, require_direct, url_of
from worker.database.models import Job, Publication
from worker.dispatch.broker import Broker
from worker.dispatch.broker_outage import BrokerOutage
from worker.dispatch.maintenance import Maintenance
from worker.errors import first_line
from worker.inbox.reconcile_schedule import ReconcileSchedule
from worker.platforms.shared import request_limits
from worker.queue import hints, notify
from worker.queue.watchdog import Watchdog
from worker.settings import warn_of_strays
from worker.trials.slots.schedule import SlotSchedule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from worker.queue.hints import Hint
    from worker.settings import Settings

log = logging.getLogger(__name__)

# How long to wait after the database or the broker failed.
PAUSE_S = 1.0
# When to look again after something was announced: more may be due, and what was announced taken by then.
NEXT_S = 0.5
# No step of a round takes so long: statements end after 10 s, and the broker's answers after 5.
HANGS_S = 180.0


def serve(settings: Settings) -> None:
    """Look after the rows until a signal comes.

    Raises:
        SettingsInvalid: a setting is missing or wrong.
    """
    logs.setup(settings)
    warn_of_strays()
    metrics.start_exporter(settings)
    tracing.start(settings, "dispatcher")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    broker = Broker(settings.redis_address)
    name = f"{socket.gethostname()}:{os.getpid()}:dispatch"
    request_limits.setup(settings)
    engine, watchdog = database.get_engine(), Watchdog("the dispatcher's round", HANGS_S)
    dispatcher = Dispatcher(engine, settings, broker, name, watchdog.beat)
    lists, rows = ReconcileSchedule(engine, settings), Maintenance(engine, settings)
    with lists, rows, SlotSchedule(engine, settings), watchdog:
        log.info("ready: dispatching", extra={"action": "ready"})
        dispatcher.run(stop)
    log.info("stopped", extra={"action": "stopped"})


class Dispatcher:
    """Looks after the rows; `run` it in a process of its own, or call `run_once` to do one round.

    Args:
        engine: the database.
        settings: how long to wait for what.
        broker: takes the hints.
        name: in the history of jobs.
        beat: called at every step, to show that the dispatcher goes on.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        broker: Broker,
        name: str,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine, self._settings, self._broker, self._name = engine, settings, broker, name
        self._beat = beat
        self._outage, self._is_broker_well = BrokerOutage(), True
        self._are_hints_lost = False
        self._extend_grace()

    def run(self, stop: threading.Event) -> None:
        """Do rounds until `stop` is set; a failure of the database or the broker is waited out.

        Raises:
            SettingsInvalid: it cannot be told of new rows.
        """
        while not stop.is_set():
            try:
                with self._listening() as listener:
                    self._note_database()
                    while not stop.is_set():
                        self._sleep(listener, self.run_once(), stop)
            except (DBAPIError, psycopg.Error) as exc:
                log.warning("the database does not answer: %s", first_line(exc))
                if is_outage(exc):
                    self._extend_grace()
                    self._are_hints_lost = True
                self._beat()
                stop.wait(PAUSE_S)

    def _note_database(self) -> None:
        """Note it where an older backup was restored, before anything is done with its rows."""
        with transaction(self._engine) as session:
            restored = identity.restored_at(session)
        if restored:
            log.info("the database was restored from a backup; first met at %s", restored)

    def run_once(self) -> float:
        """Do one round, and return the seconds after which there may be something to do."""
        self._beat()
        if time.monotonic() >= self._grace_ends_at:
            self._take_over()
        self._is_broker_well = True
        # Each is done, also after one has failed.
        next_s = min(self._reannounce_all(), self._announce_jobs(), self._announce_publications())
        if self._is_broker_well:
            self._outage.end()
        with transaction(self._engine) as session:
            waits_s = (
                hints.next_due_in_s(session, Job, jobs.is_waiting()),
                hints.next_due_in_s(session, Publication, publications.is_waiting()),
                jobs.ROWS.next_lease_ends_in_s(session),
                publications.ROWS.next_lease_ends_in_s(session),
                accounts.next_opening_in_s(session),
            )
        return min([next_s, *(wait_s for wait_s in waits_s if wait_s is not None)])

    def _extend_grace(self) -> None:
        """Take nothing over until workers have had the time to renew what they could not during an outage."""
        self._grace_ends_at = time.monotonic() + self._settings.lease_s

    def _take_over(self) -> None:
        """End the claims of all workers that went silent, each in a transaction of its own."""
        is_found = True
        while is_found:
            self._beat()
            with transaction(self._engine) as session:
                is_found = jobs.take_over(session, self._name) or publications.take_over(session)
            metrics.LEASES_EXPIRED.inc(is_found)

    def _reannounce_all(self) -> float:
        """Announce everything again where the hints were lost, and return when to look again, in seconds.

        A broker that was wiped has none. While the database is away, workers read hints and find no rows.
        """
        try:
            if self._are_hints_lost or self._broker.is_new():
                with transaction(self._engine) as session:
                    hints.mark_all_unsent(session, Job, jobs.is_waiting())
                    hints.mark_all_unsent(session, Publication, publications.is_waiting())
                # Only now: had the database failed, nobody would know any more that hints were lost.
                self._broker.mark()
                self._are_hints_lost = False
        except BrokerDown as exc:
            return self._wait_for_broker(exc)
        return self._settings.sweep_s

    def _announce_jobs(self) -> float:
        with transaction(self._engine) as session:
            due = jobs.announce(session, self._settings.rehint_s, self._settings.jobs_per_account)
        return self._send_all("analyze", due, Job)

    def _announce_publications(self) -> float:
        with transaction(self._engine) as session:
            due = publications.announce(session, self._settings.rehint_s, self._settings.writes_per_account)
        return self._send_all("publish", due, Publication)

    def _send_all(self, queue: str, due: Sequence[Hint], table: type[Job | Publication]) -> float:
        """Send the hints of due rows, and return when to look again, in seconds.

        Those that cannot be sent wait for the next round.
        """
        unsent = list(due)
        try:
            while unsent:
                self._beat()
                self._broker.send(queue, unsent[0])
                metrics.HINTS.labels("sent").inc()
                unsent.pop(0)
        except BrokerDown as exc:
            metrics.HINTS.labels("failed").inc(len(unsent))
            with transaction(self._engine) as session:
                hints.mark_unsent(session, table, [hint.id for hint in unsent])
            return self._wait_for_broker(exc)
        return NEXT_S if due else self._settings.sweep_s

    def _wait_for_broker(self, error: BrokerDown) -> float:
        """Tell of a failure of the broker, and return when to try again, in seconds."""
        self._is_broker_well = False
        self._outage.note(error)
        return PAUSE_S

    def _listening(self) -> psycopg.Connection:
        """Open a connection that hears the notifications; one of the engine's could go to another thread.

        Raises:
            SettingsInvalid: a pooler is between, through which nothing would be heard.
        """
        direct = self._settings.database_direct_address
        url = url_of(direct, "DATABASE_DIRECT_URL") if direct else self._engine.url
        address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        listener = psycopg.connect(address, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S, **TCP_LIMITS)
        with ExitStack() as failing:
            failing.callback(listener.close)
            require_direct(listener)
            listener.execute(f"LISTEN {notify.CHANNEL}")
            failing.pop_all()
        return listener

    def _sleep(self, listener: psycopg.Connection, wait_s: float, stop: threading.Event) -> None:
        """Wait for a notification; in short steps, so that `stop` is heard."""
        until = time.monotonic() + wait_s
        while not stop.is_set() and (left_s := until - time.monotonic()) > 0:
            self._beat()
            if any(listener.notifies(timeout=min(left_s, PAUSE_S), stop_after=1)):
                # One round does for all that came meanwhile.
                list(listener.notifies(timeout=0))
                return
