"""The receiver, put together.

    POST /webhooks/<platform>/<account>    a platform's webhook
    POST /v1/events                        an event from the customer's own systems
    GET  /v1/assets/<platform>/<account>/<id>   what is known of an asset, for these systems
    GET  /thumbnails/<sha256>.jpg          a thumbnail, for players and pages
    GET  /healthz                          for the operator's machinery, like the next two
    GET  /readyz, /metrics                 at METRICS_PORT, or where that is not set, here too
    GET  /openapi.json                     all of this, for programs
    GET  /                                 what this is, for people

It verifies, records and answers; the work is done elsewhere. It never talks to Redis on the way to an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from webhook import answers, assets, health, openapi, receive, thumbnails
from webhook.bounded import BoundedDatabase
from webhook.limits import MAX_BODY_BYTES
from worker.database import make_engine
from worker.settings import get_settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from sqlalchemy.engine import Engine

    from worker.settings import Settings

# Below the 5 s after which the most impatient platform (Mux) gives up on an answer.
STATEMENT_TIMEOUT_MS = 2_000
LOCK_TIMEOUT_MS = 1_000

CONNECTIONS = 8  # of one process, for webhooks; more would only wait for the database's cores
PICTURE_CONNECTIONS = 2  # of their own, so that a page with many posters takes none from the webhooks
ASSET_CONNECTIONS = 2  # the same
HEALTH_CONNECTIONS = 1  # the same


def create_receiver() -> WSGIApplication:
    """Make what a process of the receiver serves, at one port or at two, by the settings of the environment.

    Raises:
        SettingsInvalid: naming the environment variable.
    """
    settings = get_settings()
    engine = make_receiver_engine(settings)
    public = create_app(settings, engine)
    if not settings.metrics_port:
        return public
    operations = create_operations(settings, engine)
    operations_port = str(settings.metrics_port)

    def by_port(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # The server knows this from its socket, so no caller can write it into a header.
        is_operations = environ["SERVER_PORT"] == operations_port
        return (operations if is_operations else public)(environ, start_response)

    return by_port


def create_app(settings: Settings, engine: Engine) -> Flask:
    """Make what strangers can reach; also the operator's pages, where these have no port of their own.

    Args:
        settings: which accounts there are, and their secrets.
        engine: on the settings' database, with the receiver's time limits.
    """
    app = _empty_app()
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1  # see webhook/receive.py
    app.register_blueprint(receive.webhook_pages(settings, BoundedDatabase(engine, CONNECTIONS)))
    app.register_blueprint(thumbnails.thumbnail_page(settings, BoundedDatabase(engine, PICTURE_CONNECTIONS)))
    app.register_blueprint(assets.asset_pages(settings, BoundedDatabase(engine, ASSET_CONNECTIONS)))
    app.register_blueprint(openapi.openapi_page(has_operations=not settings.metrics_port))
    app.register_blueprint(health.life_page())
    if settings.metrics_port:
        app.register_blueprint(health.moved_pages())
    else:
        _add_operations(app, settings, engine)
    return app


def create_operations(settings: Settings, engine: Engine) -> Flask:
    """Make what METRICS_PORT shows; for the arguments, see `create_app`."""
    app = _empty_app()
    app.register_blueprint(health.life_page())
    _add_operations(app, settings, engine)
    return app


def _add_operations(app: Flask, settings: Settings, engine: Engine) -> None:
    app.register_blueprint(health.operations_pages(settings, BoundedDatabase(engine, HEALTH_CONNECTIONS)))


def _empty_app() -> Flask:
    app = Flask(__name__, static_folder=None)  # no address that is not described in openapi.json
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False  # the same
    app.url_map.merge_slashes = False  # a webhook is not answered with a redirect
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
        pool_size=CONNECTIONS + PICTURE_CONNECTIONS + ASSET_CONNECTIONS + HEALTH_CONNECTIONS,
    )
