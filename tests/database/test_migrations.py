"""The tables are changed while programs of the version before read and write them."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import psycopg
import pytest
from alembic.runtime.migration import MigrationContext
from psycopg import sql
from psycopg.errors import LockNotAvailable
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from tests.support.waiting import until
from worker.database import make_engine, migrate, online_ddl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from worker.standalone.servers import Server

BEFORE = "0007"  # the last version whose migrations were one transaction
LOCK_TIMEOUT = "1s"  # the receiver's own
LONGEST_TRANSACTION_S = 2.0  # of five statements, each of which may wait, on a busy machine
WAIT_FOR_CORE_S = 0.06

FILL = """
INSERT INTO assets (platform, account, external_id, generation)
    SELECT 'mux', 'account' || n % 5, n::text, 1 FROM generate_series(1, 3000) n;
INSERT INTO jobs (asset_id, generation, reason, max_attempts) SELECT id, 1, 'ready', 5 FROM assets;
INSERT INTO thumbnails (asset_id, generation, rank, aspect, time_s, score, parts, reasons, faces, box,
        width_px, height_px, jpeg, sha256, model)
    SELECT id, 1, 1, '16:9', 1, 1, '{}', '[]', '[]', '[]', 1280, 720, '', id, 'lite' FROM assets;
INSERT INTO publications (asset_id, thumbnail_id, generation) SELECT asset_id, id, 1 FROM thumbnails;
"""


@pytest.fixture
def engine(postgres_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Return the engine of a database of the version before, with rows."""
    monkeypatch.setattr(online_ddl, "PAUSE_S", 0.05)
    name = sql.Identifier("of_before")
    url = make_url(postgres_server.url).set(database="of_before").render_as_string(hide_password=False)
    with psycopg.connect(postgres_server.url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(name))
        engine = make_engine(url)
        migrate.upgrade(engine, BEFORE)
        with psycopg.connect(url) as connection:
            connection.execute(FILL)
        yield engine
        engine.dispose()
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@contextmanager
def connected(engine: Engine) -> Iterator[psycopg.Connection]:
    """Connect as a program does that waits for locks as long as the receiver."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True, options=f"-c lock_timeout={LOCK_TIMEOUT}") as connection:
        yield connection


class Busy:
    """Does something in transactions again and again, as a program of the version before."""

    def __init__(self, engine: Engine, work: Callable[[psycopg.Connection, int], None]) -> None:
        self._engine, self._work = engine, work
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.count = 0
        self.longest_s = 0.0
        self.errors: list[psycopg.Error] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        with connected(self._engine) as connection:
            while not self._done.is_set():
                self.count += 1
                began_s = time.monotonic()
                try:
                    with connection.transaction():
                        self._work(connection, self.count)
                except psycopg.Error as error:
                    self.errors.append(error)
                self.longest_s = max(self.longest_s, time.monotonic() - began_s)


def receive(connection: psycopg.Connection, count: int) -> None:
    """Record an event, as the receiver does: the asset first, then its job."""
    insert_asset = "INSERT INTO assets (platform, account, external_id, generation) VALUES ('mux', %s, %s, 0)"
    row = connection.execute(insert_asset + " RETURNING id", [f"new{count % 3}", f"new{count}"]).fetchone()
    connection.execute("UPDATE assets SET generation = generation + 1 WHERE id = %s", row)
    connection.execute(
        "INSERT INTO webhook_events (platform, account, delivery_id, type, kind, asset_id, outcome, payload)"
        " VALUES ('mux', 'main', %s, 'ready', 'ready', %s, 'applied', '{}')"
        " ON CONFLICT (platform, account, delivery_id) DO NOTHING",
        [str(count), *(row or ())],
    )
    connection.execute(
        "INSERT INTO jobs (asset_id, generation, reason, max_attempts) VALUES (%s, 1, 'ready', 5)", row
    )


def work(connection: psycopg.Connection, count: int) -> None:
    """Finish a job, as a worker does: the job first, then its asset."""
    connection.execute("UPDATE jobs SET waits = waits + 1 WHERE id = %s", [count % 3000 + 1])
    connection.execute("UPDATE publications SET hint_no = hint_no + 1 WHERE id = %s", [count % 3000 + 1])
    connection.execute("UPDATE assets SET title = 'new' WHERE id = %s", [count % 3000 + 1])
    connection.execute(
        "INSERT INTO job_log (job_id, state, attempt, actor) VALUES (%s, 'completed', 1, 'old')",
        [count % 3000 + 1],
    )
    connection.execute(
        "INSERT INTO candidates (asset_id, generation, time_s, shot, parts, jpeg)"
        " VALUES (%s, 1, %s, 0, '{}', '')",
        [count % 3000 + 1, count],
    )


def test_a_migration_stops_nobody_who_works(engine: Engine) -> None:
    """No deadlock, nobody waits for a lock for a second; and every row has its account, also new ones."""
    with Busy(engine, receive) as receiver, Busy(engine, work) as worker:
        migrate.upgrade(engine)

    assert receiver.errors + worker.errors == []
    assert min(receiver.count, worker.count) > 10
    assert max(receiver.longest_s, worker.longest_s) < LONGEST_TRANSACTION_S
    with connected(engine) as connection:
        for table in ("jobs", "publications"):
            nameless = sql.SQL("SELECT count(*) FROM {} WHERE account_id IS NULL").format(
                sql.Identifier(table)
            )
            assert connection.execute(nameless).fetchone() == (0,)
        counted = "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM job_log)"
        counted += ", (SELECT count(*) FROM candidates)"
        assert connection.execute(counted).fetchone() == (receiver.count, worker.count, worker.count)
        timeless = "SELECT count(*) FROM assets WHERE published_generation = 0 AND unpublished_since IS NULL"
        assert connection.execute(timeless).fetchone() == (0,)
    assert migrate.current(engine) == migrate.head()


def test_a_migration_that_waits_for_a_core_at_each_message_stops_nobody(engine: Engine) -> None:
    """As on a machine with a load of 30: what is done under a lock comes in one message."""
    migrate.upgrade(engine, "0025")  # what came before holds locks for a few messages only

    def wait(*_: object) -> None:
        time.sleep(WAIT_FOR_CORE_S)

    event.listen(engine, "before_cursor_execute", wait)
    with Busy(engine, receive) as receiver, Busy(engine, work) as worker:
        migrate.upgrade(engine)

    assert receiver.errors + worker.errors == []


def test_migrations_can_be_taken_back_and_made_again(engine: Engine) -> None:
    """Also with rows, and while others work; nothing is left over."""
    shape = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
    with connected(engine) as connection, Busy(engine, receive) as receiver, Busy(engine, work) as worker:
        before = connection.execute(shape).fetchall()
        migrate.upgrade(engine)
        migrate.downgrade(engine, BEFORE)
        after = connection.execute(shape).fetchall()

    assert after == before
    assert receiver.errors + worker.errors == []


def test_a_migration_that_was_interrupted_is_made_whole(engine: Engine) -> None:
    """All that it did may be there already, also half an index; doing it again ends as if done once."""
    shape = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
    invalid = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_jobs_state'::regclass"
    stamp = "UPDATE alembic_version SET version_num = %s"
    with connected(engine) as connection:
        for last, revision in (("0007", "0008"), ("0008", "0009"), ("0009", "0010"), ("0011", "0012")):
            migrate.upgrade(engine, revision)
            whole = connection.execute(shape).fetchall()
            connection.execute(stamp, [last])
            if revision == "0010":
                connection.execute(invalid)
            migrate.upgrade(engine, revision)
            assert connection.execute(shape).fetchall() == whole
        migrate.upgrade(engine, "0013")
        connection.execute(stamp, ["0012"])
        migrate.upgrade(engine)
        assert connection.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone() == (0,)


def test_a_migration_begins_anew_after_each_of_its_commits(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody's lock may stop it behind any step; what was done before is no obstacle, also going back."""
    shape = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
    whole_step = MigrationContext.autocommit_block
    stopped: set[tuple[str, int]] = set()
    steps: list[None] = []

    @contextmanager
    def stopped_once_behind_each(context: MigrationContext) -> Iterator[None]:
        with whole_step(context):
            yield
        steps.append(None)
        behind = (going_to, len(steps))
        if behind not in stopped:
            stopped.add(behind)
            steps.clear()
            raise OperationalError("", {}, LockNotAvailable())

    monkeypatch.setattr(online_ddl, "PAUSE_S", 0.0)
    with connected(engine) as connection:
        before = connection.execute(shape).fetchall()
        forwards = [f"{number:04}" for number in range(int(BEFORE) + 1, int(migrate.head()) + 1)]
        with monkeypatch.context() as patched:
            patched.setattr(MigrationContext, "autocommit_block", stopped_once_behind_each)
            for revision in forwards:
                going_to = revision
                steps.clear()
                migrate.upgrade(engine, revision)
            assert migrate.current(engine) == migrate.head()
            for revision in reversed([BEFORE, *forwards[:-1]]):
                going_to = f"back to {revision}"
                steps.clear()
                migrate.downgrade(engine, revision)
        assert connection.execute(shape).fetchall() == before
    assert len(stopped) > len(forwards)


def test_what_had_failed_before_is_found_as_what_fails_now(engine: Engine) -> None:
    """By the newest job that tells something, and the newest write, whatever came to the asset since."""
    migrate.upgrade(engine, "0019")
    with connected(engine) as connection:
        connection.execute("UPDATE jobs SET state = 'discarded' WHERE asset_id IN (1, 2)")
        connection.execute("UPDATE jobs SET state = 'completed' WHERE asset_id NOT IN (1, 2)")
        connection.execute(
            "INSERT INTO jobs (asset_id, generation, reason, max_attempts, state)"
            " VALUES (1, 1, 'ready', 5, 'superseded'), (2, 1, 'ready', 5, 'completed')"
        )
        connection.execute("UPDATE publications SET state = 'failed' WHERE asset_id = 3")
        connection.execute("UPDATE assets SET generation = 2 WHERE id = 3")
        migrate.upgrade(engine)
        failed = connection.execute("SELECT id FROM assets WHERE has_failed ORDER BY id").fetchall()

    assert failed == [(1,), (3,)]


def test_a_migration_steps_back_for_a_long_transaction(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """While somebody has a table, nobody is made to wait behind the migration, which tries again later."""
    with connected(engine) as holder, Busy(engine, receive) as receiver:
        with holder.transaction():
            holder.execute("SELECT FROM jobs LIMIT 1")
            migration = threading.Thread(target=migrate.upgrade, args=(engine,))
            migration.start()
            until(lambda: "the tables are in use; trying again" in caplog.text)
            assert migration.is_alive()
        migration.join()

    assert receiver.errors == []
    assert migrate.current(engine) == migrate.head()
