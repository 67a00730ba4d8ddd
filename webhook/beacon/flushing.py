"""Hands what was added up to the database every few seconds, and asks it which tests run.

The database may be slow, away or silent: meanwhile the sums go on, and what it did not take is handed over
again later. Where it dies just as it confirms, that is counted twice, alike in all variants.
"""

from __future__ import annotations

import logging
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from webhook.beacon import limits
from worker import metrics
from worker.database import transaction
from worker.database.engine import driver_of
from worker.database.models import Asset
from worker.database.states import TrialKind
from worker.database.trials import CountInbox, Trial
from worker.errors import first_line
from worker.trials.running import is_live
from worker.trials.sums import Sums

if TYPE_CHECKING:
    from concurrent.futures import Future

    from sqlalchemy import Engine

    from webhook.beacon.duplicates import SharedIds
    from webhook.beacon.totals import Cells, Totals

JITTER = 0.2  # of the time between two flushes, so that processes do not all come at once
LAST_S = 4.0  # for the last flush of a process that ends

_RUNNING = (
    select(Trial.id).join(Asset, Asset.id == Trial.asset_id).where(is_live(), Trial.kind == TrialKind.VIEWERS)
)
_COPY = f"COPY {CountInbox.__tablename__} (trial_id, bucket, {', '.join(Sums._fields)}) FROM STDIN"

log = logging.getLogger(__name__)


class Flusher:
    """A thread that empties the totals, from `start` to `close`; another one waits for the database."""

    def __init__(self, engine: Engine, totals: Totals, shared: SharedIds) -> None:
        self._engine, self._totals, self._shared = engine, totals, shared
        self._database = ThreadPoolExecutor(1, thread_name_prefix="flush")
        self._writing: tuple[Cells, Future[None]] | None = None
        self._ids = frozenset[int]()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flusher", daemon=True)

    def is_running(self, trial_id: int) -> bool:
        """Tell whether a test ran when the database was last asked, a few seconds ago."""
        return trial_id in self._ids

    def start(self) -> None:
        """Ask which tests run, and start the thread."""
        self.flush(within_s=LAST_S)
        self._thread.start()

    def close(self) -> None:
        """Hand over what there is, and stop."""
        self._stopping.set()
        self._thread.join(limits.FLUSH_S)
        if not self.flush(within_s=LAST_S):
            log.warning("the database did not take what the last viewers did; it is lost")
        self._database.shutdown(wait=False, cancel_futures=True)

    def flush(self, within_s: float = 0.0) -> bool:
        """Add up what waits, and give it to the database unless that is still busy with what it got before.

        Args:
            within_s: how long to wait for the database.

        Returns:
            True where it has all.
        """
        self._totals.add_up(self._shared.known)
        self._settle(within_s)
        if self._writing is None:
            cells = self._totals.take_cells()
            self._writing = cells, self._database.submit(self._write, cells)
            self._settle(within_s)
        for (kind, dropped), number in self._totals.take_noted().items():
            metrics.BEACON_EVENTS.labels(kind, dropped).inc(number)
        return self._writing is None

    def _run(self) -> None:
        while not self._stopping.wait(limits.FLUSH_S * random.uniform(1 - JITTER, 1)):  # noqa: S311
            try:
                self.flush()
            except Exception:
                # A bug of ours: the log shows where, and the thread goes on.
                log.exception("what viewers did could not be handed over")

    def _settle(self, within_s: float) -> None:
        """See what became of the write before."""
        if self._writing is None:
            return
        cells, future = self._writing
        try:
            future.result(within_s)
        except TimeoutError:
            if not future.done():  # still at it
                return
            self._totals.put_back(cells)
        except Exception as error:  # noqa: BLE001 - whatever it was, the sums are not to be lost
            log.warning("the database took nothing: %s", first_line(error))
            self._totals.put_back(cells)
        self._writing = None

    def _write(self, cells: Cells) -> None:
        """Store sums, and read which tests run."""
        try:
            with transaction(self._engine) as session:
                self._ids = frozenset(session.scalars(_RUNNING))
        except SQLAlchemyError as error:
            log.warning("which tests run could not be read: %s", first_line(error))
        if cells:
            copy_in(self._engine, cells)


def copy_in(engine: Engine, cells: Cells) -> None:
    """Put sums into the inbox of counts, in one transaction.

    Raises:
        SQLAlchemyError: the database is away.
        psycopg.Error: it refuses.
    """
    with (
        engine.begin() as connection,
        driver_of(connection).cursor() as cursor,
        cursor.copy(_COPY) as rows,
    ):
        for (trial_id, bucket), sums in cells.items():
            rows.write_row((trial_id, bucket, *sums))
