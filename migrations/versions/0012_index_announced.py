"""Index rows by whether they were announced: no statement of the dispatcher looks at all that waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WAITING = {
    "jobs": "state IN ('scheduled', 'available', 'retryable')",
    "publications": "state = 'pending'",
}
DUE_BEFORE = {"jobs": ["priority", "scheduled_at"], "publications": ["scheduled_at"]}
# A write that was over before accounts had rows, and is asked for again, is not inserted.
REVIVED = """
CREATE TRIGGER name_account_again BEFORE UPDATE OF state ON publications
    FOR EACH ROW WHEN (NEW.account_id IS NULL) EXECUTE FUNCTION thumbs_name_account()
"""


def upgrade() -> None:
    """Create the indexes, and the trigger that names the account of writes that are asked for again."""
    for table, is_waiting in WAITING.items():
        op.drop_index(f"ix_{table}_due", table)
        _create_index(f"{table}_due", ["priority", "scheduled_at"], f"{is_waiting} AND hinted_at IS NULL")
        _create_index(
            f"{table}_announced", ["account_id", "priority"], f"{is_waiting} AND hinted_at IS NOT NULL"
        )
    op.execute(REVIVED)


def downgrade() -> None:
    """Put the indexes back."""
    op.execute("DROP TRIGGER name_account_again ON publications")
    for table, is_waiting in WAITING.items():
        op.drop_index(f"ix_{table}_announced", table)
        op.drop_index(f"ix_{table}_due", table)
        _create_index(f"{table}_due", DUE_BEFORE[table], is_waiting)


def _create_index(name: str, columns: list[str], condition: str) -> None:
    table = name.partition("_")[0]
    op.create_index(f"ix_{name}", table, columns, unique=False, postgresql_where=sa.text(condition))
