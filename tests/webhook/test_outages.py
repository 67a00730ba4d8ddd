"""Whatever happens to the database: no event is answered with 2xx that is not in it."""

from __future__ import annotations

import os
import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.support.service import builders, deliveries
from webhook.app import create_app, make_receiver_engine
from worker.database import make_engine, migrate
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset
from worker.standalone.servers import start_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from sqlalchemy import Engine

    from tests.webhook.conftest import Post


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return the folder of a PostgreSQL of the test's own, with a short path."""
    with tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def send(client: FlaskClient, delivery: deliveries.Delivery) -> int:
    """Return the code of the answer."""
    return client.post(delivery.path, headers=delivery.headers, data=delivery.body).status_code


def test_it_answers_503_while_the_database_is_away_and_goes_on_when_it_is_back(folder: Path) -> None:
    """Without a restart, and also after the connections broke."""
    server = start_postgres(folder)
    engine = make_engine(server.url)
    migrate.upgrade(engine)
    client = create_app(deliveries.make_settings(), engine).test_client()
    assert send(client, deliveries.mux()) == 202

    server.close()
    lost = deliveries.mux()
    away = client.post(lost.path, headers=lost.headers, data=lost.body)
    assert (away.status_code, away.json["status"]) == (503, "unavailable")
    assert int(away.headers["Retry-After"]) > 0

    server = start_postgres(folder)
    try:
        assert send(client, lost) == 202
        assert len(builders.every(engine, WebhookEvent)) == 2
    finally:
        engine.dispose()
        server.close()


def test_a_database_that_is_frozen_costs_a_503_not_a_thread(folder: Path) -> None:
    """It accepts connections and answers nothing; time limits of its own are frozen with it."""
    server = start_postgres(folder)
    engine = make_engine(server.url)
    migrate.upgrade(engine)
    client = create_app(deliveries.make_settings(), engine).test_client()
    delivery = deliveries.mux()
    assert send(client, deliveries.mux()) == 202
    backends = backend_pids(engine)

    for pid in backends:
        os.kill(pid, signal.SIGSTOP)
    try:
        code = send(client, delivery)
    finally:
        for pid in backends:
            os.kill(pid, signal.SIGCONT)

    assert code == 503
    assert send(client, delivery) in {200, 202}
    assert len(builders.every(engine, WebhookEvent)) == 2
    engine.dispose()
    server.close()


@contextmanager
def closing_engine(engine: Engine) -> Iterator[Engine]:
    """Close its connections at the end."""
    yield engine
    engine.dispose()


def backend_pids(engine: Engine) -> list[int]:
    """The processes of PostgreSQL that serve our connections."""
    with engine.connect() as connection:
        pids = connection.scalars(text("SELECT pid FROM pg_stat_activity WHERE client_port IS NOT NULL"))
        return list(pids)


def test_a_table_that_somebody_holds_costs_a_503(engine: Engine) -> None:
    """An operator's forgotten transaction must not hang the receiver."""
    settings = deliveries.make_settings(database_url=engine.url.render_as_string(hide_password=False))
    with closing_engine(make_receiver_engine(settings)) as own_engine, engine.begin() as other:
        other.execute(text("LOCK TABLE events"))
        answer = send(create_app(settings, own_engine).test_client(), deliveries.mux())

    assert answer == 503


def test_a_commit_that_fails_is_a_503_and_leaves_nothing(post: Post, engine: Engine) -> None:
    """2xx is said after the commit, never before."""
    with engine.begin() as connection:
        connection.execute(
            text("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE 'no commit today'; END $$;
            CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON events
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
        """)
        )

    answer = post(deliveries.mux())

    assert answer.status_code == 503
    assert "commit" not in answer.text
    assert builders.every(engine, WebhookEvent) == builders.every(engine, Asset) == []
