"""A link opens one asset, for whoever has it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.support.service import builders
from worker.database import transaction
from worker.database.models import Asset
from worker.database.people import AssetLink, AuditEntry
from worker.database.states import Role
from worker.people import links
from worker.people.roles import Actor, Grant, NotAllowed, operator_of_server

if TYPE_CHECKING:
    from sqlalchemy import Engine

ADA = operator_of_server("ada@host")


@pytest.fixture(autouse=True)
def _assets(engine: Engine) -> None:
    builders.record(engine, builders.event(asset_id="a1"), builders.event(asset_id="a2"))


def make(engine: Engine, role: Role = Role.EDITOR, lifetime: timedelta = links.LIFETIME) -> str:
    """Make a link to the first asset, and return its word."""
    with transaction(engine) as session:
        return links.make(session, ADA, session.get_one(Asset, 1), role, lifetime).token


def find(engine: Engine, token: str) -> Actor | None:
    """Open a link."""
    with transaction(engine) as session:
        return links.find(session, token)


def test_a_link_opens_its_asset_and_no_other(engine: Engine) -> None:
    """Not even one of the same account, and no list of any."""
    holder = find(engine, make(engine))

    assert holder is not None
    assert (holder.name, holder.via) == ("link 1 of ada@host", "link")
    with transaction(engine) as session:
        own, other = session.get_one(Asset, 1), session.get_one(Asset, 2)
    assert holder.may(Role.EDITOR, own)
    assert not holder.may(Role.OPERATOR, own)
    assert not holder.may(Role.VIEWER, other)
    assert holder.visible([("mux", "main")]) == []


def test_a_link_opens_for_a_week(engine: Engine) -> None:
    """By the database's clock; only the hash of its word is stored."""
    token = make(engine)

    row = builders.only(engine, AssetLink)
    assert row.expires_at - row.created_at == pytest.approx(timedelta(days=7), abs=timedelta(seconds=5))
    assert token not in str(vars(row))


def test_a_link_that_ended_or_means_nothing_opens_nothing(engine: Engine) -> None:
    """Nor one that was not copied whole."""
    short, whole = make(engine, lifetime=timedelta()), make(engine)

    assert [find(engine, word) for word in (short, whole[:-1], "")] == [None, None, None]


def test_a_link_that_was_revoked_ends_at_once(engine: Engine) -> None:
    """By its number; the others stay, and the history has it once."""
    first, second = make(engine), make(engine)
    for _ in range(2):
        with transaction(engine) as session:
            links.revoke(session, ADA, 1)

    assert find(engine, first) is None
    assert find(engine, second) is not None
    told = [(row.act, row.asset_id, row.detail["link"]) for row in builders.every(engine, AuditEntry)]
    assert told == [("create-link", 1, 1), ("create-link", 1, 2), ("revoke-link", 1, 1)]
    with transaction(engine) as session:
        assert [link.id for link, _ in links.list_open(session, 10)] == [2]
        assert links.list_open(session, 10, asset_id=2) == []


def test_a_number_of_no_link_is_told(engine: Engine) -> None:
    """And where the numbers are."""
    with transaction(engine) as session, pytest.raises(links.LinkRefused, match="--list"):
        links.revoke(session, ADA, 7)


def test_a_link_gives_no_more_than_its_maker_has_and_never_an_operator(engine: Engine) -> None:
    """It can be passed on to anybody."""
    viewer = Actor("vi@example.com", "page", (Grant(Role.VIEWER, "mux", "main"),))
    with transaction(engine) as session:
        asset = session.get_one(Asset, 1)
        links.make(session, viewer, asset, Role.VIEWER)
        with pytest.raises(NotAllowed, match="takes the role editor"):
            links.make(session, viewer, asset, Role.EDITOR)
        with pytest.raises(ValueError, match="operator"):
            links.make(session, ADA, asset, Role.OPERATOR)


def test_a_link_to_an_asset_that_was_erased_opens_nothing(engine: Engine) -> None:
    """Nothing of it is left, so none is made either."""
    token = make(engine)
    with transaction(engine) as session:
        session.execute(update(Asset).where(Asset.id == 1).values(erased_at=Asset.created_at))

    assert find(engine, token) is None
    with pytest.raises(links.LinkRefused, match="was erased"):
        make(engine)
