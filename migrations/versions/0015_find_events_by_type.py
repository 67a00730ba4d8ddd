"""Index events by type, so that erasures are found in an inbox of any size."""

from __future__ import annotations

from worker.database import online_ddl

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    online_ddl.create_index("ix_webhook_events_type", "webhook_events", ["type", "id"])


def downgrade() -> None:
    """Remove it."""
    online_ddl.drop_index("ix_webhook_events_type")
