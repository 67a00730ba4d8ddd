"""A library of many videos that waits to be looked at: a part of it by the real backfill, the rest by SQL.

What the SQL writes is what the backfill writes, row by row: `row_bytes` tells how wide both are, and the
benchmark prints it. What it leaves out are the versions of rows that the backfill makes on its way and vacuum
removes: of each asset three.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, LiteralString

import psycopg

from worker.database.states import Priority
from worker.inbox.reconcile import reconcile
from worker.platforms.base import AssetState, ListedAsset, Page
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.benchmarks.million.postgres import Database

ACCOUNT = "library"
PAGE = 50  #: videos in a page of a platform's list
BATCH = 50_000  #: assets that the SQL writes in one transaction
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

_ACCOUNT: LiteralString = (
    "INSERT INTO accounts (platform, account) VALUES ('mux', 'library') ON CONFLICT DO NOTHING"
)
# `a` to `b` are numbers of videos. Neither triggers nor foreign keys are checked: what they would do is done.
_FILL: LiteralString = """
WITH new AS (
    INSERT INTO assets (platform, account, external_id, generation, last_event_at)
    SELECT 'mux', 'library', 'sql-' || md5(g::text), 1, timestamptz '2026-01-01' + g * interval '1 s'
    FROM generate_series(%(a)s::bigint, %(b)s::bigint) g
    RETURNING id, external_id, last_event_at
), told AS (
    INSERT INTO events (platform, account, delivery_id, type, kind, asset_id, happened_at,
        outcome, detail, payload)
    SELECT 'mux', 'library', 'sync:' || external_id || ':0:missed:' || left(md5(external_id), 16),
        'sync.missed', 'ready', id, last_event_at, 'applied', '',
        jsonb_build_object('fingerprint', md5(external_id))
    FROM new
)
INSERT INTO jobs (asset_id, account_id, generation, reason, max_attempts, priority, state,
    traceparent)
SELECT new.id, accounts.id, 1, 'ready', 5, 9, 'scheduled',
    '00-' || md5(external_id) || '-' || left(md5(external_id), 16) || '-01' FROM new, accounts
WHERE accounts.platform = 'mux' AND accounts.account = 'library'
"""
_WIDTHS: Mapping[str, LiteralString] = {
    "assets": "SELECT avg(pg_column_size(t.*)) FROM assets t WHERE external_id LIKE %s",
    "jobs": "SELECT avg(pg_column_size(t.*)) FROM jobs t JOIN assets ON assets.id = asset_id"
    " WHERE external_id LIKE %s",
    "events": "SELECT avg(pg_column_size(t.*)) FROM events t"
    " JOIN assets ON assets.id = asset_id WHERE external_id LIKE %s",
}


class ListedLibrary:
    """Stands in for a platform: it lists videos that no webhook told of, and answers nothing else."""

    name, account = "mux", ACCOUNT

    def __init__(self, videos: int) -> None:
        self._videos = videos

    def assets(self, page: str | None = None) -> Page:
        """Return one page of the list."""
        first = int(page or 0)
        last = min(first + PAGE, self._videos)
        listed = [_listed(number) for number in range(first, last)]
        return Page(listed, str(last) if last < self._videos else None, self._videos, is_by_change=False)


def _listed(number: int) -> ListedAsset:
    fingerprint = hashlib.md5(str(number).encode()).hexdigest()  # noqa: S324 - a name
    return ListedAsset(
        f"api-{fingerprint}", _EPOCH + timedelta(seconds=number), AssetState.READY, fingerprint
    )


def take_in(database: Database, videos: int) -> None:
    """Let `thumbs sync --all`'s own code take in so many videos."""
    platform = ListedLibrary(videos)
    for _ in reconcile(
        database.engine,
        platform,
        Settings(),
        priority=Priority.BACKFILL,
    ):
        pass


def fill(database: Database, first: int, last: int) -> None:
    """Add videos `first` to `last - 1` by SQL, in batches, on as many connections as there are cores."""
    database.execute(_ACCOUNT)
    batches = [(start, min(start + BATCH, last) - 1) for start in range(first, last, BATCH)]
    with ThreadPoolExecutor(os.cpu_count()) as filling:
        for _ in filling.map(lambda batch: _fill(database, *batch), batches):
            pass


def _fill(database: Database, first: int, last: int) -> None:
    with psycopg.connect(database.address, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off; SET session_replication_role = replica")
        connection.execute(_FILL, {"a": first, "b": last})


def row_bytes(database: Database, prefix: str) -> dict[str, float]:
    """Measure how wide the rows of these videos are, without their indexes.

    Args:
        database: that holds them.
        prefix: of the videos' ids: "api-" of those taken in by the backfill, "sql-" of the others.
    """
    with psycopg.connect(database.address) as connection:
        found = {}
        for table, question in _WIDTHS.items():
            (width,) = connection.execute(question, [f"{prefix}%"]).fetchone() or (0,)
            found[table] = float(width or 0)
        return found
