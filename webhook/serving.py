"""Runs the receiver under gunicorn: a few processes with a few threads each.

A process that dies is replaced, and the others go on answering meanwhile. Callers reach it through a proxy
that speaks TLS; the limits here hold without one too.
"""

# gunicorn carries no types.
# mypy: disable-error-code="import-untyped, misc"

from __future__ import annotations

import logging
import socket
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from worker import logs, tracing
from worker.database import url_of
from worker.files import scratch_folder
from worker.settings import environment

if TYPE_CHECKING:
    from flask import Flask
    from gunicorn.config import Config
    from gunicorn.workers.gthread import TConn

    from worker.settings import Settings

PROCESSES = 2
THREADS = 16  # of a process; most of them wait for the database
REQUEST_TIMEOUT_S = 10.0  # from the first byte to the last of the answer; no platform waits longer
SILENT_PROCESS_TIMEOUT_S = 30
STOP_TIMEOUT_S = 10  # for what is being answered
KEEPALIVE_S = 15
MAX_LINE_BYTES = 2048
MAX_HEADERS = 64
MAX_HEADER_BYTES = 8190

COUNTS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the name is prometheus_client's
_COUNTS_PREFIX = "thumbs-metrics-"

log = logging.getLogger(__name__)


class ImpatientWorker(ThreadWorker):
    """Hangs up on callers who are too slow; gunicorn itself waits for them for ever, a thread each."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadlines_s: dict[TConn, float] = {}

    def handle(self, conn: TConn) -> Any:
        """Answer one request, in a thread of its own."""
        self._deadlines_s[conn] = time.monotonic() + REQUEST_TIMEOUT_S
        try:
            return super().handle(conn)
        finally:
            del self._deadlines_s[conn]

    def notify(self) -> None:
        """Tell gunicorn, about once a second, that this process lives; hang up on slow callers."""
        super().notify()
        now_s = time.monotonic()
        # A copy, because the threads that answer add and remove entries meanwhile.
        for conn, deadline_s in self._deadlines_s.copy().items():
            if deadline_s < now_s:
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RDWR)


class PropagatingLogger(Logger):
    """Leaves gunicorn's log lines to the handler of all others."""

    def setup(self, cfg: Config) -> None:
        """Drop gunicorn's own handlers."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Receiver(BaseApplication):
    """The receiver under gunicorn."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # The folder in which the processes add up what they count, unless all programs here share one.
        self._counts = None if COUNTS_FOLDER in environment() else _own_folder()
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options."""
        options = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            # Where the first process was killed, the others hold the port for another moment.
            "reuse_port": True,
            "workers": PROCESSES,
            "threads": THREADS,
            "worker_class": ImpatientWorker,
            "logger_class": PropagatingLogger,
            "loglevel": self._settings.log_level.lower(),
            "timeout": SILENT_PROCESS_TIMEOUT_S,
            "graceful_timeout": STOP_TIMEOUT_S,
            "keepalive": KEEPALIVE_S,
            "limit_request_line": MAX_LINE_BYTES,
            "limit_request_fields": MAX_HEADERS,
            "limit_request_field_size": MAX_HEADER_BYTES,
            "control_socket_disable": True,
        }
        if self._counts is not None:
            # Set by gunicorn before it starts a process, so before prometheus_client is imported there.
            options["raw_env"] = [f"{COUNTS_FOLDER}={self._counts.path}"]
            options["on_exit"] = lambda _: self._counts.remove()
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Make the application, in each process anew, so that none inherits connections."""
        tracing.start(self._settings, "receiver")
        app: Flask = util.import_app("webhook.app:create_app()")
        log.info("ready for webhooks")
        return app


def _own_folder() -> scratch_folder.PrivateFolder:
    temporary = Path(tempfile.gettempdir())
    scratch_folder.sweep(temporary, _COUNTS_PREFIX)  # that of a killed receiver is of no use
    return scratch_folder.make(temporary, _COUNTS_PREFIX)


def run_receiver(settings: Settings) -> None:
    """Answer requests until a signal ends this process.

    Raises:
        SettingsInvalid: naming the environment variable.
    """
    url_of(settings.database_address)  # an unusable one is told here, not by each process in turn
    logs.setup(settings)
    Receiver(settings).run()
