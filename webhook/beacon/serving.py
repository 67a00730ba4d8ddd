"""Runs the beacon under gunicorn as the receiver runs: readers of requests in front of a few threads."""

# gunicorn carries no types.
# mypy: disable-error-code="import-untyped, misc"

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ClassVar, cast

from gunicorn import util

from webhook import serving
from webhook.beacon import limits
from webhook.front import FrontWorker
from webhook.limits import MAX_BODY_BYTES
from worker import logs, tracing
from worker.database import url_of
from worker.errors import SettingsInvalid
from worker.settings import warn_of_strays

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

    from webhook.beacon.app import Beacon
    from worker.settings import Settings

LAST_FLUSH_S = 5  # beside the time that other programs have to end

log = logging.getLogger(__name__)


class BeaconWorker(FrontWorker):
    """A process of the beacon: what browsers tell is small, and answered without waiting for anything."""

    #: Threads by the beginning of the address; what was seen needs none, so a flood of it takes none.
    threads: ClassVar[dict[str, int]] = {
        "/v1/seen": 0,
        "/v1/counts": 2,
        "/v1/posters/": 4,
        "/v1/": 4,
        "/": 2,
    }
    max_held_bytes = limits.MAX_HELD_BYTES

    def body_limit(self, environ: WSGIEnvironment, *, is_known: bool) -> int:
        """Return how much is read: sums of a server, else a batch of a browser."""
        del is_known
        return MAX_BODY_BYTES if environ["PATH_INFO"] == "/v1/counts" else limits.MAX_SEEN_BYTES

    def run(self) -> None:
        """Answer until this process is told to end, and hand over what was counted."""
        beacon = cast("Beacon", self.wsgi)
        super().run()
        beacon.close()


class BeaconServer(serving.Receiver):
    """The beacon under gunicorn."""

    def load_config(self) -> None:
        """Set gunicorn's options."""
        super().load_config()
        self.cfg.set("worker_class", BeaconWorker)
        self.cfg.set("graceful_timeout", serving.KILL_AFTER_S + LAST_FLUSH_S)

    def _addresses(self) -> list[str]:
        settings = self._settings
        if self._counts is None:  # the receiver shows the numbers of all programs that share a folder
            return [f"{settings.beacon_host}:{settings.beacon_port}"]
        return self._beside_metrics(settings.beacon_host, settings.beacon_port, "BEACON_PORT")

    def load(self) -> WSGIApplication:
        """Make the application, in each process anew, so that none inherits connections."""
        tracing.start(self._settings, "beacon")
        app: WSGIApplication = util.import_app("webhook.beacon.app:create_beacon()")
        log.info("ready for viewers")
        return app


def run_beacon(settings: Settings) -> None:
    """Answer viewers' browsers until a signal ends this process.

    Raises:
        SettingsInvalid: naming the environment variable.
    """
    url_of(settings.database_address)  # an unusable one is told here, not by each process in turn
    if not settings.beacon_port:
        raise SettingsInvalid("BEACON_PORT: 0 means no beacon; set the port that it is to be at")
    logs.setup(settings)
    warn_of_strays()
    BeaconServer(settings).run()
