"""Add the heads that are learned from tests and from people's choices, and which one scored a candidate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from worker.database import online_ddl

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, and the column of candidates."""
    online_ddl.lock("candidates")
    op.add_column("candidates", sa.Column("head_id", sa.BigInteger(), nullable=True), if_not_exists=True)
    online_ddl.commit()
    op.create_table(
        "heads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="candidate", nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("trained_on", JSONB(), nullable=False),
        sa.Column("report", JSONB(), nullable=True),
        sa.Column("arrays", sa.LargeBinary(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shipped_by", sa.Text(), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('candidate', 'refused', 'passed', 'shipped', 'retired')", name=op.f("ck_heads_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heads")),
    )
    op.create_index("ix_heads_model", "heads", ["model", "id"])
    op.create_index(
        "uq_heads_shipped",
        "heads",
        ["model", sa.literal_column("coalesce(platform, '')"), sa.literal_column("coalesce(account, '')")],
        unique=True,
        postgresql_where=sa.text("state = 'shipped'"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("heads", if_exists=True)
    online_ddl.commit()
    online_ddl.lock("candidates")
    op.drop_column("candidates", "head_id", if_exists=True)
