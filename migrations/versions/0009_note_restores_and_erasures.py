"""Note which database this is, what measured a candidate, and which assets were erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.database import online_ddl

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WAITING = "state IN ('scheduled', 'available', 'retryable')"

# So that every backup knows whose it is, and no upgrade is taken for a restore.
NOTE_IDENTITY = """
INSERT INTO database_identities (identity) SELECT concat_ws('/',
    (SELECT system_identifier FROM pg_control_system()),
    (SELECT timeline_id FROM pg_control_checkpoint()),
    CAST(CAST('assets' AS regclass) AS oid))
ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    """Add them; what is stored of earlier runs has no version, and its videos are scanned anew once."""
    op.create_table(
        "database_identities",
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("identity", name=op.f("pk_database_identities")),
        if_not_exists=True,
    )
    op.execute(NOTE_IDENTITY)
    online_ddl.lock("assets")
    erased_at = sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True)
    op.add_column("assets", erased_at, if_not_exists=True)
    online_ddl.commit()
    online_ddl.lock("candidates")
    op.add_column("candidates", sa.Column("measured_by", sa.Text(), nullable=True), if_not_exists=True)
    online_ddl.create_index(
        "ix_assets_foreign", "assets", ["platform", "account"], "foreign_thumbnail IS NOT NULL"
    )
    online_ddl.create_index("ix_jobs_wanted_model", "jobs", ["model"], f"model IS NOT NULL AND {WAITING}")


def downgrade() -> None:
    """Drop them."""
    online_ddl.lock("assets", "jobs", "candidates")
    op.drop_index("ix_jobs_wanted_model", "jobs")
    op.drop_index("ix_assets_foreign", "assets")
    op.drop_column("candidates", "measured_by")
    op.drop_column("assets", "erased_at")
    op.drop_table("database_identities")
