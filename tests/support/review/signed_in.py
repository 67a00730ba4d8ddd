"""People who are signed in on the pages, and programs that show a token, for tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jinja2 import BytecodeCache
from pydantic import SecretStr

from webhook.review.app import create_app
from worker.database import transaction
from worker.database.people import Person, RoleGrant
from worker.database.states import Role
from worker.people import sign_ins, tokens
from worker.people.roles import ANY, Grant, operator_of_server
from worker.settings import Settings

if TYPE_CHECKING:
    from datetime import timedelta
    from types import CodeType

    from flask import Flask
    from flask.testing import FlaskClient
    from jinja2.bccache import Bucket
    from sqlalchemy import Engine

URL = "http://localhost"  #: where Flask's client of tests asks
API = f"{URL}/api/v1"  #: where answers say that things are
SECRET = "a secret of the tests, of more than 32 characters"  # noqa: S105 - of no use elsewhere


class _CompiledPages(BytecodeCache):
    """Templates as Python code, made once in a run: those of an asset's page take a core 200 ms."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the code of a template, where it was compiled before."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _CompiledPages()


def review_app(engine: Engine, settings: Settings | None = None) -> Flask:
    """Make the pages; forms need no token here, but where a test sets WTF_CSRF_ENABLED."""
    given = settings or Settings()
    if "review_url" not in given.model_fields_set:
        given = given.model_copy(update={"review_url": URL})
    app = create_app(
        given.model_copy(update={"review_secret": given.review_secret or SecretStr(SECRET)}), engine
    )
    app.config["WTF_CSRF_ENABLED"] = False
    app.jinja_env.bytecode_cache = _COMPILED
    return app


def person(
    engine: Engine,
    email: str = "anna@example.com",
    role: Role = Role.EDITOR,
    where: tuple[str, str] = (ANY, ANY),
) -> int:
    """Store a person with a role; return their id."""
    with transaction(engine) as session:
        one = Person(email=email)
        session.add(one)
        session.flush()
        session.add(RoleGrant(person_id=one.id, platform=where[0], account=where[1], role=role))
        return one.id


def client_of(app: Flask, engine: Engine, person_id: int) -> FlaskClient:
    """Return a client in whose browser this person is signed in."""
    with transaction(engine) as session:
        token = sign_ins.begin(session, session.get_one(Person, person_id))
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    return client


def signed_in(engine: Engine, role: Role = Role.EDITOR, where: tuple[str, str] = (ANY, ANY)) -> FlaskClient:
    """Return a client of pages of its own, in which somebody with this role is signed in."""
    return client_of(review_app(engine), engine, person(engine, role=role, where=where))


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
    engine: Engine,
    role: Role = Role.EDITOR,
    where: tuple[str, str] = (ANY, ANY),
    *,
    name: str = "cms",
    settings: Settings | None = None,
) -> FlaskClient:
    """Return a client of pages of its own, which shows a token with this role."""
    return with_token(review_app(engine, settings), make_token(engine, role, where, name=name))


def without_tokens(page: str) -> str:
    """Return a page but for the tokens of its forms, which tell the second that they were made in."""
    stripped, count = re.subn(r'"X-CSRFToken": "[^"]+"|name="csrf_token" value="[^"]+"', "", page)
    assert count > 1
    return stripped
