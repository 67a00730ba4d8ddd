"""Runs the receiver under gunicorn: a few processes, each an event loop in front of a few threads.

A process that dies is replaced, and the others go on answering meanwhile. Callers reach it through a proxy
that speaks TLS; the limits here hold without one too.
"""

# gunicorn carries no types.
# mypy: disable-error-code="import-untyped, misc"

from __future__ import annotations

import gc
import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from webhook.front import STOP_TIMEOUT_S, FrontWorker
from webhook.limits import KEEPALIVE_S, MAX_HEADER_BYTES, MAX_HEADERS, MAX_LINE_BYTES
from worker import logs, tracing
from worker.database import url_of
from worker.errors import SettingsInvalid
from worker.files import scratch_folder
from worker.settings import environment, warn_of_strays

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from gunicorn.config import Config

    from worker.settings import Settings

PROCESSES = 2
SILENT_PROCESS_TIMEOUT_S = 30
KILL_AFTER_S = STOP_TIMEOUT_S + 2  # a process that is told to end, and does not
BACKLOG = 2048  # callers whom the system answers for a process that is busy

COUNTS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the name is prometheus_client's
_COUNTS_PREFIX = "thumbs-metrics-"

log = logging.getLogger(__name__)


class PropagatingLogger(Logger):
    """Leaves gunicorn's log lines to the handler of all others."""

    def setup(self, cfg: Config) -> None:
        """Drop gunicorn's own handlers."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def info(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Tell how its processes come and go to who looks for a fault: our own lines say what follows."""
        super().debug(msg, *args, **kwargs)


def options(settings: Settings, addresses: list[str]) -> dict[str, Any]:
    """Name the options of gunicorn that all our programs under it have.

    Args:
        settings: how much is logged.
        addresses: that it listens at, as HOST:PORT.
    """

    def when_ready(server: object) -> None:
        log.info("listening at %s", " and ".join(addresses))
        keep_what_is_loaded(server)

    return {
        "bind": addresses,
        "when_ready": when_ready,
        "post_worker_init": keep_what_is_loaded,
        # Where the first process was killed, the others hold the port for another moment.
        "reuse_port": True,
        "workers": PROCESSES,
        "backlog": BACKLOG,
        "worker_class": FrontWorker,
        "logger_class": PropagatingLogger,
        "loglevel": settings.log_level.lower(),
        "timeout": SILENT_PROCESS_TIMEOUT_S,
        "graceful_timeout": KILL_AFTER_S,
        "keepalive": KEEPALIVE_S,
        "limit_request_line": MAX_LINE_BYTES,
        "limit_request_fields": MAX_HEADERS,
        "limit_request_field_size": MAX_HEADER_BYTES,
        "control_socket_disable": True,
    }


def keep_what_is_loaded(_: object) -> None:
    """Have the garbage collector leave alone what is loaded, which stays until the process ends anyway.

    Else Python looks through all of it as the process ends. That takes half a second of a core, which on a
    machine with a load of 20 is several seconds.
    """
    gc.freeze()


class Receiver(BaseApplication):
    """The receiver under gunicorn; a program that is like it derives a class from this one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # The folder in which the processes add up what they count, unless all programs here share one.
        self._counts = None if COUNTS_FOLDER in environment() else _own_folder()
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options."""
        given = options(self._settings, self._addresses())
        if self._counts is not None:
            # Set by gunicorn before it starts a process, so before prometheus_client is imported there.
            given["raw_env"] = [f"{COUNTS_FOLDER}={self._counts.path}"]
            given["on_exit"] = lambda _: self._counts.remove()
        for name, value in given.items():
            self.cfg.set(name, value)

    def _addresses(self) -> list[str]:
        return self._beside_metrics(self._settings.host, self._settings.port, "PORT")

    def _beside_metrics(self, host: str, port: int, port_name: str) -> list[str]:
        """List the address of a program, and that of its metrics, where these have one."""
        settings = self._settings
        public = [f"{host}:{port}"]
        if not settings.metrics_port:
            return public
        if settings.metrics_port == port:
            raise SettingsInvalid(f"METRICS_PORT is {port_name}; set another one, or 0")
        return [*public, f"{settings.metrics_host or settings.host}:{settings.metrics_port}"]

    def load(self) -> WSGIApplication:
        """Make the application, in each process anew, so that none inherits connections."""
        tracing.start(self._settings, "receiver")
        app: WSGIApplication = util.import_app("webhook.app:create_receiver()")
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
    warn_of_strays()
    Receiver(settings).run()
