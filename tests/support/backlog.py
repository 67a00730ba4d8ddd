"""Thousands of rows that are due, for tests of what a backlog costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.support.service import builders
from worker.database import transaction
from worker.database.models import Job, Publication

if TYPE_CHECKING:
    from sqlalchemy import Engine

# Triggers and checks of foreign keys take most of the time that many rows cost.
_QUICKLY = "SET LOCAL session_replication_role = replica"
_ACCOUNT = "INSERT INTO accounts (platform, account) VALUES ('mux', :account) ON CONFLICT DO NOTHING"
_ASSETS = """
INSERT INTO assets (platform, account, external_id, generation)
SELECT 'mux', :account, 'old ' || number, 1 FROM generate_series(1, :count) AS number
"""
_JOBS = """
INSERT INTO jobs (asset_id, account_id, generation, reason, max_attempts, priority, state, scheduled_at)
SELECT assets.id, accounts.id, 1, 'ready', 5, :priority, :state,
    now() + :due_in_s * interval '1 s' + assets.id * interval '1 ms'
FROM assets JOIN accounts USING (platform, account) WHERE account = :account
"""
_THUMBNAILS = """
INSERT INTO thumbnails (asset_id, generation, rank, aspect, time_s, score, parts, reasons, faces, box,
    width_px, height_px, jpeg, sha256, model)
SELECT id, 1, 1, '16:9', 1, 1, '{}', '[]', '[]', '[]', 16, 9, '', '', 'lite' FROM assets
"""
_PUBLICATIONS = """
INSERT INTO publications (asset_id, account_id, thumbnail_id, generation, priority, state, scheduled_at)
SELECT asset_id, account_id, thumbnails.id, 1, priority, CASE state WHEN 'completed' THEN 'confirmed'
    ELSE 'pending' END, scheduled_at
FROM thumbnails JOIN jobs USING (asset_id)
"""
DUE_S = -3600.0


def add_jobs(
    engine: Engine,
    count: int,
    account: str = "main",
    priority: int = 0,
    *,
    state: str = "scheduled",
    due_in_s: float = DUE_S,
) -> None:
    """Add assets of a new account of Mux, each with a job, which is due for an hour by default."""
    values = {
        "count": count,
        "account": account,
        "priority": priority,
        "state": state,
        "due_in_s": due_in_s,
    }
    with transaction(engine) as session:
        for statement in (_QUICKLY, _ACCOUNT, _ASSETS, _JOBS):
            session.execute(text(statement), values)


def add_publications(engine: Engine) -> None:
    """Add a write for each job, which is due when the job is; if that is over, so is the write."""
    with transaction(engine) as session:
        for statement in (_QUICKLY, _THUMBNAILS, _PUBLICATIONS):
            session.execute(text(statement))


def account_of(engine: Engine, row_id: int, table: type[Job | Publication] = Job) -> str:
    """Return the name of a row's account."""
    assets = {asset.id: asset.account for asset in builders.every(engine, builders.Asset)}
    (row,) = [row for row in builders.every(engine, table) if row.id == row_id]
    return assets[row.asset_id]
