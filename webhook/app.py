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
from webhook.limits import MAX_BODY_BYTES
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
    app = Flask(__name__, static_folder=None)  # no address that is not described in openapi.json
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1  # see webhook/receive.py
    app.url_map.merge_slashes = False  # a webhook is not answered with a redirect
    app.register_blueprint(receive.webhook_pages(settings, database))
    app.register_blueprint(thumbnails.thumbnail_page(database))
    app.register_blueprint(health.health_pages(settings, database))
    app.register_blueprint(openapi.openapi_page())
    answers.answer_errors(app)
    return app


def make_receiver_engine(settings: Settings) -> Engine:
    """Make an engine that gives up early: the sender asks again, and others are answered meanwhile.

    Raises:
        SettingsInvalid: DATABASE_URL is missing or no address of PostgreSQL.
    """
    return make_engine(
        settings.database_address,
        statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        pool_size=CONNECTIONS,
    )
