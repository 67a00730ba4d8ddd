"""Who leaves has no way in that stays open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.review import signed_in
from tests.support.service import builders
from worker.database import transaction
from worker.database.models import Asset
from worker.database.people import AuditEntry, Person, RoleGrant
from worker.database.states import Role
from worker.people import invitations, leaving, links, people, sign_ins, tokens
from worker.people.roles import Actor, Grant, operator_of_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

ADA = operator_of_server("ada@host")
ANNA = Actor("anna@example.com", "page", (Grant(Role.OPERATOR),))
IDLE_S = 3600.0
LIFETIME_S = 7200.0


def begin(engine: Engine) -> str:
    """Sign Anna in, and return the word of her browser."""
    with transaction(engine) as session:
        return sign_ins.begin(session, people.known(session, ANNA.name))


def is_in(engine: Engine, token: str) -> bool:
    """Tell whether a browser is signed in."""
    with transaction(engine) as session:
        return sign_ins.find(session, token, IDLE_S, LIFETIME_S) is not None


def test_signed_out_everywhere_means_every_browser(engine: Engine) -> None:
    """And no more than that: they may sign in again."""
    signed_in.person(engine)
    browsers = [begin(engine), begin(engine)]

    with transaction(engine) as session:
        leaving.sign_out(session, ADA, "Anna@example.com")

    assert [is_in(engine, one) for one in browsers] == [False, False]
    assert is_in(engine, begin(engine))


def test_who_is_disabled_is_out_until_enabled_and_then_signs_in_anew(engine: Engine) -> None:
    """With the roles of before."""
    signed_in.person(engine)
    before = begin(engine)
    with transaction(engine) as session:
        leaving.disable(session, ADA, ANNA.name)
    during = begin(engine)
    assert not is_in(engine, during)

    with transaction(engine) as session:
        leaving.enable(session, ADA, ANNA.name)

    assert not is_in(engine, before)
    with transaction(engine) as session:
        found = sign_ins.find(session, begin(engine), IDLE_S, LIFETIME_S)
        assert found is not None
        assert found.actor.grants == (Grant(Role.EDITOR),)


def test_who_is_removed_is_forgotten_with_their_roles(engine: Engine) -> None:
    """The history keeps their name, as it says who did what."""
    signed_in.person(engine)
    browser = begin(engine)
    with transaction(engine) as session:
        leaving.remove(session, ADA, ANNA.name)

    assert not is_in(engine, browser)
    assert builders.every(engine, Person) == builders.every(engine, RoleGrant) == []
    assert builders.only(engine, AuditEntry).detail == {"email": ANNA.name}


@pytest.mark.parametrize("leave", [leaving.disable, leaving.remove])
def test_what_they_made_and_what_was_made_for_them_ends(engine: Engine, leave: Callable[..., Person]) -> None:
    """A link or a token of their own would be a way back; those of others stay."""
    signed_in.person(engine, role=Role.OPERATOR)
    builders.record(engine, builders.event())
    with transaction(engine) as session:
        asset = session.get_one(Asset, 1)
        to_her = invitations.make(session, ADA, ANNA.name, [Grant(Role.EDITOR)]).token
        by_her = invitations.make(session, ANNA, "eve@example.com", [Grant(Role.EDITOR)]).token
        link, other_link = (links.make(session, who, asset).token for who in (ANNA, ADA))
        token = tokens.create(session, ANNA, "hers", [Grant(Role.EDITOR)]).token
        other_token = tokens.create(session, ADA, "cms", [Grant(Role.EDITOR)]).token
    with transaction(engine) as session:
        leave(session, ADA, ANNA.name)
        if leave is leaving.disable:
            leaving.enable(session, ADA, ANNA.name)

    with transaction(engine) as session:
        for word in (to_her, by_her):
            with pytest.raises(invitations.InvitationRefused, match="taken back"):
                invitations.look_up(session, word)
        assert (links.find(session, link), tokens.find(session, token)) == (None, None)
        assert None not in (links.find(session, other_link), tokens.find(session, other_token))
