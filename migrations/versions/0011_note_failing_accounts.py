"""Note since when an account fails, and with which asset it failed last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.database import online_ddl

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; they are empty, as is true of an account that is well."""
    online_ddl.lock("accounts")
    op.add_column("accounts", sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("accounts", sa.Column("failed_asset_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    online_ddl.lock("accounts")
    op.drop_column("accounts", "failed_asset_id")
    op.drop_column("accounts", "failing_since")
