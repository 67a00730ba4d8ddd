"""Index assets by the starts of their ids and titles, and jobs that tell something, for operators."""

from __future__ import annotations

from worker.database import online_ddl

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the indexes."""
    online_ddl.create_index("ix_assets_external_id", "assets", ["external_id text_pattern_ops"])
    title = "lower(left(title, 100)) text_pattern_ops"
    online_ddl.create_index("ix_assets_title", "assets", [title], "title <> ''")
    is_news = "NOT (reason = 'update' AND state = 'completed' AND timings_s IS NULL)"
    online_ddl.create_index("ix_jobs_news", "jobs", ["id"], is_news)


def downgrade() -> None:
    """Remove them."""
    for name in ("ix_jobs_news", "ix_assets_title", "ix_assets_external_id"):
        online_ddl.drop_index(name)
