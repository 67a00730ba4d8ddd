"""A clock of the database that a simulation sets, so that a day passes as fast as its work is done.

All times of the product are the database's: `clock_timestamp()` of a statement, `statement_timestamp()` in
conditions, the defaults of columns. Functions of the same names in a schema that is searched before
PostgreSQL's own return what the session's variable `simulated.now` says. So no line of the product is
changed, and every wait, lease, delay and retention is the real one, in simulated time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_FUNCTIONS: LiteralString = """
CREATE SCHEMA IF NOT EXISTS simulated;
CREATE OR REPLACE FUNCTION simulated.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT pg_catalog.current_setting('simulated.now')::pg_catalog.timestamptz $$;
CREATE OR REPLACE FUNCTION simulated.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT pg_catalog.current_setting('simulated.now')::pg_catalog.timestamptz $$;
CREATE OR REPLACE FUNCTION simulated.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT pg_catalog.current_setting('simulated.now')::pg_catalog.timestamptz $$;
"""
# Defaults are bound to a function when they are declared, so they are declared anew.
_DEFAULTS: LiteralString = """
SELECT adrelid::regclass::text, attname FROM pg_attrdef
JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
WHERE pg_get_expr(adbin, adrelid) IN ('clock_timestamp()', 'now()', 'statement_timestamp()')
"""


class Clock:
    """The time of one database, in seconds since the simulation began; it stands still until it is set."""

    def __init__(self, address: str, begins_at: datetime) -> None:
        self.now_s = 0.0
        self.begins_at = begins_at
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(_FUNCTIONS)
            for table, column in connection.execute(_DEFAULTS).fetchall():
                change = sql.SQL("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT simulated.clock_timestamp()")
                connection.execute(change.format(sql.Identifier(table), sql.Identifier(column)))
            name = sql.Identifier(connection.info.dbname)
            path = sql.SQL("ALTER DATABASE {} SET search_path = simulated, pg_catalog, public").format(name)
            connection.execute(path)
            start = sql.SQL("ALTER DATABASE {} SET simulated.now = {}")
            connection.execute(start.format(name, begins_at.isoformat()))

    @property
    def now(self) -> datetime:
        """What time it is."""
        return self.begins_at + timedelta(seconds=self.now_s)

    def rule(self, engine: Engine) -> None:
        """Let every transaction of an engine begin at the clock's time; its connections are made anew."""
        engine.dispose()
        event.listen(engine, "begin", self._tell)

    def _tell(self, connection: Connection) -> None:
        # Of the driver, below what is counted: it is no statement of the product.
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(f"SET simulated.now = '{self.now.isoformat()}'")
