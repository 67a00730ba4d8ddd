"""Find rows by what became of them, however many others there are."""

from __future__ import annotations

from worker.database import online_ddl

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index jobs by state, and the few writes and events that are not as most are."""
    online_ddl.create_index("ix_jobs_state", "jobs", ["state", "id"])
    online_ddl.create_index("ix_publications_failed", "publications", ["asset_id"], "state = 'failed'")
    online_ddl.create_index("ix_webhook_events_ignored", "webhook_events", ["id"], "outcome = 'ignored'")


def downgrade() -> None:
    """Drop the indexes."""
    for name in ("ix_webhook_events_ignored", "ix_publications_failed", "ix_jobs_state"):
        online_ddl.drop_index(name)
