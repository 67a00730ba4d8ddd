"""Note when thumbnails are outdated, and find what is to be pruned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Found from a row that they belong to.
OWNED = (("thumbnails", "asset_id"), ("choices", "thumbnail_id"))


def upgrade() -> None:
    """Note when thumbnails are outdated, and index what pruning looks for."""
    op.add_column("thumbnails", sa.Column("outdated_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE thumbnails t SET outdated_at = clock_timestamp() WHERE EXISTS"
        " (SELECT 1 FROM thumbnails n WHERE n.asset_id = t.asset_id AND n.generation > t.generation)"
    )
    op.create_index(
        "ix_thumbnails_outdated",
        "thumbnails",
        ["outdated_at"],
        unique=False,
        postgresql_where=sa.text("outdated_at IS NOT NULL"),
    )
    op.create_index(
        "ix_assets_deleted",
        "assets",
        ["deleted_at"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    for table, column in OWNED:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def downgrade() -> None:
    """Drop the note and the indexes."""
    for table, column in OWNED:
        op.drop_index(op.f(f"ix_{table}_{column}"), table)
    op.drop_index("ix_assets_deleted", "assets")
    op.drop_index("ix_thumbnails_outdated", "thumbnails")
    op.drop_column("thumbnails", "outdated_at")
