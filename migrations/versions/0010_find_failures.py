"""Find rows by what became of them, however many others there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index jobs by state, and the few writes and events that are not as most are."""
    op.create_index("ix_jobs_state", "jobs", ["state", "id"], unique=False)
    op.create_index(
        "ix_publications_failed",
        "publications",
        ["asset_id"],
        unique=False,
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index(
        "ix_webhook_events_ignored",
        "webhook_events",
        ["id"],
        unique=False,
        postgresql_where=sa.text("outcome = 'ignored'"),
    )


def downgrade() -> None:
    """Drop the indexes."""
    op.drop_index("ix_webhook_events_ignored", "webhook_events")
    op.drop_index("ix_publications_failed", "publications")
    op.drop_index("ix_jobs_state", "jobs")
