"""The pages, put together.

GET  /                          the library of assets
POST /bulk                      the same act for many of them
GET  /a/<id>                    an asset; /a/<platform>/<account>/<external id> leads there
GET  /a/<id>/status             whether the write arrived: a piece of that page
POST /a/<id>/choose, /release, /options, /look-again, /confirm
GET  /tests, /t/<id>, /heads    tests of pictures, and what was learned: webhook.review.trials.pages
GET  /frames/<id>.jpg           a frame of the filmstrip
GET  /pictures/<id>.jpg         a thumbnail
GET  /sign-in ...               how people come in and leave
/api/v1/ ...                    the same for programs, by another application: webhook.review.api
GET  /api/openapi.json          its description
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from webhook.bounded import BoundedDatabase
from webhook.health import life_page
from webhook.review.acts import act_pages
from webhook.review.api.app import beside, create_api
from webhook.review.api.description import description_page
from webhook.review.asset import asset_pages
from webhook.review.errors import answer_errors
from webhook.review.identity import open_to_all, require_sign_in
from webhook.review.library import library_pages
from webhook.review.pictures import picture_pages
from webhook.review.security import harden, protect_forms
from webhook.review.signin import sign_in_pages
from webhook.review.trials.pages import trial_pages
from worker.database import make_engine
from worker.settings import get_settings
from worker.standalone.pages import with_secret
from worker.storage.pictures import Pictures

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from worker.settings import Settings

STATEMENT_TIMEOUT_MS = 4_000
LOCK_TIMEOUT_MS = 3_000  # a run that stores its result holds the asset's row for less
CONNECTIONS = 8  # of one process


def create_review() -> Flask:
    """Make what a process of the pages serves, by the settings of the environment.

    Raises:
        SettingsInvalid: naming the environment variable.
    """
    settings = with_secret(get_settings())
    return create_app(settings, make_review_engine(settings))


def create_app(settings: Settings, engine: Engine) -> Flask:
    """Make the application.

    Args:
        settings: where the pages are, who signs people in, which accounts there are.
        engine: on the settings' database, with the time limits of `make_review_engine`.
    """
    app = Flask(__name__)
    database = BoundedDatabase(engine, CONNECTIONS)
    harden(app, settings)
    answer_errors(app)
    require_sign_in(app, settings, database)
    protect_forms(app)
    app.register_blueprint(life_page())
    open_to_all(app.view_functions["life.healthz"])
    app.register_blueprint(sign_in_pages(settings, database))
    app.register_blueprint(library_pages(settings, database))
    app.register_blueprint(asset_pages(settings, database))
    app.register_blueprint(picture_pages(database, Pictures.of(settings)))
    app.register_blueprint(act_pages(settings, database))
    app.register_blueprint(trial_pages(settings, database))
    app.register_blueprint(description_page())
    app.wsgi_app = beside(app.wsgi_app, create_api(settings, database))  # type: ignore[assignment, method-assign]
    return app


def make_review_engine(settings: Settings) -> Engine:
    """Make an engine that gives up before a person does.

    Raises:
        SettingsInvalid: DATABASE_URL is missing or no address of PostgreSQL.
    """
    return make_engine(
        settings.database_address,
        statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        pool_size=CONNECTIONS,
    )
