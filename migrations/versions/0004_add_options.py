"""Add what is wanted of an asset's thumbnails."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the options of an asset."""
    op.add_column("assets", sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("assets", "options")
