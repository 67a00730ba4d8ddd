"""A database as large as that of a busy year: rows of every table, written by SQL alone.

Every 200th job was given up, every 50th asset is deleted, every tenth belongs to another account, and a few
to a small one. Pictures are of 128 bytes, so that the rows fit on any disk; what is measured does not read
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable

_TABLES = ("assets", "jobs", "job_log", "events", "deliveries", "thumbnails", "publications", "candidates")

# `n` is the number of assets. Times are spread over 90 days, those of webhooks over 30.
_FILL = {
    "assets": """
        INSERT INTO assets (platform, account, external_id, title, generation, published_generation,
            fingerprint, last_event_at, created_at, deleted_at, pick_gap, is_noted, foreign_thumbnail,
            has_lost_choice, has_failed, reviewed_at)
        SELECT 'mux', CASE WHEN g % 10 = 0 THEN 'other' WHEN g % 20000 = 5 THEN 'small' ELSE 'main' END,
            md5(g::text), 'Title ' || g || CASE WHEN g % 10 = 0 THEN ' of a lecture' WHEN g % 1000 = 7
            THEN ' at the harbour' ELSE '' END, 1, 1,
            md5('f' || g), now() - (g % 7776000) * interval '1 s', now() - (g % 7776000) * interval '1 s',
            CASE WHEN g % 50 = 0 THEN now() - (g % 60) * interval '1 day' END,
            (g % 101) / 100.0, g % 97 = 0, CASE WHEN g % 89 = 0 THEN 'theirs' END,
            g % 331 = 0, g % 200 = 1, CASE WHEN g % 3 = 0 THEN now() END
        FROM generate_series(1, {n}) g""",
    "jobs": """
        INSERT INTO jobs (asset_id, generation, reason, state, requested_at, max_attempts, attempt,
            scheduled_at, finished_at, started_at, lease_token, hint_no)
        SELECT g, 1, 'ready', CASE WHEN g % 200 = 1 THEN 'discarded' ELSE 'completed' END, t, 5, 1, t, t, t,
            1, 1
        FROM (SELECT g, now() - (g * 7.776) * interval '1 s' * (1000000 / {n}.0) AS t
            FROM generate_series({n}, 1, -1) g) rows""",
    "job_log": """
        INSERT INTO job_log (job_id, at, state, attempt, actor)
        SELECT 1 + g % {n}, now() - (g % 90) * interval '1 day', 'running', 1, 'host:1:analyze'
        FROM generate_series(1, 3 * {n}) g""",
    "events": """
        INSERT INTO events (platform, account, delivery_id, type, kind, asset_id, happened_at,
            received_at, outcome, payload)
        SELECT 'mux', 'main', md5('d' || g), 'video.asset.ready', 'ready', g, now(),
            now() - (g % 2592000) * interval '1 s', 'applied', json_build_object('x', repeat('a', 1500))
        FROM generate_series(1, {n}) g""",
    "deliveries": """
        INSERT INTO deliveries (event_id, received_at, platform, account, delivery_id)
        SELECT id, received_at, platform, account, delivery_id FROM events ORDER BY id""",
    "thumbnails": """
        INSERT INTO thumbnails (asset_id, job_id, generation, rank, aspect, time_s, score, parts, reasons,
            faces, box, width_px, height_px, jpeg, sha256, model)
        SELECT 1 + g / 3, 1 + g / 3, 1, 1 + g % 3, '16:9', 1, 1, '{{}}', '[]', '[]', '[]', 1280, 720,
            decode(repeat(md5(g::text), 8), 'hex'), md5(g::text) || md5('x' || g), 'lite'
        FROM generate_series(0, 3 * {n} - 1) g""",
    "publications": """
        INSERT INTO publications (asset_id, thumbnail_id, generation, state, attempt, scheduled_at,
            lease_token, hint_no, confirmed_at)
        SELECT g, 1 + (g - 1) * 3, 1, CASE WHEN g % 1000 = 1 THEN 'failed' ELSE 'confirmed' END, 1, now(), 1,
            1, now()
        FROM generate_series(1, {n}) g""",
    "candidates": """
        INSERT INTO candidates (asset_id, generation, time_s, shot, score, parts, jpeg, created_at)
        SELECT 1 + g / 5, 1, g % 100, 1, 0.5, '{{}}', decode(repeat(md5(g::text), 8), 'hex'),
            now() - (g / 5 % 90) * interval '1 day'
        FROM generate_series(0, 5 * {n} - 1) g""",
}

# As after months: the first partition, which has all that is older than the partitions, was dropped.
_WEEKS = """
DO $$ DECLARE of_table text; first text; week timestamptz; leaf text; BEGIN
    FOR of_table, first IN
        SELECT parent, name FROM thumbs_partitions() WHERE first_at IS NULL AND end_at > now()
    LOOP
        EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', of_table, first);
        EXECUTE format('DROP TABLE %I', first);
    END LOOP;
    FOR of_table IN VALUES ('events'), ('job_log'), ('candidates') LOOP
        FOR week IN
            SELECT date_trunc('week', now(), 'UTC') - n * interval '1 week' FROM generate_series(1, {past}) n
        LOOP
            leaf := of_table || to_char(week, '_YYYYMMDD');
            CONTINUE WHEN to_regclass(leaf) IS NOT NULL;
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', leaf, of_table || '_default');
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                of_table, leaf, week, week + interval '1 week');
        END LOOP;
    END LOOP;
    PERFORM thumbs_make_partitions({ahead});
END $$
"""


def make_weeks(connection: psycopg.Connection, past: int = 13, ahead: int = 4) -> None:
    """Give tables without rows a partition for each of the last weeks, of this one, and of the next ones."""
    connection.execute(_WEEKS.format(past=past, ahead=ahead).encode())


def fill(address: str, assets: int, on_table: Callable[[str], None] = lambda _: None) -> None:
    """Fill empty tables.

    Args:
        address: of a migrated database, as its superuser.
        assets: how many; each has one job, one webhook, one write, three thumbnails and five candidates.
        on_table: called with each table's name before it is filled.
    """
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'")
        # Neither foreign keys nor triggers for each row: what is written is right, and there is much of it.
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO accounts (platform, account)"
            " VALUES ('mux', 'main'), ('mux', 'other'), ('mux', 'small') ON CONFLICT DO NOTHING"
        )
        make_weeks(connection)
        for table in _TABLES:
            on_table(table)
            connection.execute(_FILL[table].format(n=assets).encode())
        connection.execute("VACUUM ANALYZE")
        # Autovacuum, which does this by and by, gathers nothing about a partitioned table itself.
        partitioned = "SELECT oid FROM pg_class WHERE relkind = 'p'"
        connection.execute(f"DELETE FROM pg_statistic WHERE starelid IN ({partitioned})".encode())  # noqa: S608


def is_empty(address: str) -> bool:
    """Tell whether a migrated database has no assets yet."""
    with psycopg.connect(address) as connection:
        return connection.execute("SELECT FROM assets LIMIT 1").fetchone() is None


def add_waiting(address: str, count: int) -> None:
    """Let so many assets of the account `main` wait for a worker, all of them due."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO jobs (asset_id, generation, reason, state, max_attempts)"
            " SELECT id, generation, 'ready', 'scheduled', 5 FROM assets"
            " WHERE account = 'main' AND deleted_at IS NULL ORDER BY id LIMIT %s",
            [count],
        )
        connection.execute("ANALYZE jobs")
