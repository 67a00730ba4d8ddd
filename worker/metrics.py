"""What is counted and timed, for Prometheus; docs/metrics.md says what each number means.

A process shows its own numbers. Where several processes share a page, as those of the receiver do and all of
`thumbs up`, prometheus_client keeps their numbers in the files of the folder `PROMETHEUS_MULTIPROC_DIR`, and
the process that is asked adds them up. The variable must be set before the first import of prometheus_client.
A process that takes the place of a dead one goes on in its files, so their number is bounded.

Accounts are labels only where a row or a verified request names them, so no stranger can add a series.
"""

from __future__ import annotations

import os
import shutil
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector

from worker.files.file_lock import try_lock
from worker.settings import environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.settings import Settings


def _place() -> int:
    """Return the lowest number that no other living process has in the shared folder."""
    return _place_of(os.getpid())  # a forked process needs one of its own


@lru_cache
def _place_of(_: int) -> int:
    number, folder = 0, Path(environment()["PROMETHEUS_MULTIPROC_DIR"])
    while not try_lock(place := os.open(folder / f"{number}.place", os.O_CREAT | os.O_RDWR)):
        os.close(place)
        number += 1
    return number  # its file stays open and locked until this process ends


if "PROMETHEUS_MULTIPROC_DIR" in environment():
    # In place of the process id, which would leave files behind with every process that ends.
    values.ValueClass = values.MultiProcessValue(_place)  # type: ignore[no-untyped-call] # the library's

# Platforms give up after 5 to 30 s; an answer is promised within 50 ms.
_ANSWER_S = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
# From a clip of seconds to a film of hours.
_WORK_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0)

_ACCOUNT = ["platform", "account"]

WEBHOOK_REQUESTS = Counter(
    "thumbs_webhook_requests_total", "Requests to the receiver.", [*_ACCOUNT, "outcome", "code"]
)
WEBHOOK_ACK_SECONDS = Histogram(
    "thumbs_webhook_ack_seconds", "From a request to its answer.", ["platform"], buckets=_ANSWER_S
)
EVENTS = Counter("thumbs_events_total", "Events in verified requests.", [*_ACCOUNT, "outcome"])

JOB_ATTEMPTS = Counter(
    "thumbs_job_attempts_total", "Attempts at a job that ended.", [*_ACCOUNT, "result", "error_class"]
)
DOWNLOAD_BYTES = Counter(
    "thumbs_download_bytes_total", "Bytes of videos that were fetched, and that were spared.", ["result"]
)
JOB_DURATION_SECONDS = Histogram(
    "thumbs_job_duration_seconds", "What one stage of a job took.", ["stage"], buckets=_WORK_S
)
PUBLISH_ATTEMPTS = Counter(
    "thumbs_publish_attempts_total", "Attempts at a write that ended.", [*_ACCOUNT, "result", "error_class"]
)
PUBLISH_SECONDS = Histogram(
    "thumbs_publish_seconds", "What one write to a platform took.", ["platform"], buckets=_WORK_S
)
JUDGE_VERDICTS = Counter("thumbs_judge_verdicts_total", "Videos that a judge was to see.", ["result"])
JUDGE_SECONDS = Histogram("thumbs_judge_seconds", "What one video took its judge.", buckets=_WORK_S)
JUDGE_TOKENS = Counter("thumbs_judge_tokens_total", "Tokens, as the judge's server counted.", ["kind"])
# Seconds that several threads spend side by side: their rate is how many of them do so on average.
WAITED_SECONDS = Counter("thumbs_analyze_waited_seconds_total", "What jobs waited for.", ["awaited"])
DECODING_SECONDS = Counter("thumbs_decoding_seconds_total", "Decoders at work.")
MODEL_BUSY_SECONDS = Counter("thumbs_model_busy_seconds_total", "The model at work.")
MODEL_PLACES = Counter("thumbs_model_places_total", "Places in the model's batches.", ["held"])
LEASES_EXPIRED = Counter("thumbs_lease_expired_total", "Rows taken from workers that fell silent.")
FENCED_WRITES = Counter("thumbs_fenced_writes_total", "Results refused: the lease was another worker's.")
BEACON_EVENTS = Counter(
    "thumbs_beacon_events_total", "What viewers did, counted, or dropped and why.", ["kind", "dropped"]
)
BUCKET_REQUESTS = Counter(
    "thumbs_bucket_requests_total", "Requests to the bucket of pictures.", ["operation", "result"]
)
BUCKET_SECONDS = Histogram(
    "thumbs_bucket_seconds", "What one request to the bucket took.", ["operation"], buckets=_ANSWER_S
)
HINTS = Counter("thumbs_hint_publish_total", "Messages to the workers.", ["result"])


def _gauge(name: str, meaning: str, labels: tuple[str, ...] | list[str] = ()) -> Gauge:
    # Where processes share a page, the one that looked last is right: also about what one before it showed.
    return Gauge(name, meaning, labels, multiprocess_mode="mostrecent")


# The dispatcher asks the database for these, see `dispatch.row_counts`; several dispatchers show the same.
ROWS_COUNTED_AT = _gauge("thumbs_rows_counted_timestamp_seconds", "When the dispatcher last counted rows.")
JOBS = _gauge("thumbs_jobs", "Rows by state, but for those that are over and well.", ["queue", "state"])
DUE_ROWS = _gauge("thumbs_due_rows", "Rows that are due and wait for a worker.", ["queue", *_ACCOUNT])
QUEUE_LAG_SECONDS = _gauge(
    "thumbs_job_queue_lag_seconds", "How long the oldest due row waits.", ["queue", "priority", *_ACCOUNT]
)
OLDEST_UNPUBLISHED_SECONDS = _gauge(
    "thumbs_oldest_unpublished_seconds",
    "Since when the asset that waits longest differs from what its platform shows.",
    _ACCOUNT,
)
OLDEST_PENDING_WRITE_SECONDS = _gauge(
    "thumbs_oldest_pending_write_seconds", "How long the oldest write waits for its platform.", _ACCOUNT
)
YIELDED = _gauge("thumbs_yielded", "Assets whose thumbnail somebody else set, and we leave alone.", _ACCOUNT)
FLAGGED = _gauge("thumbs_flagged", "Assets whose pictures are all flagged as unsafe, and unseen.", _ACCOUNT)
PICTURES_WAITING = _gauge("thumbs_pictures_waiting", "Thumbnails in rows that are to be in the bucket.")
TRIALS = _gauge("thumbs_trials", "Tests of pictures.", ["state"])
ACCOUNT_REFUSED = _gauge("thumbs_account_refused", "1: its platform refuses our token.", _ACCOUNT)
ACCOUNT_HELD = _gauge(
    "thumbs_account_held",
    "1: its work waits, by why: paused, closed, unknown, or writes (only they wait).",
    [*_ACCOUNT, "why"],
)
INBOX_OLDEST_SECONDS = _gauge("thumbs_inbox_oldest_seconds", "Age of the oldest event in the inbox.")
INBOX_KEPT_SECONDS = _gauge("thumbs_inbox_kept_seconds", "How long events are to be kept.")
TABLE_BYTES = _gauge("thumbs_table_bytes", "Size of a table with its indexes and partitions.", ["table"])
PARTITIONS_END = _gauge("thumbs_partitions_end_timestamp", "Until when there are partitions for new rows.")
STRAY_ROWS = _gauge("thumbs_stray_rows", "1: a table has rows of weeks without a partition.", ["table"])
# Each program that has a folder looks at its own disk.
DISK_FREE_BYTES = _gauge("thumbs_disk_free_bytes", "Free space where a folder is.", ["folder"])


def start_exporter(settings: Settings) -> None:
    """Show the numbers of this process at METRICS_PORT, if that is set.

    The receiver has a page of its own, which shows them where the processes share a folder.
    """
    if settings.metrics_port and _shared() is None:
        start_http_server(settings.metrics_port, addr=settings.metrics_host or settings.host)


def page() -> bytes:
    """Write the numbers in the text format of Prometheus.

    They are those of all processes that share the folder; of this one alone where there is no folder.
    """
    return generate_latest(_shared() or REGISTRY)


def _shared() -> CollectorRegistry | None:
    """Read the numbers of all processes that share a folder; None where this one has none."""
    registry = CollectorRegistry()
    try:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library's
    except ValueError:
        return None
    return registry


def note_free_space(name: str, folder: Path) -> None:
    """Show how much room is left where a folder is; nothing where there is no such folder."""
    if folder.is_dir():
        DISK_FREE_BYTES.labels(name).set(shutil.disk_usage(folder).free)


def note_decoding(waited_s: float, used_s: float) -> None:
    """Count one use of a decoder: how long it waited for its turn, and how long it took, in seconds."""
    WAITED_SECONDS.labels("decoder").inc(waited_s)
    DECODING_SECONDS.inc(used_s)


def note_batch(views: int, places: int, waited_s: float, busy_s: float) -> None:
    """Count one batch of the model.

    Args:
        views: of pictures that were looked at.
        places: of the batch; those without a view were filled up.
        waited_s: that the jobs in it had waited for the model, all together.
        busy_s: that the model took.
    """
    WAITED_SECONDS.labels("model").inc(waited_s)
    MODEL_BUSY_SECONDS.inc(busy_s)
    MODEL_PLACES.labels("view").inc(views)
    MODEL_PLACES.labels("nothing").inc(places - views)


class Snapshot:
    """All series of some gauges at one time: what is not in it any more goes to 0.

    A series that processes share cannot be removed, and one that stays as it was would raise alarms for ever.
    """

    def __init__(self) -> None:
        self._shown: dict[Gauge, set[tuple[str, ...]]] = {}

    def show(self, gauge: Gauge, values: Mapping[tuple[str, ...], float]) -> None:
        """Set the series of a gauge.

        Args:
            gauge: all of whose series are set by this snapshot.
            values: by the values of its labels.
        """
        shown = self._shown.setdefault(gauge, set())
        for labels in shown - values.keys():
            gauge.labels(*labels).set(0)
        for labels, value in values.items():
            gauge.labels(*labels).set(value)
        shown.update(values)
