"""Transactions through a pooler that gives each of them any of a few sessions."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from tests.pooler.conftest import POOL_SIZE
from tests.support.service.builders import event, only, record
from tests.support.waiting import until
from worker.database import make_engine, transaction
from worker.database.engine import driver_of, is_outage, is_pooled
from worker.database.models import Asset

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.pooler.pgbouncer import PgBouncer

LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
CLIENTS = 300
PATIENCE_S = 5.0  # a second, and another try


def limits(engine: Engine) -> list[str]:
    """Return the time limits that hold in a transaction."""
    with transaction(engine) as session:
        return [str(session.scalar(text(f"SHOW {name}"))) for name in LIMITS]


def test_a_connection_finds_out_by_itself_whether_a_pooler_is_between(engine: Engine, pooled: Engine) -> None:
    """So no setting can be wrong about it."""
    with engine.connect() as direct, pooled.connect() as shared:
        assert [is_pooled(driver_of(connection)) for connection in (direct, shared)] == [False, True]


def test_the_same_time_limits_hold_with_it_and_without(engine: Engine, pooled: Engine) -> None:
    """Each program has its own, and other programs use the same sessions."""
    assert limits(pooled) == limits(engine) == ["10s", "5s", "15s"]


def test_a_limit_of_one_program_is_not_left_to_another(pooled: Engine, pooled_url: str) -> None:
    """Nothing stays in a session, neither after a commit nor after a failure."""
    hurried = make_engine(pooled_url, statement_timeout_ms=100, lock_timeout_ms=50)
    assert limits(hurried)[:2] == ["100ms", "50ms"]
    with pytest.raises(OperationalError, match="statement timeout"), transaction(hurried) as session:
        session.execute(text("SELECT pg_sleep(5)"))
    hurried.dispose()

    with psycopg.connect(pooled_url.replace("+psycopg", ""), autocommit=True) as bare:
        shown = [bare.execute(f"SHOW {name}".encode()).fetchone() for name in LIMITS]
    assert shown == [("0",), ("0",), ("0",)]
    assert limits(pooled)[0] == "10s"


def test_a_statement_that_waits_for_a_lock_ends(engine: Engine, pooled_url: str) -> None:
    """The row is another's."""
    impatient = make_engine(pooled_url, lock_timeout_ms=100)
    record(engine, event())
    asset_id = only(engine, Asset).id
    with transaction(engine) as other:
        other.get_one(Asset, asset_id, with_for_update=True)
        with (
            pytest.raises(OperationalError, match="lock timeout") as failed,
            transaction(impatient) as session,
        ):
            session.get_one(Asset, asset_id, with_for_update=True)
    impatient.dispose()
    assert not is_outage(failed.value)


def test_a_transaction_that_idles_gives_its_connection_back(
    pooled_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that hangs in the middle of one would keep it from all others."""
    monkeypatch.setattr("worker.database.engine.IDLE_IN_TRANSACTION_TIMEOUT_MS", 200)
    forgetful = make_engine(pooled_url)
    with Session(forgetful) as session:
        session.execute(text("SELECT 1"))
        until(lambda: not _is_open(pooled_url))
        with pytest.raises(DBAPIError) as failed:
            session.execute(text("SELECT 1"))
    assert is_outage(failed.value)
    assert limits(forgetful)
    forgetful.dispose()


def _is_open(pooled_url: str) -> bool:
    with psycopg.connect(pooled_url, autocommit=True) as bare:
        found = bare.execute("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'")
        return found.fetchone() != (0,)


def test_statements_repeat_as_often_as_they_like(pooled: Engine) -> None:
    """Psycopg prepares what it has sent five times, in a session that is another's by then."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: _read(pooled), range(200)))


def _read(engine: Engine) -> None:
    with transaction(engine) as session:
        session.scalars(select(Asset).where(Asset.id > 0)).all()


def test_what_was_not_committed_is_not_stored(engine: Engine, pooled: Engine) -> None:
    """Its BEGIN is ours: what follows must not be committed one by one."""
    record(pooled, event())
    with Session(pooled) as session:
        session.execute(update(Asset).values(title="never"))
    assert only(engine, Asset).title != "never"


def test_hundreds_of_clients_share_four_connections(pooled_url: str) -> None:
    """All stay connected, and all are served."""
    with ExitStack() as stack:
        clients = [stack.enter_context(psycopg.connect(pooled_url, autocommit=True)) for _ in range(CLIENTS)]
        with ThreadPoolExecutor(16) as threads:
            sessions = set(threads.map(_session_of, clients))
    assert 1 < len(sessions) <= POOL_SIZE


def _session_of(client: psycopg.Connection) -> tuple[int, ...] | None:
    return client.execute("SELECT pg_backend_pid() FROM pg_sleep(0.005)").fetchone()


def test_whoever_waits_too_long_for_a_connection_meets_an_outage(pooled: Engine, pooler: PgBouncer) -> None:
    """PAUSE lends none. What the pooler then says is taken as when the database is away, and passes."""
    _read(pooled)
    pooler.ask("SET query_wait_timeout = 1")
    pooler.ask("PAUSE")
    start_s = time.monotonic()
    with pytest.raises(OperationalError) as failed:
        _read(pooled)
    took_s = time.monotonic() - start_s
    pooler.ask("RESUME")
    _read(pooled)

    assert is_outage(failed.value)
    assert took_s < PATIENCE_S


@pytest.mark.parametrize("how", ["kill", "close"])
def test_a_pooler_that_was_started_again_is_used_at_once(pooled: Engine, pooler: PgBouncer, how: str) -> None:
    """Connections of before are dead; nobody meets them."""
    _read(pooled)
    pooler.process.kill() if how == "kill" else pooler.close()
    pooler.process.wait()
    with pytest.raises(OperationalError) as failed:
        _read(pooled)
    pooler.start()
    _read(pooled)

    assert is_outage(failed.value)
