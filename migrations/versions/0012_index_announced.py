"""Index rows by whether they were announced: no statement of the dispatcher looks at all that waits."""

from __future__ import annotations

from alembic import op

from worker.database import online_ddl

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
CREATE OR REPLACE TRIGGER name_account_again BEFORE UPDATE OF state ON publications
    FOR EACH ROW WHEN (NEW.account_id IS NULL) EXECUTE FUNCTION thumbs_name_account()
"""


def upgrade() -> None:
    """Create the indexes, and the trigger that names the account of writes that are asked for again."""
    online_ddl.lock("publications")
    op.execute(REVIVED)
    for table, is_waiting in WAITING.items():
        online_ddl.create_index(
            f"ix_{table}_announced",
            table,
            ["account_id", "priority"],
            f"{is_waiting} AND hinted_at IS NOT NULL",
        )
        online_ddl.replace_index(
            f"ix_{table}_due", table, ["priority", "scheduled_at"], f"{is_waiting} AND hinted_at IS NULL"
        )


def downgrade() -> None:
    """Put the indexes back."""
    online_ddl.lock("publications")
    op.execute("DROP TRIGGER IF EXISTS name_account_again ON publications")
    for table, is_waiting in WAITING.items():
        online_ddl.drop_index(f"ix_{table}_announced")
        online_ddl.replace_index(f"ix_{table}_due", table, DUE_BEFORE[table], is_waiting)
