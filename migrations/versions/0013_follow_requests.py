"""Note since when an asset is unpublished, and which trace a job and a write belong to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.database import online_ddl

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Triggers, as in 0008: programs of the version before run on while this is applied, and know nothing of it.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION thumbs_note_unpublished() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.generation = NEW.published_generation OR NEW.deleted_at IS NOT NULL THEN
        NEW.unpublished_since := NULL;
    ELSIF NEW.generation > OLD.generation THEN
        NEW.unpublished_since := coalesce(OLD.unpublished_since, clock_timestamp());
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION thumbs_note_nobody_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE assets SET unpublished_since = NULL
    WHERE id = NEW.asset_id AND unpublished_since IS NOT NULL
        AND NOT EXISTS (SELECT FROM jobs WHERE asset_id = NEW.asset_id AND priority = 0
            AND state IN ('scheduled', 'available', 'retryable', 'running'));
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER note_unpublished
    BEFORE UPDATE OF generation, published_generation, deleted_at ON assets
    FOR EACH ROW EXECUTE FUNCTION thumbs_note_unpublished();
"""
# The trigger of each table is made together with its column.
TRIGGERS = {
    "jobs": """
CREATE OR REPLACE TRIGGER note_given_up AFTER UPDATE OF state ON jobs
    FOR EACH ROW WHEN (NEW.state IN ('discarded', 'cancelled')) EXECUTE FUNCTION thumbs_note_nobody_waits();
-- What was there before us waits for all others, however long.
CREATE OR REPLACE TRIGGER note_backfill AFTER INSERT ON jobs
    FOR EACH ROW WHEN (NEW.priority > 0) EXECUTE FUNCTION thumbs_note_nobody_waits();
""",
    "publications": """
CREATE OR REPLACE TRIGGER note_given_up AFTER UPDATE OF state ON publications
    FOR EACH ROW WHEN (NEW.state = 'failed') EXECUTE FUNCTION thumbs_note_nobody_waits();
""",
}
# Of those that are there already nobody knows since when; what was given up has no open row. Neither are
# writes of a backfill told from others here, but they are over soon.
BACKFILL = """
UPDATE assets SET unpublished_since = clock_timestamp()
WHERE id BETWEEN :first AND :last AND unpublished_since IS NULL
AND generation > published_generation AND deleted_at IS NULL AND (
    EXISTS (SELECT FROM jobs WHERE asset_id = assets.id
        AND priority = 0 AND state IN ('scheduled', 'available', 'retryable', 'running'))
    OR EXISTS (SELECT FROM publications WHERE asset_id = assets.id AND state IN ('pending', 'sending')))
"""


def upgrade() -> None:
    """Add the columns, the triggers that keep the time, and its index."""
    online_ddl.lock("assets")
    unpublished_since = sa.Column("unpublished_since", sa.DateTime(timezone=True), nullable=True)
    op.add_column("assets", unpublished_since, if_not_exists=True)
    op.execute(FUNCTIONS)
    for table, triggers in TRIGGERS.items():
        online_ddl.commit()
        online_ddl.lock(table)
        op.add_column(table, sa.Column("traceparent", sa.Text(), nullable=True), if_not_exists=True)
        op.execute(triggers)
    online_ddl.in_batches("assets", BACKFILL)
    online_ddl.create_index(
        "ix_assets_unpublished",
        "assets",
        ["platform", "account", "unpublished_since"],
        "unpublished_since IS NOT NULL",
    )


def downgrade() -> None:
    """Drop them."""
    online_ddl.lock("assets", "jobs", "publications")
    op.execute("DROP TRIGGER note_given_up ON publications; DROP TRIGGER note_given_up ON jobs")
    op.execute("DROP TRIGGER note_backfill ON jobs; DROP TRIGGER note_unpublished ON assets")
    op.execute("DROP FUNCTION thumbs_note_nobody_waits; DROP FUNCTION thumbs_note_unpublished")
    op.drop_index("ix_assets_unpublished", "assets")
    op.drop_column("assets", "unpublished_since")
    for table in ("publications", "jobs"):
        op.drop_column(table, "traceparent")
