"""Index the rows that lie in the broker, and the writes that wait for their time, by priority."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0008"
branch_labels = None
depends_on = None

WAITING = {
    "jobs": "state IN ('scheduled', 'available', 'retryable')",
    "publications": "state = 'pending'",
}
# A write that was over before accounts had rows, and is asked for again, is not inserted.
REVIVED = """
CREATE TRIGGER name_account_again BEFORE UPDATE OF state ON publications
    FOR EACH ROW WHEN (NEW.account_id IS NULL) EXECUTE FUNCTION thumbs_name_account()
"""


def upgrade() -> None:
    """Create the indexes and the trigger that names the account of writes that are asked for again."""
    for table, is_waiting in WAITING.items():
        op.create_index(
            f"ix_{table}_announced",
            table,
            ["account_id", "priority"],
            unique=False,
            postgresql_where=sa.text(f"{is_waiting} AND hinted_at IS NOT NULL"),
        )
    op.drop_index("ix_publications_due", "publications")
    _index_due(["priority", "scheduled_at"])
    op.execute(REVIVED)


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TRIGGER name_account_again ON publications")
    op.drop_index("ix_publications_due", "publications")
    _index_due(["scheduled_at"])
    for table in WAITING:
        op.drop_index(f"ix_{table}_announced", table)


def _index_due(columns: list[str]) -> None:
    is_waiting = sa.text(WAITING["publications"])
    op.create_index("ix_publications_due", "publications", columns, postgresql_where=is_waiting)
