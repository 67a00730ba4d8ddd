"""Say which assets a person should look at, and index them for the pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.database import online_ddl

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_assets_review_all": "deleted_at IS NULL",
    "ix_assets_review_failed": (
        "has_failed AND (reviewed_at IS NULL OR reviewed_at < failed_at) AND deleted_at IS NULL"
    ),
    "ix_assets_review_foreign": (
        "foreign_thumbnail IS NOT NULL AND (reviewed_at IS NULL OR reviewed_at < foreign_at)"
        " AND deleted_at IS NULL"
    ),
    "ix_assets_review_lost": "has_lost_choice AND deleted_at IS NULL",
    "ix_assets_review_noted": "is_noted AND reviewed_at IS NULL AND deleted_at IS NULL",
    "ix_assets_review_unseen": "reviewed_at IS NULL AND deleted_at IS NULL",
    "ix_assets_review_unsure": "pick_gap < 0.15 AND reviewed_at IS NULL AND deleted_at IS NULL",
}

LOST = """
UPDATE assets SET has_lost_choice = true FROM choices
WHERE choices.id BETWEEN :first AND :last AND choices.asset_id = assets.id
    AND choices.lost_at IS NOT NULL AND choices.released_at IS NULL AND NOT assets.has_lost_choice
"""
# What failed, as `worker.queue.failing` tells it.
FAILED_JOBS = """
UPDATE assets SET has_failed = true FROM jobs
WHERE jobs.id BETWEEN :first AND :last AND jobs.asset_id = assets.id AND jobs.state = 'discarded'
    AND NOT EXISTS (
        SELECT FROM jobs newer WHERE newer.asset_id = jobs.asset_id AND newer.id > jobs.id
            AND newer.state IN ('completed', 'discarded', 'cancelled')
    )
    AND NOT assets.has_failed
"""
FAILED_WRITES = """
UPDATE assets SET has_failed = true FROM publications
WHERE publications.id BETWEEN :first AND :last AND publications.asset_id = assets.id
    AND publications.state = 'failed'
    AND NOT EXISTS (
        SELECT FROM publications newer
        WHERE newer.asset_id = publications.asset_id AND newer.id > publications.id
    )
    AND NOT assets.has_failed
"""


def upgrade() -> None:
    """Add the columns and the indexes; how sure the picks of earlier runs were is not known."""
    online_ddl.lock("assets")
    for column in _columns():
        op.add_column("assets", column, if_not_exists=True)
    online_ddl.commit()
    online_ddl.in_batches("choices", LOST)
    online_ddl.in_batches("jobs", FAILED_JOBS)
    online_ddl.in_batches("publications", FAILED_WRITES)
    for name, condition in INDEXES.items():
        online_ddl.create_index(name, "assets", ["platform", "account", "id"], condition)
    online_ddl.create_index("ix_assets_failed", "assets", ["id"], "has_failed AND deleted_at IS NULL")


def downgrade() -> None:
    """Remove them."""
    for name in ("ix_assets_failed", *INDEXES):
        online_ddl.drop_index(name)
    online_ddl.lock("assets")
    for column in _columns():
        op.drop_column("assets", column.name)


def _columns() -> list[sa.Column]:
    return [
        sa.Column("pick_gap", sa.Double(), nullable=True),
        *(
            sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
            for name in ("is_noted", "has_lost_choice", "has_failed")
        ),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.Text(), nullable=True),
    ]
