"""The JSON interface, put together, and who asks: `Authorization: Bearer thumbs_...`, for each request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from webhook.review.api.acting import act_routes
from webhook.review.api.description import PATH, description_page
from webhook.review.api.documents import Addresses
from webhook.review.api.errors import answer_errors
from webhook.review.api.reading import reading_routes
from webhook.review.api.trials import trial_routes
from webhook.review.security import harden
from worker.people import tokens

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from webhook.bounded import BoundedDatabase
    from worker.settings import Settings

PREFIX = "/api/"

_NO_TOKEN = "This address takes a token: send it as `Authorization: Bearer thumbs_...`."  # noqa: S105 - is none
_WRONG_TOKEN = "This token has ended, was revoked, or was not copied to its end; `thumbs tokens` lists all."  # noqa: S105


def create_api(settings: Settings, database: BoundedDatabase) -> Flask:
    """Make the application.

    Args:
        settings: where the pages are, and of the accounts.
        database: of the pages.
    """
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # as those of the pages
    app.json.sort_keys = False  # type: ignore[attr-defined]  # read by people, too
    harden(app, settings)
    answer_errors(app, settings)
    _require_token(app, database)
    app.register_blueprint(description_page())
    app.register_blueprint(reading_routes(settings, database))
    app.register_blueprint(act_routes(settings, database))
    app.register_blueprint(trial_routes(settings, database, Addresses(settings)))
    return app


def beside(pages: WSGIApplication, api: WSGIApplication) -> WSGIApplication:
    """Send what is for programs to one application, and all else to the other."""

    def choose(environ: WSGIEnvironment, start_response: StartResponse) -> object:
        path = environ["PATH_INFO"]
        # A person may read the description in their browser, by their sign-in.
        is_persons = path == PATH and "HTTP_AUTHORIZATION" not in environ
        return (api if path.startswith(PREFIX) and not is_persons else pages)(environ, start_response)

    return choose  # type: ignore[return-value]  # both return what WSGI wants


def _require_token(app: Flask, database: BoundedDatabase) -> None:
    @app.before_request
    def refuse_strangers() -> None:
        given = request.authorization
        if given is None or given.type != "bearer" or not given.token:
            raise Unauthorized(_NO_TOKEN, www_authenticate=WWWAuthenticate("bearer"))
        token = given.token
        found = database.in_transaction(lambda rows: tokens.find(rows, token))
        if found is None:
            wrong = WWWAuthenticate("bearer", {"error": "invalid_token"})
            raise Unauthorized(_WRONG_TOKEN, www_authenticate=wrong)
        g.program = found
