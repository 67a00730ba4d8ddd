"""Thousands of rows that are due, for tests of what a backlog costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.support.service import builders
from worker.database import transaction
from worker.database.models import Job, Publication

if TYPE_CHECKING:
    from sqlalchemy import Engine

_ASSETS = """
INSERT INTO assets (platform, account, external_id, generation)
SELECT 'mux', :account, 'old ' || number, 1 FROM generate_series(1, :count) AS number
"""
_JOBS = """
INSERT INTO jobs (asset_id, generation, reason, max_attempts, priority, scheduled_at)
SELECT id, 1, 'ready', 5, :priority, now() - interval '1 hour' + id * interval '1 ms' FROM assets
WHERE account = :account
"""
_PUBLICATIONS = """
INSERT INTO thumbnails (asset_id, generation, rank, aspect, time_s, score, parts, reasons, faces, box, width_px,
    height_px, jpeg, sha256, model)
SELECT id, 1, 1, '16:9', 1, 1, '{}', '[]', '[]', '[]', 16, 9, '', '', 'lite' FROM assets;
INSERT INTO publications (asset_id, thumbnail_id, generation, scheduled_at)
SELECT asset_id, id, 1, now() - interval '1 hour' FROM thumbnails
"""


def add_jobs(engine: Engine, count: int, account: str = "main", priority: int = 0) -> None:
    """Add assets of an account of Mux, each with a job that is due for an hour."""
    with transaction(engine) as session:
        session.execute(text(_ASSETS), {"count": count, "account": account})
        session.execute(text(_JOBS), {"account": account, "priority": priority})


def add_publications(engine: Engine) -> None:
    """Add a write that is due for an hour to each asset."""
    with transaction(engine) as session:
        session.execute(text(_PUBLICATIONS))


def account_of(engine: Engine, row_id: int, table: type[Job | Publication] = Job) -> str:
    """Return the name of a row's account."""
    assets = {asset.id: asset.account for asset in builders.every(engine, builders.Asset)}
    (row,) = [row for row in builders.every(engine, table) if row.id == row_id]
    return assets[row.asset_id]
