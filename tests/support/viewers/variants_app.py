"""What serves variants, without the rest of the program that counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from webhook import answers
from webhook.bounded import BoundedDatabase
from webhook.variants.pages import variant_pages

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.settings import Settings

CONNECTIONS = 4


def variants_app(settings: Settings, engine: Engine) -> Flask:
    """Make an application that has these pages only."""
    app = Flask(__name__, static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False
    answers.answer_errors(app)
    app.register_blueprint(variant_pages(settings, BoundedDatabase(engine, CONNECTIONS)))
    return app
