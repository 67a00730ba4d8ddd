"""Tell accounts whose writes fail from those whose platform answers nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Programs of the version before do not set it, and hold everything as they did."""
    column = sa.Column("only_writes_fail", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("accounts", column)


def downgrade() -> None:
    """Remove the column."""
    op.drop_column("accounts", "only_writes_fail")
