"""The indexes that people's library of assets needs: one for each way to look at it.

Each begins with the account, since a person may see some accounts only, and ends with the id, by which pages
follow one another; so a page costs the same among a million assets as among a thousand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Index, text

if TYPE_CHECKING:
    from collections.abc import Iterator

UNSURE_BELOW = 0.15  #: of the range of scores: then picks 1 and 2 are about as good

#: Each filter's condition, as its index has it.
CONDITIONS = {
    "all": "deleted_at IS NULL",
    "unsure": f"pick_gap < {UNSURE_BELOW} AND deleted_at IS NULL",
    "noted": "is_noted AND deleted_at IS NULL",
    "foreign": "foreign_thumbnail IS NOT NULL AND deleted_at IS NULL",
    "lost": "has_lost_choice AND deleted_at IS NULL",
    "failed": "has_failed AND deleted_at IS NULL",
    "unseen": "reviewed_at IS NULL AND deleted_at IS NULL",
}


def index_name(of: str) -> str:
    """Name the index of a filter."""
    return f"ix_assets_review_{of}"


def review_indexes() -> Iterator[Index]:
    """Make an index for each filter."""
    for of, condition in CONDITIONS.items():
        yield Index(index_name(of), "platform", "account", "id", postgresql_where=text(condition))
