"""Databases for tests: with all tables and no rows, made once and emptied after each test.

A clone of the template costs PostgreSQL 140 ms of a core, and emptying one 1 ms.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, LiteralString, Self

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from worker.database import make_engine, migrate
from worker.database.models import Base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from worker.standalone.servers import Server

TEMPLATE = "migrated"
GONE_S = 0.5  #: within which the connections of a test that is over are closed

_EMPTY = [
    sql.SQL("DELETE FROM {}").format(sql.Identifier(t.name)) for t in reversed(Base.metadata.sorted_tables)
]
# As the migrations leave it, and not as a test has: a backup without it counts as restored.
_NOTE: LiteralString = "INSERT INTO database_identities (identity, first_seen_at) VALUES (%s, %s)"
# Ids begin at 1 again.
_RESTART: LiteralString = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)
FROM pg_sequences WHERE schemaname = 'public'
"""
_OTHERS: LiteralString = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# What a test may have changed besides rows.
_SHAPE: LiteralString = """
SELECT
    (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
    (SELECT count(*) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped),
    (SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
    (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal),
    (SELECT count(*) FROM pg_db_role_setting),
    (SELECT datacl::text FROM pg_database WHERE datname = current_database()),
    (SELECT string_agg(version_num, ',') FROM alembic_version)
"""


class Databases:
    """The databases of one server. Use as a context manager."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._count = 0
        self._free: list[psycopg.Connection] = []  # to the databases that wait for a test
        self._engines: dict[str, Engine] = {}  # by address

    def __enter__(self) -> Self:
        """Make the template."""
        self._administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        engine = make_engine(self._url_of(TEMPLATE))
        migrate.upgrade(engine)
        engine.dispose()
        with psycopg.connect(self._url_of(TEMPLATE)) as connection:
            self._shape = connection.execute(_SHAPE).fetchone()
            self._identity = connection.execute("SELECT * FROM database_identities").fetchone()
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of all; they end with their server."""
        for connection in self._free:
            connection.close()

    @contextmanager
    def lend(self) -> Iterator[str]:
        """Lend a database for one test, by its address."""
        connection = self._free.pop() if self._free else self._make()
        yield self._url_of(connection.info.dbname)
        with suppress(psycopg.OperationalError):  # the test may have ended our connection
            if self._is_as_made(connection):
                self.empty(connection)
                self._free.append(connection)
                return
        name = connection.info.dbname
        connection.close()
        self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def engine(self, url: str) -> Engine:
        """Return a database's engine; who has it last, disposes of its connections.

        It keeps the statements that it compiled, which take a core 2 ms each.
        """
        if url not in self._engines:
            self._engines[url] = make_engine(url)
        return self._engines[url]

    def empty(self, connection: psycopg.Connection) -> None:
        """Remove the rows of a lent database, also while somebody is connected to it."""
        for statement in _EMPTY:
            connection.execute(statement)
        connection.execute(_NOTE, self._identity)
        connection.execute(_RESTART)

    def _is_as_made(self, connection: psycopg.Connection) -> bool:
        """Tell whether nobody uses the database any more, and nothing but rows was changed."""
        deadline_s = time.monotonic() + GONE_S
        while connection.execute(_OTHERS).fetchone() != (0,):
            if time.monotonic() > deadline_s:
                return False
            time.sleep(0.002)
        with suppress(psycopg.errors.UndefinedTable):
            return connection.execute(_SHAPE).fetchone() == self._shape
        return False

    def _make(self) -> psycopg.Connection:
        self._count += 1
        name = f"test_{self._count}"
        clone = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._administer(clone.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        return psycopg.connect(self._url_of(name), autocommit=True)

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._server.url, autocommit=True) as connection:
            connection.execute(statement)

    def _url_of(self, database: str) -> str:
        return make_url(self._server.url).set(database=database).render_as_string(hide_password=False)
