"""What is counted and timed, for Prometheus.

A process shows its own numbers. The receiver runs in several processes: there prometheus_client keeps them
in the files of the folder `PROMETHEUS_MULTIPROC_DIR`, and the process that is asked adds them up. The
variable must be set before the first import of prometheus_client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.multiprocess import MultiProcessCollector

if TYPE_CHECKING:
    from worker.settings import Settings

# Platforms give up after 5 to 30 s; an answer is promised within 50 ms.
_ANSWER_S = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
# From a clip of seconds to a film of hours.
_WORK_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0)

WEBHOOK_REQUESTS = Counter(
    "thumbs_webhook_requests_total", "Requests to the receiver.", ["platform", "outcome"]
)
WEBHOOK_ACK_SECONDS = Histogram(
    "thumbs_webhook_ack_seconds", "From a request to its answer.", ["platform"], buckets=_ANSWER_S
)
EVENTS = Counter("thumbs_events_total", "Events in verified requests.", ["platform", "outcome"])

# The dispatcher asks the database for these five; it is one process.
YIELDED = Gauge(
    "thumbs_yielded", "Assets whose thumbnail somebody else set, and we leave alone.", ["platform", "account"]
)
JOBS = Gauge("thumbs_jobs", "Rows by state.", ["queue", "state"])
QUEUE_LAG_SECONDS = Gauge("thumbs_job_queue_lag_seconds", "How long the oldest due row waits.", ["queue"])
ACCOUNT_REFUSED = Gauge(
    "thumbs_account_refused", "1: its platform refuses our token.", ["platform", "account"]
)
ACCOUNT_HELD = Gauge(
    "thumbs_account_held", "1: its work waits, by why: paused or closed.", ["platform", "account", "why"]
)
JOB_DURATION_SECONDS = Histogram(
    "thumbs_job_duration_seconds", "What one stage of a job took.", ["stage"], buckets=_WORK_S
)
JOB_ATTEMPTS = Counter("thumbs_job_attempts_total", "Attempts that ended.", ["result", "error_class"])
LEASES_EXPIRED = Counter("thumbs_lease_expired_total", "Jobs taken from workers that fell silent.")
FENCED_WRITES = Counter("thumbs_fenced_writes_total", "Writes refused: the lease was another worker's.")
HINTS = Counter("thumbs_hint_publish_total", "Messages to the workers.", ["result"])
PUBLISH_SECONDS = Histogram(
    "thumbs_publish_seconds", "What one write to a platform took.", ["platform"], buckets=_WORK_S
)


def start_exporter(settings: Settings) -> None:
    """Show the numbers of this process at METRICS_PORT, if that is set; the receiver has /metrics."""
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr=settings.host)


def page() -> bytes:
    """Write the numbers in the text format of Prometheus.

    They are those of all processes that share the folder; of this one alone where there is no folder.
    """
    registry = CollectorRegistry()
    try:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library's
    except ValueError:
        registry = REGISTRY
    return generate_latest(registry)
