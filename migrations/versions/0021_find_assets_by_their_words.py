"""Index assets by the words of their titles, for the pages' search."""

from __future__ import annotations

from worker.database import online_ddl

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

WORDS = r"""(to_tsvector('simple', translate(
  normalize(regexp_replace(normalize(left(title, 500), NFKD), '[\u0300-\u036f]', '', 'g'), NFC),
  E'._-/+\u2019\u2018\u02bc', '     '''''''))
 || array_to_tsvector(
  ARRAY['@' || left(platform || '/' || account, 500), '=' || lower(left(external_id, 500))]))"""


def upgrade() -> None:
    """Build the index."""
    storage = "fastupdate = off"
    where = "deleted_at IS NULL"
    online_ddl.create_index("ix_assets_review_words", "assets", [WORDS], where, method="gin", storage=storage)


def downgrade() -> None:
    """Remove it."""
    online_ddl.drop_index("ix_assets_review_words")
