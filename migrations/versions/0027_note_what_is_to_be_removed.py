"""Note which objects of the bucket were shown by rows that go; find the thumbnails that are in rows."""

from __future__ import annotations

from alembic import op

from worker.database import online_ddl

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

# Whatever removes rows, also by a foreign key. Somebody may be putting the same picture there right now, so
# what is noted is not due for ten minutes, and a later time stays. In one order, so nobody waits crosswise.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION thumbs_note_removed_thumbnails() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bucket_removals (key, due_at)
    SELECT 'thumbnails/' || sha256 || '.jpg', clock_timestamp() + interval '10 minutes'
    FROM gone WHERE jpeg IS NULL GROUP BY sha256 ORDER BY sha256
    ON CONFLICT (key) DO UPDATE SET due_at = greatest(bucket_removals.due_at, excluded.due_at);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION thumbs_note_removed_bundles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bucket_removals (key, due_at)
    SELECT bundle, clock_timestamp() + interval '10 minutes'
    FROM gone WHERE bundle IS NOT NULL GROUP BY bundle ORDER BY bundle
    ON CONFLICT (key) DO UPDATE SET due_at = greatest(bucket_removals.due_at, excluded.due_at);
    RETURN NULL;
END $$;
"""
TRIGGERS = {"thumbnails": "thumbs_note_removed_thumbnails", "candidates": "thumbs_note_removed_bundles"}


def upgrade() -> None:
    """Add the triggers, and the index."""
    op.execute(FUNCTIONS)
    online_ddl.commit()
    for table, function in TRIGGERS.items():
        online_ddl.change(
            [table],
            f"CREATE OR REPLACE TRIGGER note_removed AFTER DELETE ON {table}"
            f" REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION {function}()",
        )
    online_ddl.create_index("ix_thumbnails_in_rows", "thumbnails", ["asset_id"], "jpeg IS NOT NULL")


def downgrade() -> None:
    """Drop them."""
    online_ddl.drop_index("ix_thumbnails_in_rows")
    for table, function in TRIGGERS.items():
        online_ddl.commit()
        online_ddl.lock(table)
        op.execute(f"DROP TRIGGER IF EXISTS note_removed ON {table}; DROP FUNCTION IF EXISTS {function}")
