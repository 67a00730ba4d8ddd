"""Store what a model's taste says of a candidate, so that the next run need not look at it again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; candidates of earlier runs have nothing in it, and are looked at again."""
    op.add_column("candidates", sa.Column("taste", sa.Float(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("candidates", "taste")
