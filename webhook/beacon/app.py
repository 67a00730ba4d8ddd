"""The beacon, put together: what viewers' browsers ask for, and what they tell.

    GET  /v1/variants/..., /v1/thumbs.js, /v1/posters/...   see `webhook.variants`
    POST /v1/seen                          what was seen, from browsers
    POST /v1/counts                        the same, added up by the customer's own servers
    GET  /healthz                          for the operator's machinery, like the next two
    GET  /readyz, /metrics                 at METRICS_PORT, or where that is not set, here too
    GET  /openapi.json                     all of this, for programs

It is a program of its own, so that no flood of viewers touches the threads of the webhooks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from webhook import answers, health
from webhook.beacon.counts import counts_page
from webhook.beacon.description import description_page
from webhook.beacon.duplicates import SharedIds
from webhook.beacon.flushing import Flusher
from webhook.beacon.limits import CONNECTIONS
from webhook.beacon.seen import seen_page
from webhook.beacon.totals import Totals
from webhook.bounded import BoundedDatabase
from webhook.limits import MAX_BODY_BYTES
from webhook.variants.pages import variant_pages
from worker.database import make_engine
from worker.settings import get_settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from sqlalchemy import Engine

    from worker.settings import Settings

STATEMENT_TIMEOUT_MS = 2_000
LOCK_TIMEOUT_MS = 1_000

# Of a process: the fourth connection is the flusher's.
VARIANT_CONNECTIONS = 2
COUNT_CONNECTIONS = CONNECTIONS - VARIANT_CONNECTIONS - 1


class Beacon:
    """What a process of the beacon serves, at one port or at two, and the thread that empties its sums."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        """Ask which tests run, and begin to hand over what is counted.

        Args:
            settings: of the service.
            engine: on their database, as `make_beacon_engine` makes it.
        """
        self.totals = Totals()
        self.flusher = Flusher(engine, self.totals, SharedIds(settings.redis_address))
        database = BoundedDatabase(engine, COUNT_CONNECTIONS)
        self.public = _empty_app()
        self.public.register_blueprint(seen_page(settings, self.totals, self.flusher.is_running))
        self.public.register_blueprint(counts_page(settings, database))
        self.public.register_blueprint(variant_pages(settings, BoundedDatabase(engine, VARIANT_CONNECTIONS)))
        self.public.register_blueprint(description_page())
        self.operations = _empty_app() if settings.metrics_port else self.public
        self.operations.register_blueprint(health.operations_pages(settings, database))
        self.public.register_blueprint(health.life_page())
        if settings.metrics_port:
            self.operations.register_blueprint(health.life_page())
            self.public.register_blueprint(health.moved_pages())
        self._operations_port = str(settings.metrics_port)
        self.flusher.start()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, by the port that it came to."""
        # The server knows this from its socket, so no caller can write it into a header.
        is_operations = environ["SERVER_PORT"] == self._operations_port
        return (self.operations if is_operations else self.public)(environ, start_response)

    def close(self) -> None:
        """Hand over what was counted; afterwards nothing may come any more."""
        self.flusher.close()


def create_beacon() -> Beacon:
    """Make what a process of the beacon serves, by the settings of the environment.

    Raises:
        SettingsInvalid: naming the environment variable.
    """
    settings = get_settings()
    return Beacon(settings, make_beacon_engine(settings))


def make_beacon_engine(settings: Settings) -> Engine:
    """Make an engine that gives up early: nothing waits for it but who asks for variants.

    Raises:
        SettingsInvalid: DATABASE_URL is missing or no address of PostgreSQL.
    """
    return make_engine(
        settings.database_address,
        statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        pool_size=CONNECTIONS,
    )


def _empty_app() -> Flask:
    app = Flask(__name__, static_folder=None)  # no address that is not described in openapi.json
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False  # the same
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1  # see webhook/bodies.py
    app.url_map.merge_slashes = False
    answers.answer_errors(app)
    return app
