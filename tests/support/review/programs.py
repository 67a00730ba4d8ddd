"""Programs with a token, for tests of the JSON interface of the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.review.decided import configured
from tests.support.review.signed_in import URL, review_app
from worker.database import transaction
from worker.database.states import Role
from worker.people import tokens
from worker.people.roles import ANY, Grant, operator_of_server

if TYPE_CHECKING:
    from datetime import timedelta

    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

API = f"{URL}/api/v1"  #: where answers say that things are


def make_token(
    engine: Engine,
    role: Role = Role.EDITOR,
    where: tuple[str, str] = (ANY, ANY),
    *,
    name: str = "cms",
    lifetime: timedelta | None = None,
) -> str:
    """Make a token of this name, and return it."""
    with transaction(engine) as session:
        actor = operator_of_server("ops@example")
        return tokens.create(session, actor, name, [Grant(role, *where)], lifetime).token


def with_token(app: Flask, token: str) -> FlaskClient:
    """Return a client of the pages that shows this token with each request."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def program(
    engine: Engine, role: Role = Role.EDITOR, where: tuple[str, str] = (ANY, ANY), *, name: str = "cms"
) -> FlaskClient:
    """Return a client of pages of its own, which shows a token with this role."""
    app = review_app(engine, configured().model_copy(update={"review_url": URL}))
    return with_token(app, make_token(engine, role, where, name=name))
