"""Add what judges said, what they are worth, and what they were asked; and the flag of unsafe picks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from worker.database import online_ddl

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    """Add the tables and columns."""
    for table in ("candidates", "thumbnails"):
        online_ddl.lock(table)
        op.add_column(table, sa.Column("by_judge", JSONB(), nullable=True), if_not_exists=True)
        online_ddl.commit()
    online_ddl.lock("assets")
    for column in ("is_flagged", "is_held"):
        op.add_column(
            "assets",
            sa.Column(column, sa.Boolean(), server_default=sa.text("false"), nullable=False),
            if_not_exists=True,
        )
    op.create_table(
        "judge_verdicts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_version", sa.Text(), nullable=False),
        sa.Column("verdict", JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_judge_verdicts_asset_id_assets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judge_verdicts")),
        sa.UniqueConstraint("asset_id", "key", name=op.f("uq_judge_verdicts_asset_id_key")),
        if_not_exists=True,
    )
    op.create_index(op.f("ix_judge_verdicts_used_at"), "judge_verdicts", ["used_at"], if_not_exists=True)
    online_ddl.commit()
    op.create_table(
        "judge_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("requests", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("answer_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_judge_days")),
        if_not_exists=True,
    )
    op.create_table(
        "judge_checks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_version", sa.Text(), nullable=False),
        sa.Column("pictures", sa.BigInteger(), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.Column("sight", sa.Text(), nullable=False),
        sa.Column("say", sa.Text(), nullable=False),
        sa.Column("report", JSONB(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judge_checks")),
        if_not_exists=True,
    )
    op.create_index("ix_judge_checks_judge", "judge_checks", ["url", "model", "id"], if_not_exists=True)
    online_ddl.create_index(
        "ix_assets_review_flagged",
        "assets",
        ["platform", "account", "id"],
        "is_flagged AND reviewed_at IS NULL AND deleted_at IS NULL",
    )


def downgrade() -> None:
    """Drop them."""
    online_ddl.drop_index("ix_assets_review_flagged")
    for table in ("judge_checks", "judge_days", "judge_verdicts"):
        op.drop_table(table, if_exists=True)
    online_ddl.commit()
    for table, column in (
        ("assets", "is_held"),
        ("assets", "is_flagged"),
        ("thumbnails", "by_judge"),
        ("candidates", "by_judge"),
    ):
        online_ddl.lock(table)
        op.drop_column(table, column, if_exists=True)
        online_ddl.commit()
