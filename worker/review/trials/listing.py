"""Reads a page of the list of tests: those that run first, then those that ended last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Self

from sqlalchemy import select, true, tuple_
from sqlalchemy.orm import load_only

from worker.database.base import MAX_ROW_ID, NOW
from worker.database.models import Asset
from worker.database.states import TrialState
from worker.database.trials import Trial, TrialLook, Variant
from worker.review.library import visible_accounts
from worker.review.newest import is_of
from worker.review.trials.of_assets import said_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from worker.people.roles import Actor
    from worker.review.newest import AccountNames

PAGE = 24  #: tests


@dataclass(frozen=True, slots=True)
class WantedTests:
    """What somebody wants to see of the list, as its addresses have it."""

    state: str = ""  #: empty: all
    account: str = ""  #: "mux/main"; empty: all that they may see
    after: str = ""  #: the last test of the page before, as `place_of` writes it

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Read the query of an address; what makes no sense there counts as not given."""
        state, after = query.get("state", ""), query.get("after", "")
        return cls(
            state=state if state in set(TrialState) else "",
            account=query.get("account", "").strip(),
            after=after if _place(after) else "",
        )

    def of_state(self, state: str) -> Self:
        """Return the same of another state, from its beginning."""
        return replace(self, state=state, after="")

    def behind(self, after: str) -> Self:
        """Return the page behind a test."""
        return replace(self, after=after)

    def query(self) -> dict[str, str]:
        """Write it as the query of an address."""
        given = {"state": self.state, "account": self.account, "after": self.after}
        return {name: value for name, value in given.items() if value}


class ListedTrial(NamedTuple):
    """A test of the list."""

    trial: Trial
    asset: Asset
    said: str
    pictures: list[int]  #: ids of thumbnails that are still stored, by the numbers of the variants


@dataclass(frozen=True, slots=True)
class TestsPage:
    """A page of the list."""

    __test__ = False  # not a test itself

    wanted: WantedTests
    rows: list[ListedTrial]
    next: str | None  #: what the next page comes after; None: this is the last
    accounts: AccountNames  #: that the person may see
    now: datetime


def read_tests(session: Session, actor: Actor, wanted: WantedTests, most: int = PAGE) -> TestsPage:
    """Read a page of the list; nothing of accounts that they may not see.

    Args:
        session: any.
        actor: who asks.
        wanted: what they want to see.
        most: tests of a page.
    """
    accounts, chosen = visible_accounts(session, actor, wanted.account)
    found = _find(session, chosen, wanted, most + 1)
    rows = found[:most]
    ids = [trial.id for trial, _ in rows]
    said, pictures = _said(session, ids), _pictures(session, ids)
    return TestsPage(
        wanted=wanted,
        rows=[
            ListedTrial(
                trial,
                asset,
                said_of(trial.state, trial.why, said.get(trial.id)),
                pictures.get(trial.id, []),
            )
            for trial, asset in rows
        ],
        next=place_of(rows[-1][0]) if len(found) > most else None,
        accounts=accounts,
        now=session.scalars(select(NOW)).one(),
    )


def place_of(trial: Trial) -> str:
    """Write a test's place in the list, as "running-7"."""
    return f"{trial.state}-{trial.id}"


def _place(text: str) -> tuple[str, int] | None:
    """Read a place; None where it is none."""
    state, _, number = text.partition("-")
    is_id = number.isascii() and number.isdecimal() and len(number) <= len(str(MAX_ROW_ID))
    if state not in set(TrialState) or not is_id or int(number) > MAX_ROW_ID:
        return None
    return state, int(number)


def _find(
    session: Session, accounts: AccountNames, wanted: WantedTests, limit: int
) -> list[tuple[Trial, Asset]]:
    """Find so many tests from the place on: of those that run, then of those that ended."""
    if not accounts:
        return []
    state, after_id = _place(wanted.after) or (TrialState.RUNNING, None)
    found: list[tuple[Trial, Asset]] = []
    if state == TrialState.RUNNING:
        if wanted.state != TrialState.ENDED:
            found += _rows(session, _running(accounts, after_id).limit(limit))
        after_id = None
    if wanted.state != TrialState.RUNNING and len(found) < limit:
        found += _rows(session, _ended(accounts, after_id).limit(limit - len(found)))
    return found


def _rows(session: Session, statement: Select[Trial, Asset]) -> list[tuple[Trial, Asset]]:
    return [(trial, asset) for trial, asset in session.execute(statement)]


def _of(accounts: AccountNames, state: TrialState) -> Select[Trial, Asset]:
    both = select(Trial, Asset).join(Asset, Asset.id == Trial.asset_id)
    return both.where(Trial.state == state, is_of(accounts))


def _running(accounts: AccountNames, after_id: int | None) -> Select[Trial, Asset]:
    found = _of(accounts, TrialState.RUNNING).order_by(Trial.id.desc())
    return found if after_id is None else found.where(Trial.id < after_id)


def _ended(accounts: AccountNames, after_id: int | None) -> Select[Trial, Asset]:
    found = _of(accounts, TrialState.ENDED).order_by(Trial.ended_at.desc(), Trial.id.desc())
    if after_id is None:
        return found
    # A test that has ended stays where it is, so its time need not stand in the address.
    ended_at = select(Trial.ended_at).where(Trial.id == after_id).scalar_subquery()
    return found.where(tuple_(Trial.ended_at, Trial.id) < tuple_(ended_at, after_id))


def _said(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Read what was last said of each test."""
    look = (
        select(TrialLook.said)
        .where(TrialLook.trial_id == Trial.id)
        .order_by(TrialLook.id.desc())
        .limit(1)
        .lateral("look")
    )
    newest = select(Trial.id, look.c.said).join(look, true()).where(Trial.id.in_(ids))
    return {row.id: row.said for row in session.execute(newest)}


def _pictures(session: Session, ids: Sequence[int]) -> dict[int, list[int]]:
    rows = session.scalars(
        select(Variant)
        .options(load_only(Variant.trial_id, Variant.thumbnail_id))
        .where(Variant.trial_id.in_(ids))
        .order_by(Variant.trial_id, Variant.number)
    )
    pictures: dict[int, list[int]] = {}
    for one in rows:
        if one.thumbnail_id is not None:
            pictures.setdefault(one.trial_id, []).append(one.thumbnail_id)
    return pictures
