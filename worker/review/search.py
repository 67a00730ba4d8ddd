"""Finds assets by words of their titles, by the start of an id, or by the address of a thumbnail.

Two ways together are quick for any word. What the newest assets have is seen by looking at them: so a word
that many titles have needs no list of all of them. What they have not is rare among them, and the index of
words lists it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from sqlalchemy import cast, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import TSQUERY

from worker.admin.find import thumbnail_hashes
from worker.database.models import Asset, Thumbnail
from worker.database.review import CONDITIONS, WORDS
from worker.review.newest import is_of, newest_ids

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from worker.review.newest import AccountNames, Cursor

MOST_CHARACTERS = 200  # of what is searched for; whatever follows is left out
LOOKED_AT = 1_000  # of the newest assets, before the index is asked
_MOST_WORDS = 12
# As `WORDS` has titles.
_BETWEEN_WORDS = re.compile(r"[\s._/+-]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_APOSTROPHES = str.maketrans("\u2019\u2018\u02bc", "'''")


def cleaned(words: str) -> str:
    """Leave out of what somebody typed what PostgreSQL takes for no text, and what is too long."""
    printable = "".join(letter for letter in words if letter.isprintable())
    return " ".join(printable.split())[:MOST_CHARACTERS]


def found_ids(
    session: Session, accounts: AccountNames, of: str, words: str, place: Cursor, limit: int
) -> list[int]:
    """Find so many assets beyond a place that have all the words, or the id, or the thumbnail.

    A word stands for all that begin with it. Capitals do not count.

    Args:
        session: any.
        accounts: whose.
        of: the name of a filter; only its assets are looked through.
        words: as `cleaned` returns them, and not empty.
        place: where to begin.
        limit: how many.

    Returns:
        Ids, in their order from the place.
    """
    asked = _asked(accounts, words)
    is_meant: ColumnElement[bool] = literal_column(WORDS).bool_op("@@")(asked)
    if hashes := thumbnail_hashes(words):
        is_meant = Asset.id.in_(select(Thumbnail.asset_id).where(Thumbnail.sha256.in_(hashes)))
    else:
        newest = newest_ids(accounts, of, place, LOOKED_AT)
        near = _among_newest(session, newest, asked, place, limit)
        if len(near) == limit:
            return near
    # MATERIALIZED: PostgreSQL may neither sort nor stop early within it, so nothing draws it away from the
    # index of words to reading assets in their order.
    listed = (
        select(Asset.id)
        .where(is_meant, is_of(accounts), text(CONDITIONS[of]))
        .where(Asset.id > place.newer_than, Asset.id < place.older_than)
        .cte("listed")
        .prefix_with("MATERIALIZED")
    )
    return list(session.scalars(select(listed.c.id).order_by(place.order(listed.c.id)).limit(limit)))


def _among_newest(
    session: Session, newest: Select[tuple[int]], asked: ColumnElement[Any], place: Cursor, limit: int
) -> list[int]:
    """Look at the newest assets themselves."""
    looked_at = newest.subquery()
    # The inner limit keeps PostgreSQL from asking the index of words here, which it would for a word of which
    # it does not know how common it is.
    documents = (
        select(Asset.id, literal_column(WORDS).label("words"))
        .join(looked_at, looked_at.c.id == Asset.id)
        .order_by(place.order(Asset.id))
        .limit(LOOKED_AT)
        .subquery()
    )
    found = select(documents.c.id).where(documents.c.words.bool_op("@@")(asked))
    return list(session.scalars(found.order_by(place.order(documents.c.id)).limit(limit)))


def _asked(accounts: AccountNames, words: str) -> ColumnElement[Any]:
    """Write as a question to `WORDS`: the words or the beginning of an id, in one of these accounts."""
    whole_name = re.fullmatch(r"([^/]+/[^/]+)/(.+)", words)  # mux/main/ID
    names = [f"{platform}/{account}" for platform, account in accounts]
    identity = words
    if whole_name and whole_name[1] in names:
        names, identity = [whole_name[1]], whole_name[2]
    has_id = cast(func.lower(f"{_quoted('=' + identity)}:*"), TSQUERY)
    has_title = func.to_tsquery(text("'simple'"), _title_query(words))
    of_accounts = cast(" | ".join(_quoted(f"@{name}") for name in names), TSQUERY)
    return has_id.op("||")(has_title).self_group().op("&&")(of_accounts).self_group()


def _title_query(words: str) -> str:
    """Ask for titles that have a word beginning with each of these."""
    parts = [part for part in _BETWEEN_WORDS.split(_folded(words)) if part][:_MOST_WORDS]
    return " & ".join(f"({' | '.join(f'{_quoted(one)}:*' for one in _written(part))})" for part in parts)


def _folded(words: str) -> str:
    """Leave out accents, and write each letter and apostrophe in one way."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", words))
    return unicodedata.normalize("NFC", plain).translate(_APOSTROPHES)


def _written(word: str) -> list[str]:
    """List the ways to write a word: in a database with the locale C, PostgreSQL knows no other capitals."""
    if word.isascii():
        return [word]
    return list(dict.fromkeys((word, word.lower(), word.capitalize(), word.upper())))


def _quoted(word: str) -> str:
    r"""Write a word of a query, in which ' and \ stand for themselves."""
    return "'" + word.replace("\\", r"\\").replace("'", "''") + "'"
