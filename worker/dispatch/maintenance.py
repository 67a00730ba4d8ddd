"""Looks after tests, heads, counts, the bucket and old rows beside the dispatcher, and never holds it up."""

from __future__ import annotations

import logging
import math
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from sqlalchemy.exc import SQLAlchemyError

from worker import metrics, partitions
from worker.database import transaction
from worker.dispatch import retention, row_counts
from worker.errors import BucketUnavailable, SettingsInvalid, first_line
from worker.learning.watch import watch
from worker.storage.bucket import PictureBucket
from worker.storage.moving import move_waiting
from worker.storage.remover import remove_due
from worker.trials import looking
from worker.trials.accounts import automatic
from worker.trials.counting import merge_inbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from worker.settings import Settings

log = logging.getLogger(__name__)

EVERY_S = 30.0
# So long in each round. At 1,000 rows in a tenth of a second, that is five times as many as
# 200 events a second leave behind.
LONGEST_S = 10.0
# A run that ended so long before the last round may have been committed after it, or its asset been held.
OVERLAP = timedelta(minutes=5)
FIRST_LOOK_BACK = timedelta(days=1)  #: when the last round was is not known
STOP_S = 5.0  # no batch takes longer
HEADS_EVERY_S = 3600.0  # viewers prove nothing within minutes


class Maintenance:
    """Looks at tests, prunes and counts every now and then, from the start of a `with` block to its end."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine, self._settings = engine, settings
        self._stopping = threading.Event()
        self._heads_at_s = -math.inf  #: when they were last looked at
        self._considered_at: float | None = None  # of `time.monotonic`
        self._thread = threading.Thread(target=self._run, name="maintenance", daemon=True)

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop after the batch that is being removed."""
        self._stopping.set()
        self._thread.join(STOP_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            # Each for itself: where one fails, the others go on.
            self._try("counts could not be merged", lambda: merge_inbox(self._engine, LONGEST_S))
            self._try("tests could not be looked at", self._look_at_tests)
            self._try("no tests could be started", self._begin_tests)
            self._try("rows could not be counted", self._count)
            self._try("partitions could not be made ahead", self._make_partitions)
            self._try("old partitions could not be dropped", self._drop_weeks)
            self._try("old rows could not be removed", self._prune)
            # First, as a bucket that is full takes no more before.
            self._try("pictures could not be removed from the bucket", self._remove_pictures)
            self._try("pictures could not be moved into the bucket", self._move_pictures)
            self._try("learned heads could not be looked at", self._watch_heads)
            self._stopping.wait(EVERY_S)

    def _look_at_tests(self) -> None:
        looking.look_at_due(self._engine, self._settings, LONGEST_S)

    def _begin_tests(self) -> None:
        now, before = time.monotonic(), self._considered_at
        since = FIRST_LOOK_BACK if before is None else timedelta(seconds=now - before) + OVERLAP
        automatic.begin_tests(self._engine, self._settings, since, LONGEST_S)
        self._considered_at = now

    def _count(self) -> None:
        with transaction(self._engine) as session:
            row_counts.count(session, self._settings)
        metrics.note_free_space("data", self._settings.data_dir)

    def _make_partitions(self) -> None:
        for name in partitions.make_ahead(self._engine):
            log.info("made the partition %s", name)

    def _drop_weeks(self) -> None:
        retention.drop_weeks(self._engine, self._settings)

    def _prune(self) -> None:
        retention.prune(self._engine, self._settings, LONGEST_S)

    def _remove_pictures(self) -> None:
        if (bucket := PictureBucket.of(self._settings)) is not None:
            remove_due(self._engine, bucket, LONGEST_S)

    def _move_pictures(self) -> None:
        bucket = PictureBucket.of(self._settings)
        if bucket is not None and bucket.takes_pictures:
            move_waiting(self._engine, bucket, LONGEST_S)

    def _watch_heads(self) -> None:
        if time.monotonic() - self._heads_at_s >= HEADS_EVERY_S:
            self._heads_at_s = time.monotonic()
            watch(self._engine)

    def _try(self, complaint: str, step: Callable[[], object]) -> None:
        try:
            step()
        except (SQLAlchemyError, BucketUnavailable, SettingsInvalid) as exc:
            log.warning("%s: %s", complaint, first_line(exc))
        except Exception:
            # A bug of ours: the log shows where, and the thread goes on.
            log.exception(complaint)
