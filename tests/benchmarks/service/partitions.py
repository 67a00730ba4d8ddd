"""Measure what partitions cost and save: recording, the migration to them, and removing a week.

    python -m tests.benchmarks.service.partitions [--rows 1000000] [--rate 50] [--before CHECKOUT]

The database has so many webhooks and as many frames. While it is migrated, the receiver of the version
before takes webhooks; it is run from a checkout of that version (`git worktree add ../before REVISION`), and
this part is left out without one. All figures are of a machine that sender, receiver and server share.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from tests.benchmarks.service.many_rows import make_weeks
from tests.benchmarks.service.receiver import PEAK_SECONDS, PGBENCH, TABLE_WIDTH, SenderRun, machine
from tests.support.service.deliveries import ENVIRONMENT
from tests.support.service.live_receiver import ROOT, START, START_TIMEOUT_S
from tests.support.waiting import until
from webhook.serving import PROCESSES
from worker import partitions
from worker.database import make_engine, migrate, transaction
from worker.standalone.servers import free_port, start_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from worker.standalone.servers import Server

BEFORE = "0025"
CONNECTIONS = 8
LEAD_S = 3.0  # of the sender, before the migration begins
FILL_EVENTS = """
INSERT INTO {table} (platform, account, delivery_id, type, kind, received_at, outcome, payload)
SELECT 'bench', 'main', md5(g::text || '{table}'), 'video.asset.ready', 'ready', {at}, 'ignored',
    json_build_object('x', repeat('a', 1500))
FROM generate_series(1, {rows}) g
"""
FILL_FRAMES = """
INSERT INTO candidates (asset_id, generation, time_s, shot, score, parts, jpeg)
SELECT g / 100, 1, g % 100, 1, 0.5, '{{}}', decode(repeat(md5(g::text), 16), 'hex')
FROM generate_series(1, {rows}) g
"""
INSERT = """
INSERT INTO {table} (platform, account, delivery_id, type, kind, outcome, payload)
VALUES ('bench', 'main', gen_random_uuid(), 'video.asset.ready', 'ready', 'ignored', '{{"id": "a1"}}')
"""
UNIQUE = " ON CONFLICT (platform, account, delivery_id) DO NOTHING"


def run_pgbench(server: Server, statement: str) -> str:
    """Insert as fast as it goes; return the line with the rate."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(statement + ";")
        script.flush()
        options = ["-n", "-M", "prepared", "-f", script.name, "-T", str(PEAK_SECONDS), "-c", "8", "-j", "2"]
        done = subprocess.run([PGBENCH, *options, server.url], check=True, capture_output=True, text=True)
    return next(line for line in done.stdout.splitlines() if line.startswith("tps")).split("(")[0]


@contextmanager
def received_before(checkout: Path, server: Server, folder: Path) -> Iterator[int]:
    """Run the receiver of the version before, and yield its port."""
    port, log = free_port(), folder / "receiver.log"
    settings = {"DATABASE_URL": server.url, "PORT": str(port), "TMPDIR": str(folder), **ENVIRONMENT}
    command = [sys.executable, "-c", START, "{}"]
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=checkout, env=settings, stderr=output)
    try:
        until(lambda: log.read_text().count("ready for webhooks") == PROCESSES, START_TIMEOUT_S)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_TIMEOUT_S)


def migrated(server: Server, engine: Engine, folder: Path, given: argparse.Namespace) -> Iterator[list[str]]:
    """Migrate while webhooks come in, sent at a steady rate before, during and after it."""
    began_s = time.monotonic()
    if given.before is None:
        migrate.upgrade(engine)
        yield ["migration, nobody writes", f"{time.monotonic() - began_s:.1f} s"]
        return
    with received_before(given.before, server, folder) as port:
        sender = [sys.executable, "-m", "tests.benchmarks.service.sender", str(port)]
        count = [str(given.rate * given.seconds), str(given.rate), str(CONNECTIONS)]
        sending = subprocess.Popen([*sender, *count], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        time.sleep(LEAD_S)
        began_s = time.monotonic()
        migrate.upgrade(engine)
        took_s = time.monotonic() - began_s
        is_whole = sending.poll() is None
        answers, _ = sending.communicate()
    sent = SenderRun(**json.loads(answers))
    with engine.connect() as connection:
        stored = connection.scalar(text("SELECT count(*) FROM events WHERE platform = 'mux'")) or 0
    yield ["migration while webhooks come in", f"{took_s:.1f} s{'' if is_whole else '; SENDER ENDED BEFORE'}"]
    yield [f"  their answers, {given.rate}/s for {given.seconds} s", f"{sent.codes}, {sent}"]
    yield ["  accepted, and not in the database", str(sent.codes.get("202", 0) - stored)]


class Inserting:
    """Inserts events one by one until the end of a block, and times each."""

    def __init__(self, url: str) -> None:
        self._url, self._done = url, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.seconds: list[float] = []

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._done.is_set():
                began_s = time.monotonic()
                connection.execute(INSERT.format(table="events").encode())
                self.seconds.append(time.monotonic() - began_s)

    def __str__(self) -> str:
        ordered = sorted(self.seconds)
        p99_ms = ordered[int(len(ordered) * 0.99)] * 1000
        return f"inserts meanwhile: {len(ordered)}, p99 {p99_ms:.0f} ms, max {ordered[-1] * 1000:.0f} ms"


def removed(server: Server, engine: Engine, rows: int) -> Iterator[list[str]]:
    """Remove a week of webhooks, once row by row as before, once by dropping its partition."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("TRUNCATE events")
        make_weeks(connection)
        for what, remove in (("row by row", _delete), ("by dropping its partition", _drop)):
            fill(connection, FILL_EVENTS, table="events", at="now() - interval '10 weeks'", rows=rows)
            week = "SELECT tableoid::regclass::text FROM events WHERE type <> '' ORDER BY received_at LIMIT 1"
            ((leaf,),) = connection.execute(week).fetchall()
            connection.execute("CHECKPOINT")
            ((before,),) = connection.execute("SELECT pg_current_wal_insert_lsn()").fetchall()
            with Inserting(server.url) as inserting:
                time.sleep(1)
                began_s = time.monotonic()
                remove(engine, connection, leaf)
                took_s = time.monotonic() - began_s
            sizes = (
                "SELECT pg_current_wal_insert_lsn() - %s::pg_lsn,"
                " coalesce(pg_total_relation_size(to_regclass(%s)), 0)"
            )
            ((written, left),) = connection.execute(sizes, [before, leaf]).fetchall()
            says = f"{took_s:.2f} s; {written / 2**20:.0f} MiB of log; left {left / 2**20:.0f} MiB"
            yield [f"a week of {rows:,} webhooks, {what}", says]
            yield ["  inserts meanwhile", str(inserting)]
            connection.execute("TRUNCATE events")


def fill(connection: psycopg.Connection, statement: str, **told: object) -> None:
    """Store many rows, without the trigger, which takes a lock for each."""
    connection.execute("SET session_replication_role = replica")
    connection.execute(statement.format(**told).encode())
    connection.execute("SET session_replication_role = origin")


def _delete(_: Engine, connection: psycopg.Connection, leaf: str) -> None:
    """Delete batches, as `retention.prune` did of the one table, by the key."""
    oldest = f"SELECT id FROM {leaf} WHERE received_at < now() - interval '30 days' LIMIT 1000"  # noqa: S608
    while connection.execute(f"DELETE FROM {leaf} WHERE id IN ({oldest})".encode()).rowcount:  # noqa: S608
        pass


def _drop(engine: Engine, *_: object) -> None:
    dropped = True
    while dropped:
        with transaction(engine) as session:
            dropped = partitions.drop_oldest(session, "events", 30) is not None


def measure(given: argparse.Namespace) -> Iterator[list[str]]:
    """Every line of the table."""
    with tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = start_postgres(folder / "postgres")
        engine = make_engine(server.url)
        try:
            migrate.upgrade(engine, BEFORE)
            yield [
                "inserts, a unique key",
                run_pgbench(server, INSERT.format(table="webhook_events") + UNIQUE),
            ]
            with psycopg.connect(server.url, autocommit=True) as connection:
                fill(connection, FILL_EVENTS, table="webhook_events", at="now()", rows=given.rows)
                fill(connection, FILL_FRAMES, rows=given.rows)
            yield from migrated(server, engine, folder, given)
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute("TRUNCATE events")
                make_weeks(connection)
            yield ["inserts, partitions and a trigger", run_pgbench(server, INSERT.format(table="events"))]
            yield from removed(server, engine, given.rows)
        finally:
            engine.dispose()
            server.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="webhooks, and as many frames")
    parser.add_argument("--rate", type=int, default=50, help="webhooks a second during the migration")
    parser.add_argument("--seconds", type=int, default=60, help="for how long they are sent")
    parser.add_argument("--before", type=Path, help="a checkout of the version before")
    facts = machine()
    table = Table("figure", "measured")
    for row in measure(parser.parse_args()):
        table.add_row(*row)
    Console(width=TABLE_WIDTH).print(table, facts, sep="\n", soft_wrap=True)


if __name__ == "__main__":
    main()
