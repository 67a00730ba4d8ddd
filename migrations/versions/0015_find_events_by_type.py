"""Index events by type, so that erasures are found in an inbox of any size."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    op.create_index("ix_webhook_events_type", "webhook_events", ["type", "id"], unique=False)


def downgrade() -> None:
    """Remove it."""
    op.drop_index("ix_webhook_events_type", "webhook_events")
