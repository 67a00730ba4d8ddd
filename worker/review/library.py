"""Reads a page of the library: what somebody wants to see of it, and what they may see."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, Self

from sqlalchemy import select

from worker.database.accounts import Account
from worker.database.base import MAX_ROW_ID, NOW
from worker.database.review import CONDITIONS
from worker.platforms import PLATFORMS, configured_accounts
from worker.review.cards import read_cards
from worker.review.newest import Cursor, count_up_to, newest_ids
from worker.review.search import cleaned, found_ids

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from worker.people.roles import Actor
    from worker.review.cards import Card
    from worker.review.newest import AccountNames
    from worker.settings import Settings

PAGE = 48  # assets: full rows of 2, 3, 4 and 6
COUNTED = 1_000  # assets of a filter; of more it is told that they are more

ALL = "all"


class Filter(NamedTuple):
    """A way to look at the library, in words."""

    name: str  #: in `CONDITIONS`, and in addresses
    label: str
    nothing: str  #: what to say where there are none


FILTERS = (
    Filter(ALL, "All", "There are no videos yet."),
    Filter("unseen", "Not looked at", "Somebody has looked at every video."),
    Filter("unsure", "Unsure", "Nothing is unsure: each best pick is clearly better than the second."),
    Filter("noted", "With defects", "Every video has a frame without defects, or somebody looked at it."),
    Filter("flagged", "Flagged", "No video has only unsafe frames, or somebody looked at it."),
    Filter("failed", "Failed", "Nothing has failed."),
    Filter("lost", "Choice lost", "No edit has cut away what somebody chose."),
    Filter("tested", "Test decided", "No test has come to an end since somebody looked."),
    Filter("foreign", "Set elsewhere", "Nobody set another thumbnail at a platform."),
)


@dataclass(frozen=True, slots=True)
class LibraryQuery:
    """What somebody wants to see of the library, as its addresses have it."""

    of: str = ALL  #: the name of a filter
    words: str = ""  #: that are searched for; empty: nothing is
    account: str = ""  #: "mux/main"; empty: all that they may see
    place: Cursor = field(default_factory=Cursor)

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Read the query of an address; what makes no sense there counts as not given."""
        of = query.get("filter", ALL)
        return cls(
            of=of if of in CONDITIONS else ALL,
            words=cleaned(query.get("q", "")),
            account=cleaned(query.get("account", "")),
            place=Cursor(_id_in(query.get("after", "")), _id_in(query.get("before", ""))),
        )

    def through(self, of: str) -> Self:
        """Return the same through another filter, from its beginning."""
        return replace(self, of=of, place=Cursor())

    def at(self, place: Cursor) -> Self:
        """Return another page of the same."""
        return replace(self, place=place)

    def everywhere(self) -> Self:
        """Return the same search through all accounts and filters."""
        return replace(self, of=ALL, account="", place=Cursor())

    def query(self) -> dict[str, str]:
        """Write it as the query of an address."""
        given = {
            "filter": self.of if self.of != ALL else "",
            "q": self.words,
            "account": self.account,
            "after": str(self.place.after or ""),
            "before": str(self.place.before or ""),
        }
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class LibraryPage:
    """A page of the library."""

    wanted: LibraryQuery
    cards: list[Card]
    older: Cursor | None  #: where the next page begins; None: this is the last
    newer: Cursor | None  #: where the page before ends; None: this is the first
    counts: dict[str, int]  #: of each filter, `COUNTED` + 1 at most; none beside what is searched for
    accounts: AccountNames  #: that the person may see
    now: datetime  #: by the database's clock


def read_page(
    session: Session, actor: Actor, wanted: LibraryQuery, most: int = PAGE, *, is_counted: bool = True
) -> LibraryPage:
    """Read a page of the library; nothing of accounts that they may not see.

    The number of statements does not depend on what there is.

    Args:
        session: any.
        actor: who asks.
        wanted: what they want to see.
        most: assets of a page.
        is_counted: whether the assets of each filter are counted, where nothing is searched for.
    """
    visible, chosen = visible_accounts(session, actor, wanted.account)
    ids = _ids(session, chosen, wanted, most + 1)
    has_more, ids = len(ids) > most, ids[:most]
    is_backwards = wanted.place.is_backwards
    if is_backwards and not has_more:  # the first page, which may have grown since
        return read_page(session, actor, wanted.at(Cursor()), most, is_counted=is_counted)
    if is_backwards:
        ids.reverse()
    now = session.scalars(select(NOW)).one()
    return LibraryPage(
        wanted=wanted,
        cards=read_cards(session, actor, ids, wanted.of, now),
        older=Cursor(after=ids[-1]) if ids and (has_more or is_backwards) else None,
        newer=Cursor(before=ids[0]) if ids and wanted.place != Cursor() else None,
        counts={} if wanted.words or not is_counted else _counts(session, chosen),
        accounts=visible,
        now=now,
    )


class Neighbours(NamedTuple):
    """What comes before an asset in a part of the library, and after it; None where nothing does."""

    newer_id: int | None
    older_id: int | None


def read_neighbours(session: Session, actor: Actor, asset_id: int, wanted: LibraryQuery) -> Neighbours:
    """Find the next assets beside one, which itself need not be in that part of the library any more.

    Args:
        session: any.
        actor: who asks.
        asset_id: of the asset that they look at.
        wanted: the part of the library from which they came to it; its place does not count.
    """
    _, chosen = visible_accounts(session, actor, wanted.account)
    beside = (Cursor(before=asset_id), Cursor(after=asset_id))
    return Neighbours(*(next(iter(_ids(session, chosen, wanted.at(place), 1)), None) for place in beside))


def webhook_addresses(settings: Settings, actor: Actor) -> list[str]:
    """List the addresses that platforms send events to, or how such an address is built."""
    mine = actor.visible(configured_accounts(settings))
    told = [one for one in mine if PLATFORMS[one[0]].capabilities.events] or [("PLATFORM", "ACCOUNT")]
    return [f"{settings.public_url}/webhooks/{platform}/{account}" for platform, account in told]


def visible_accounts(session: Session, actor: Actor, wanted: str) -> tuple[AccountNames, AccountNames]:
    """List the accounts that somebody may see, and those of them that they want to see.

    Args:
        session: any.
        actor: who asks.
        wanted: one account, as "mux/main"; empty: all.
    """
    names = select(Account.platform, Account.account).order_by(Account.platform, Account.account)
    visible = actor.visible([(platform, account) for platform, account in session.execute(names)])
    return visible, [one for one in visible if not wanted or "/".join(one) == wanted]


def _ids(session: Session, accounts: AccountNames, wanted: LibraryQuery, limit: int) -> list[int]:
    """Find so many ids, in order from the page's place."""
    if not accounts:
        return []
    if wanted.words:
        return found_ids(session, accounts, wanted.of, wanted.words, wanted.place, limit)
    return list(session.scalars(newest_ids(accounts, wanted.of, wanted.place, limit)))


def _counts(session: Session, accounts: AccountNames) -> dict[str, int]:
    """Count the assets of each filter, with one statement."""
    counted = [count_up_to(accounts, one.name, COUNTED + 1).label(one.name) for one in FILTERS]
    return dict(session.execute(select(*counted)).mappings().one())


def _id_in(text: str) -> int | None:
    """Read an id; None where it is none."""
    return int(text) if text.isdecimal() and text.isascii() and int(text) <= MAX_ROW_ID else None
