"""The two worker processes: `thumbs analyze` looks at videos, `thumbs publish` writes to platforms.

A worker takes no message before everything that it needs is there and has worked once. Asked to stop, it
takes no more messages, gives back what it has not finished, and is gone within seconds.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import warnings
from functools import partial
from typing import TYPE_CHECKING

from celery import signals
from celery.concurrency import get_implementation
from celery.exceptions import CDeprecationWarning, CPendingDeprecationWarning, SecurityWarning
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from structlog.contextvars import bound_contextvars

from worker import database, jobs, logs, metrics, publications, tracing
from worker.confinement.cores import available_cores
from worker.database.engine import is_outage
from worker.dispatch.celery_app import WorkerKind, make_app
from worker.dispatch.hint_consumer import HintConsumer
from worker.download.fetch import sweep_workspaces
from worker.errors import first_line
from worker.judge.connection import JudgeConnection
from worker.platforms import platform_of
from worker.platforms.shared import request_limits
from worker.publishing import picks_webhook
from worker.publishing.publisher import Publisher
from worker.queue.leases import Leases
from worker.settings import warn_of_strays

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery

    from worker.platforms.base import Platform
    from worker.settings import Settings

log = logging.getLogger(__name__)

PAUSE_S = 1.0  #: between two tries to read the row of a hint while the database is away


def analyze(settings: Settings) -> None:
    """Look at videos until asked to stop.

    Raises:
        ConfigurationError: a setting is wrong, or a model cannot be used.
    """
    logs.setup(settings)
    warn_of_strays()
    request_limits.setup(settings)
    tracing.start(settings, "analyze")
    stopping, engine, app = threading.Event(), database.get_engine(), _app(settings)
    judge = JudgeConnection.of(settings)

    # Loads the model's libraries, which a publishing worker does not need, nor one whose settings are wrong.
    from worker.analysis.analyzer import Analyzer  # noqa: PLC0415
    from worker.analysis.decoder_pool import Decoders  # noqa: PLC0415
    from worker.pipeline.scoring.models import Models  # noqa: PLC0415

    sweep_workspaces(settings.work_dir)
    with (
        # They start while the model loads.
        Decoders(settings.analyze_concurrency, settings.decoders or available_cores()) as decoders,
        Leases(engine, jobs.renew, settings.lease_s, settings.job_timeout_s, stopping) as leases,
    ):
        models = Models.load(settings.model, settings.prompts_file, settings.device, settings.yunet_file)
        models.scorer.watch(metrics.note_batch)
        models.warm_up()
        # Whoever sees its numbers takes it for a worker that works, and may end an old one for it.
        metrics.start_exporter(settings)
        analyzer = Analyzer(
            settings,
            engine,
            models,
            decoders,
            leases,
            _finder(settings),
            _owner(WorkerKind.ANALYZE),
            judge,
        )
        if models.faces.note:
            log.warning("%s (YUNET_FILE)", models.faces.note)
        _serve(app, WorkerKind.ANALYZE, analyzer.analyze, stopping)
        _run(app, WorkerKind.ANALYZE, settings.analyze_concurrency, settings, stopping)


def publish(settings: Settings) -> None:
    """Write thumbnails to platforms until asked to stop.

    Raises:
        ConfigurationError: a setting is wrong.
    """
    picks_webhook.check_secrets(settings)
    logs.setup(settings)
    warn_of_strays()
    metrics.start_exporter(settings)
    request_limits.setup(settings)
    tracing.start(settings, "publish")
    stopping, engine, app = threading.Event(), database.get_engine(), _app(settings)
    with Leases(engine, publications.renew, settings.lease_s, settings.job_timeout_s, stopping) as leases:
        publisher = Publisher(settings, engine, _finder(settings), leases, _owner(WorkerKind.PUBLISH))
        _serve(app, WorkerKind.PUBLISH, publisher.publish, stopping)
        _run(app, WorkerKind.PUBLISH, settings.publish_concurrency, settings, stopping)


def _serve(app: Celery, kind: WorkerKind, work: Callable[[int], object], stopping: threading.Event) -> None:
    """Let this process do `work` on every row that a hint of this kind names."""

    @app.task(name=kind.task)  # type: ignore[untyped-decorator] # Celery's
    def work_on(row_id: int, hint_no: int) -> None:
        with bound_contextvars(**{f"{kind.value}_id": row_id, "hint_no": hint_no}):
            _outwait(partial(work, row_id), stopping)


def _outwait(work: Callable[[], object], stopping: threading.Event) -> None:
    """Keep a hint while the database is away, or until asked to stop, instead of losing it.

    The way to the database may be cut for us alone, or for a moment in which the dispatcher sleeps: nobody
    else would notice, and send the hint again, before REHINT_S.
    """
    is_told = False
    while True:
        try:
            work()
        except (DBAPIError, NoConnectionFree) as exc:
            # A database that is silent keeps the connections of those who asked first.
            if isinstance(exc, DBAPIError) and not is_outage(exc):
                raise
            if not is_told:
                log.warning("the database does not answer; the hint is kept: %s", first_line(exc))
            is_told = True
            if stopping.wait(PAUSE_S):
                return
        else:
            return


def _run(
    app: Celery, kind: WorkerKind, concurrency: int, settings: Settings, stopping: threading.Event
) -> None:
    """Take messages until a signal comes; then set `stopping` and wait for what runs.

    Raises:
        SystemExit: with code 70, at an end that nobody asked for.
    """

    def on_ready(**_: object) -> None:
        # What runs is given back within a moment, so there is nothing that SIGQUIT could do faster. Celery's
        # own handler waits for the pool before it says that the worker stops, which the pool waits for.
        signal.signal(signal.SIGQUIT, signal.getsignal(signal.SIGTERM))
        log.info("ready: %s takes up to %d at once", kind, concurrency, extra={"action": "ready"})

    def on_stop(**_: object) -> None:
        stopping.set()

    if os.geteuid() == 0:
        log.warning("running as root: give this program a user of its own", extra={"action": "is_root"})
    # Celery says that, too, once more and with a remedy that is none of ours; what it is going to change is
    # for those who build this.
    for category in (SecurityWarning, CDeprecationWarning, CPendingDeprecationWarning):
        warnings.simplefilter("ignore", category)
    # Celery refers to its listeners weakly; these two live until this function returns.
    signals.worker_ready.connect(on_ready)
    signals.worker_shutting_down.connect(on_stop)
    app.Worker(
        hostname=f"{kind}-{os.getpid()}@{socket.gethostname()}",
        pool_cls=get_implementation("threads"),
        consumer_cls=HintConsumer,
        concurrency=concurrency,
        queues=[kind.value],
        loglevel=settings.log_level,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    ).start()
    if not stopping.is_set():
        log.critical("%s ended, though nobody asked it to", kind, extra={"action": "ended"})
        raise SystemExit(os.EX_SOFTWARE)
    log.info("stopped", extra={"action": "stopped"})


def _app(settings: Settings) -> Celery:
    return make_app(settings.redis_address)


def _finder(settings: Settings) -> Callable[[jobs.JobClaim | publications.PublicationClaim], Platform]:
    def platform(claim: jobs.JobClaim | publications.PublicationClaim) -> Platform:
        return platform_of(claim.platform, claim.account, settings, claim.media_url)

    return platform


def _owner(kind: WorkerKind) -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{kind}"
