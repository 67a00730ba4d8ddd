"""The receiver, put together.

    POST /webhooks/<platform>/<account>    a platform's webhook
    POST /v1/events                        an event from the customer's own systems
    GET  /thumbnails/<sha256>.jpg          a thumbnail, for players and pages
    GET  /healthz, /readyz, /metrics       for the operator's machinery
    GET  /openapi.json                     all of this, for programs

It verifies, records and answers; the work is done elsewhere. It never talks to Redis on the way to an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from webhook import answers, health, openapi, receive, thumbnails
from webhook.bounded import BoundedDatabase
from worker.database import make_engine
from worker.settings import get_settings

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from worker.settings import Settings

# Below the 5 s after which the most impatient platform (Mux) gives up on an answer.
STATEMENT_TIMEOUT_MS = 2_000
LOCK_TIMEOUT_MS = 1_000
CONNECTIONS = 8  # of one process; more would only wait for the two to four cores of the database


def create_app(settings: Settings | None = None, engine: Engine | None = None) -> Flask:
    """Make the WSGI application.

    Args:
        settings: those of the process, where none are given.
        engine: one on the settings' database, with the receiver's time limits, where none is given.

    Raises:
        SettingsInvalid: naming the environment variable.
    """
    settings = settings or get_settings()
    database = BoundedDatabase(engine or make_receiver_engine(settings), CONNECTIONS)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = receive.MAX_BODY_BYTES + 1  # see there
    app.url_map.merge_slashes = False  # a webhook is not answered with a redirect
    app.register_blueprint(receive.routes(settings, database))
    app.register_blueprint(thumbnails.routes(database))
    app.register_blueprint(health.routes(settings, database))
    app.register_blueprint(openapi.routes())
    answers.register(app)
    return app


def make_receiver_engine(settings: Settings) -> Engine:
    """An engine that gives up early: the caller asks again, and another one may be served meanwhile."""
    address = settings.database_url
    return make_engine(
        address.get_secret_value() if address else None,
        statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        pool_size=CONNECTIONS,
    )
