"""Tell accounts whose writes fail, or that no settings name, from those whose platform answers nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns. Programs of the version before do not set them, and hold everything as they did."""
    for name in ("only_writes_fail", "is_unknown"):
        column = sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
        op.add_column("accounts", column, if_not_exists=True)


def downgrade() -> None:
    """Remove the columns."""
    op.drop_column("accounts", "is_unknown")
    op.drop_column("accounts", "only_writes_fail")
