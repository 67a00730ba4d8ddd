"""Add what lets a run use an earlier one's candidates again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what candidates and jobs keep for a later run."""
    for column in ("cues", "faces", "active"):
        op.add_column("candidates", sa.Column(column, JSONB(), nullable=True))
    op.add_column("candidates", sa.Column("model", sa.Text(), nullable=True))
    op.execute("UPDATE candidates SET embedding = NULL")  # half as precise as they are from now on
    op.add_column("jobs", sa.Column("edit", JSONB(), nullable=True))
    op.add_column("jobs", sa.Column("model", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop it; embeddings are forgotten."""
    op.execute("UPDATE candidates SET embedding = NULL")
    for table, column in (("jobs", "model"), ("jobs", "edit"), ("candidates", "model")):
        op.drop_column(table, column)
    for column in ("active", "faces", "cues"):
        op.drop_column("candidates", column)
