"""Finds assets of some accounts in the order of a library, the newest first, by the indexes made for it.

Each account has its own part of an index. So many accounts cost more than one, but other people's assets,
however many they are, cost nothing, and the thousandth page costs as much as the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Text, bindparam, func, literal, select, text, true, tuple_

from worker.database.base import MAX_ROW_ID
from worker.database.models import Asset
from worker.database.review import CONDITIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, FromClause, Select, SQLColumnExpression, UnaryExpression
    from sqlalchemy.sql.selectable import LateralFromClause, ScalarSelect

AccountNames = list[tuple[str, str]]
"""Platforms and names of accounts there."""


class Cursor(NamedTuple):
    """Where in the library a page begins: behind an asset, or before one; at the newest without either."""

    after: int | None = None  #: the id of an asset; the page has older ones
    before: int | None = None  #: the page has the next newer ones

    @property
    def is_backwards(self) -> bool:
        """Whether it has to be read from its end."""
        return self.after is None and self.before is not None

    @property
    def newer_than(self) -> int:
        """An id below all of the page."""
        return (self.before or 0) if self.is_backwards else 0

    @property
    def older_than(self) -> int:
        """An id above all of the page."""
        return MAX_ROW_ID if self.after is None else self.after

    def order(self, column: SQLColumnExpression[Any]) -> UnaryExpression[Any]:
        """Order by a column, away from the place."""
        return column.asc() if self.is_backwards else column.desc()


def newest_ids(accounts: AccountNames, of: str, place: Cursor, limit: int) -> Select[tuple[int]]:
    """Select the ids of so many assets beyond a place, in their order from there.

    Args:
        accounts: whose.
        of: the name of a filter in `CONDITIONS`.
        place: where to begin.
        limit: how many.
    """
    mine = _accounts_as_rows(accounts)
    one = _of_one_account(mine, of, place, limit)
    found = select(one.c.id).select_from(mine).join(one, true())
    return found.order_by(place.order(one.c.id)).limit(limit)


def count_up_to(accounts: AccountNames, of: str, limit: int) -> ScalarSelect[int]:
    """Count the assets of a filter, but stop at a limit, so that a large library is not gone through."""
    mine = _accounts_as_rows(accounts)
    one = _of_one_account(mine, of, Cursor(), limit)
    some = select(one.c.id).select_from(mine).join(one, true()).limit(limit).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def is_of(accounts: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    """Build the condition that an asset belongs to one of these accounts."""
    mine = _accounts_as_rows(list(accounts))
    return (
        select(mine.c.platform)
        .where(mine.c.platform == Asset.platform, mine.c.account == Asset.account)
        .exists()
    )


def _accounts_as_rows(accounts: AccountNames) -> FromClause:
    """Hand accounts over as two arrays, so that the statement is the same for any number of them."""
    arrays = (
        bindparam(None, list(column), type_=ARRAY(Text))
        for column in (zip(*accounts, strict=True) if accounts else ((), ()))
    )
    return func.unnest(*arrays).table_valued("platform", "account").render_derived(name="mine")


def _of_one_account(mine: FromClause, of: str, place: Cursor, limit: int) -> LateralFromClause:
    """Select the ids of one account's part of the index.

    The account is written as the ends of a range and not as equal to two columns: for PostgreSQL, which then
    needs no index to have the ids in order, would take them from the primary key, and look through all
    assets of all others for those of a small account.
    """
    place_of = tuple_(Asset.platform, Asset.account, Asset.id)
    begin = tuple_(mine.c.platform, mine.c.account, literal(place.newer_than, BigInteger))
    end = tuple_(mine.c.platform, mine.c.account, literal(place.older_than, BigInteger))
    return (
        select(Asset.id)
        .where(place_of > begin, place_of < end, text(CONDITIONS[of]))
        .order_by(*(place.order(column) for column in (Asset.platform, Asset.account, Asset.id)))
        .limit(limit)
        .correlate(mine)
        .lateral("one")
    )
