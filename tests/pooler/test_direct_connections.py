"""What needs a session of its own goes past the pooler, or says so."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from tests.support.service.commands import run_thumbs
from worker import database
from worker.database import migrate
from worker.dispatch.broker import Broker
from worker.dispatch.dispatcher import Dispatcher
from worker.errors import SettingsInvalid
from worker.settings import get_settings
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from worker.standalone.servers import Server


HUSH = "hush-7"


@pytest.fixture
def behind_pooler(pooled_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Set DATABASE_URL to the pooler's address; a test may set more."""
    monkeypatch.setenv("DATABASE_URL", pooled_url)
    yield monkeypatch
    get_settings.cache_clear()
    database.get_engine.cache_clear()


def way_found() -> dict[str, str] | None:
    """Return what `thumbs doctor` says of the way to PostgreSQL."""
    told = json.loads(run_thumbs("doctor", "--json").stdout)
    return next((found for found in told["checks"] if found["what"] == "direct connection"), None)


@pytest.mark.usefixtures("behind_pooler")
def test_migrations_refuse_to_go_through_a_pooler(pooled: Engine) -> None:
    """Their lock would stay in a session that is another program's next."""
    refused = run_thumbs("migrate")

    assert refused.exit_code == 2
    assert "DATABASE_DIRECT_URL: name PostgreSQL itself" in refused.stderr
    with pytest.raises(SettingsInvalid, match="DATABASE_DIRECT_URL"):
        migrate.upgrade(pooled)


def test_migrations_go_past_it(behind_pooler: pytest.MonkeyPatch, database_url: str) -> None:
    """By DATABASE_DIRECT_URL."""
    behind_pooler.setenv("DATABASE_DIRECT_URL", database_url)
    done = run_thumbs("migrate")

    assert (done.exit_code, done.stderr) == (0, "")
    assert "up to date" in done.stdout


@pytest.mark.usefixtures("behind_pooler")
def test_a_dispatcher_that_would_hear_nothing_says_so(pooled: Engine, redis_url: str) -> None:
    """PgBouncer takes LISTEN, and gives it to a session of which nobody hears."""
    dispatcher = Dispatcher(pooled, get_settings(), Broker(redis_url), "test")
    with pytest.raises(SettingsInvalid, match="DATABASE_DIRECT_URL: name PostgreSQL itself"):
        dispatcher.run(threading.Event())


def test_doctor_says_where_the_direct_address_is_missing(behind_pooler: pytest.MonkeyPatch) -> None:
    """Not as a failure: most programs do not need it."""
    behind_pooler.setenv("MODEL", "no-such-model")
    found = way_found()

    assert found is not None
    assert found["state"] == "warning"
    assert "thumbs dispatch" in found["remedy"]


def test_doctor_compares_both_addresses(
    behind_pooler: pytest.MonkeyPatch, database_url: str, postgres_server: Server, pooled_url: str
) -> None:
    """Right, another database, the pooler once more, nobody there."""
    behind_pooler.setenv("MODEL", "no-such-model")
    for direct, says in {
        database_url: "to the database that DATABASE_URL names",
        postgres_server.url: "DATABASE_DIRECT_URL is another database",
        pooled_url: "DATABASE_DIRECT_URL goes through a pooler, too",
        "postgresql://thumbs@127.0.0.1:1/thumbs": "connection failed",
    }.items():
        behind_pooler.setenv("DATABASE_DIRECT_URL", direct)
        found = way_found()
        assert found is not None
        assert says in found["says"]
        assert found["state"] == ("ok" if direct == database_url else "failed")


def test_without_a_pooler_doctor_has_nothing_to_say(
    behind_pooler: pytest.MonkeyPatch, database_url: str
) -> None:
    """One line less to read."""
    behind_pooler.setenv("MODEL", "no-such-model")
    behind_pooler.setenv("DATABASE_URL", database_url)

    assert way_found() is None


def test_the_password_of_the_direct_address_is_kept(
    behind_pooler: pytest.MonkeyPatch, pooled_url: str
) -> None:
    """Also where nobody answers there."""
    behind_pooler.setenv("MODEL", "no-such-model")
    url = make_url(pooled_url).set(password=HUSH, port=1)
    behind_pooler.setenv("DATABASE_DIRECT_URL", url.render_as_string(hide_password=False))

    assert HUSH not in run_thumbs("doctor").output


def test_up_migrates_past_it(
    behind_pooler: pytest.MonkeyPatch, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """Before any program is started."""
    settings = {"DATABASE_DIRECT_URL": database_url, "REDIS_URL": redis_url, "DATA_DIR": str(tmp_path)}
    ports = {"PORT": str(free_port()), "BEACON_PORT": "0", "REVIEW_PORT": "0"}
    for name, value in (settings | ports).items():
        behind_pooler.setenv(name, value)

    def started(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    behind_pooler.setattr("worker.standalone.service.Supervisor", started)
    ended = run_thumbs("up")

    assert ended.exit_code == 130
