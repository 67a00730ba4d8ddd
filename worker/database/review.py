"""The indexes that people's library of assets needs: one for each way to look at it, and one for its words.

Each of the former begins with the account, since a person may see some accounts only, and ends with the id,
by which pages follow one another; so a page costs the same among a million assets as among a thousand.
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
    "unsure": f"pick_gap < {UNSURE_BELOW} AND reviewed_at IS NULL AND deleted_at IS NULL",
    "noted": "is_noted AND reviewed_at IS NULL AND deleted_at IS NULL",
    "flagged": "is_flagged AND reviewed_at IS NULL AND deleted_at IS NULL",
    "foreign": (
        "foreign_thumbnail IS NOT NULL AND (reviewed_at IS NULL OR reviewed_at < foreign_at)"
        " AND deleted_at IS NULL"
    ),
    "lost": "has_lost_choice AND deleted_at IS NULL",
    "failed": "has_failed AND (reviewed_at IS NULL OR reviewed_at < failed_at) AND deleted_at IS NULL",
    "tested": (
        "test_decided_at IS NOT NULL AND (reviewed_at IS NULL OR reviewed_at < test_decided_at)"
        " AND deleted_at IS NULL"
    ),
    "unseen": "reviewed_at IS NULL AND deleted_at IS NULL",
}

#: Of all that failed, also where somebody found that fine: what `thumbs requeue --failed` means.
FAILED = "has_failed AND deleted_at IS NULL"

#: What an asset is found by: the words of its title, "=" and its id, "@" and its account. With the account in
#: it, a search does not go through what others have. The signs keep the three apart; the lengths are what an
#: index takes, whatever a platform sends; points and the like would make one word of a file's name. Accents
#: do not count, nor whether a letter and its accent are one sign or two, as in file names of macOS; all
#: apostrophes are the same (`worker.review.search` does so to what is searched for).
WORDS = r"""(to_tsvector('simple', translate(
  normalize(regexp_replace(normalize(left(title, 500), NFKD), '[\u0300-\u036f]', '', 'g'), NFC),
  E'._-/+\u2019\u2018\u02bc', '     '''''''))
 || array_to_tsvector(
  ARRAY['@' || left(platform || '/' || account, 500), '=' || lower(left(external_id, 500))]))"""


def index_name(of: str) -> str:
    """Name the index of a filter."""
    return f"ix_assets_review_{of}"


def review_indexes() -> Iterator[Index]:
    """Make an index for each filter, that of all that failed, and that of the words."""
    for of, condition in CONDITIONS.items():
        yield Index(index_name(of), "platform", "account", "id", postgresql_where=text(condition))
    yield Index("ix_assets_failed", "id", postgresql_where=text(FAILED))
    yield Index(
        index_name("words"),
        text(WORDS),
        postgresql_using="gin",
        # Without it, now and then an unlucky webhook would put into the index what a thousand left undone.
        postgresql_with={"fastupdate": "off"},
        postgresql_where=text(CONDITIONS["all"]),
    )
