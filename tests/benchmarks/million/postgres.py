"""A real PostgreSQL for the benchmarks, and what it says it has done."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString, NamedTuple

import psutil
import psycopg
from psycopg import sql
from sqlalchemy import event
from sqlalchemy.engine import make_url

from tests.support.waiting import until
from worker.database import make_engine, migrate
from worker.standalone.servers import start_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from worker.standalone.servers import Server

# As on a machine of 4 GB that has other work to do. Nothing waits for the disk: what is counted is work and
# bytes, and the disk of this machine is not that of yours.
OPTIONS = {
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "fsync": "off",
    "maintenance_work_mem": "256MB",
    "autovacuum_vacuum_cost_delay": "0",
}

# The tables that grow with videos; their partitions count as theirs.
_SIZES: LiteralString = """
SELECT coalesce(root.relname, own.relname), sum(pg_relation_size(own.oid)),
    sum(pg_indexes_size(own.oid)), sum(coalesce(pg_total_relation_size(nullif(own.reltoastrelid, 0)), 0))
FROM pg_class own
LEFT JOIN pg_inherits part ON part.inhrelid = own.oid
LEFT JOIN pg_class root ON root.oid = part.inhparent
WHERE own.relkind = 'r' AND own.relnamespace = 'public'::regnamespace
GROUP BY 1
"""
_ROWS: LiteralString = """
SELECT sum(n_tup_ins), sum(n_tup_upd), sum(n_tup_hot_upd), sum(n_tup_del), sum(n_dead_tup)
FROM pg_stat_user_tables
"""


class TableBytes(NamedTuple):
    """How large a table is."""

    heap: int
    indexes: int
    toast: int  #: values that do not fit into a row, with their index

    @property
    def total(self) -> int:
        """All of it."""
        return self.heap + self.indexes + self.toast


class RowCounts(NamedTuple):
    """Rows that were written since the server started, by `pg_stat_user_tables`."""

    inserted: int
    updated: int
    updated_in_place: int  #: heap-only: no index had to be written
    deleted: int
    dead: int  #: that wait for vacuum


@dataclass(frozen=True, slots=True)
class Reading:
    """What the server had done at one moment; two of them tell what something cost."""

    transactions: int
    wal_bytes: int
    cores_s: float  #: of all its processes
    rows: RowCounts

    def since(self, earlier: Reading) -> Reading:
        """Return what was done since an earlier reading."""
        return Reading(
            self.transactions - earlier.transactions,
            self.wal_bytes - earlier.wal_bytes,
            self.cores_s - earlier.cores_s,
            RowCounts(*(now - then for now, then in zip(self.rows, earlier.rows, strict=True))),
        )


class Database:
    """One migrated database of a server, and an engine that counts its statements."""

    def __init__(self, server: Server, name: str) -> None:
        self._server = server
        self.address = make_url(server.url).set(database=name).render_as_string(hide_password=False)
        self.engine = make_engine(self.address, pool_size=60)
        self.statements = 0
        event.listen(self.engine, "after_cursor_execute", self._count)
        event.listen(self.engine, "connect", self._note_process)
        self._pids: list[int] = []

    def read(self) -> Reading:
        """Read what was done so far; a session that ends has told of all that it did."""
        self.engine.dispose()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in self._pids))
        self._pids.clear()
        with psycopg.connect(self.address, autocommit=True) as connection:
            transactions, wal_bytes = _row(
                connection,
                "SELECT xact_commit, pg_current_wal_lsn() - '0/0' FROM pg_stat_database"
                " WHERE datname = current_database()",
            )
            rows = RowCounts(*(int(count or 0) for count in _row(connection, _ROWS)))
        return Reading(int(transactions), int(wal_bytes), _cores_s(self._server.pid), rows)

    def sizes(self) -> Mapping[str, TableBytes]:
        """Measure each table in bytes."""
        with psycopg.connect(self.address) as connection:
            return {name: TableBytes(*map(int, size)) for name, *size in connection.execute(_SIZES)}

    def execute(self, *statements: LiteralString) -> None:
        """Run statements, each in a transaction of its own, without a time-out."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def answering_s(self) -> float:
        """Add up the processor time of the processes that answer the engine, in seconds. Linux only."""
        return sum(_on_processor_s(pid) for pid in self._pids)

    def _note_process(self, connection: psycopg.Connection, _: object) -> None:
        self._pids.append(connection.info.backend_pid)

    def _count(self, *_: object) -> None:
        self.statements += 1


@contextmanager
def databases(
    folder: Path, *names: str, options: Mapping[str, str] | None = None
) -> Iterator[list[Database]]:
    """Start PostgreSQL in a folder, and lend migrated databases of these names."""
    server = start_postgres(folder, options=OPTIONS | dict(options or {}))
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            for name in names:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
                if found.fetchone() is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        lent = [Database(server, name) for name in names]
        for database in lent:
            migrate.upgrade(database.engine)
        yield lent
        for database in lent:
            database.engine.dispose()
    finally:
        server.close()


def _row(connection: psycopg.Connection, question: LiteralString) -> tuple[int, ...]:
    found = connection.execute(question).fetchone()
    assert found is not None
    return tuple(found)


def _on_processor_s(pid: int) -> float:
    """Read how long a process was on a processor; 0 where it has ended. In ns, unlike all that `ps` reads."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except FileNotFoundError:
        return 0.0


def _cores_s(pid: int) -> float:
    """Add up the processor time of the server, of its processes, and of those that ended, in seconds."""
    server = psutil.Process(pid)
    spent = server.cpu_times()
    total = spent.user + spent.system + spent.children_user + spent.children_system
    for child in server.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return float(total)
