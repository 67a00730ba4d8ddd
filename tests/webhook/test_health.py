"""What the operator's machinery asks."""

from __future__ import annotations

import os
import signal
import socket
from threading import Event
from typing import TYPE_CHECKING, NoReturn

from sqlalchemy import text

from tests.support.service import deliveries
from webhook.app import create_app
from worker.database import make_engine

if TYPE_CHECKING:
    import pytest
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

    from tests.webhook.conftest import Post
    from worker.standalone.servers import Server

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


def test_a_receiver_with_a_migrated_database_is_ready(client: FlaskClient) -> None:
    """It can record events."""
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "database": "ok", "redis": "not configured"}


def test_pages_that_have_a_port_of_their_own_say_so() -> None:
    """In the form of every other answer; the port is named to nobody."""
    settings = deliveries.make_settings(metrics_port=9123)
    client = create_app(settings, make_engine(NOWHERE)).test_client()

    for path in ("/readyz", "/metrics"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "METRICS_PORT" in answer.json["reason"]
        assert "9123" not in answer.text


def test_without_a_database_it_lives_but_is_not_ready() -> None:
    """Killing the process would not bring the database back."""
    client = create_app(deliveries.make_settings(), make_engine(NOWHERE)).test_client()

    assert client.get("/healthz").status_code == 200
    assert (client.get("/readyz").status_code, client.get("/readyz").json["database"]) == (503, "no answer")


def test_with_tables_of_a_newer_version_it_goes_on(client: FlaskClient, engine: Engine) -> None:
    """A rolling deployment migrates first; the old receivers take events until they are replaced."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'newer'"))

    assert client.get("/readyz").status_code == 200


def test_with_tables_of_an_older_version_it_is_not_ready(client: FlaskClient, engine: Engine) -> None:
    """The answer names the command that helps."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "thumbs migrate" in answer.json["database"]


def test_redis_is_reported_but_not_needed(engine: Engine, valkey_server: Server) -> None:
    """Events are recorded without it; also frozen, it holds nobody up."""
    client = create_app(deliveries.make_settings(redis_url=valkey_server.url), engine).test_client()
    assert client.get("/readyz").json["redis"] == "answers"

    os.kill(valkey_server.pid, signal.SIGSTOP)
    try:
        answer = client.get("/readyz")
    finally:
        os.kill(valkey_server.pid, signal.SIGCONT)

    assert (answer.status_code, answer.json["redis"]) == (200, "no answer")


def test_a_name_server_that_hangs_holds_up_nobody(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Redis has a name here, and Redis is only mentioned; however often it is asked for, one waits."""
    calls: list[str] = []
    may_answer = Event()

    def hang(host: str, *_: object, **__: object) -> NoReturn:
        calls.append(host)
        may_answer.wait(10)
        calls.append("answered")
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    settings = deliveries.make_settings(redis_url="redis://redis.internal:6379")
    client = create_app(settings, engine).test_client()
    try:
        answers = [client.get("/readyz") for _ in range(3)]
        asked = calls.copy()
    finally:
        may_answer.set()

    assert asked == ["redis.internal"]
    assert {(answer.status_code, answer.json["redis"]) for answer in answers} == {(200, "no answer")}


def test_what_was_answered_is_counted(client: FlaskClient, post: Post) -> None:
    """By platform and outcome; what strangers write into an address is no label."""
    post(deliveries.mux())
    client.post("/webhooks/stranger/main")

    numbers = client.get("/metrics").text

    assert (
        'thumbs_webhook_requests_total{account="main",code="202",outcome="recorded",platform="mux"}'
        in numbers
    )
    assert 'thumbs_events_total{account="main",outcome="recorded",platform="mux"}' in numbers
    assert 'thumbs_webhook_ack_seconds_count{platform="mux"}' in numbers
    assert "stranger" not in numbers
