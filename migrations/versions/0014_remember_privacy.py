"""Remember whether a video is private, so that its pictures can be kept from strangers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of what was looked at before, it is not known."""
    op.add_column("assets", sa.Column("is_private", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("assets", "is_private")
