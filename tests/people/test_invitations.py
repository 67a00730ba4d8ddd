"""An invitation gives roles once, to whoever opens its link in time."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.review import signed_in
from tests.support.service import builders
from worker.database import transaction
from worker.database.people import AuditEntry, Invitation, Person
from worker.database.states import Role
from worker.people import invitations, leaving, people
from worker.people.invitations import InvitationRefused
from worker.people.roles import Actor, Grant, NotAllowed, operator_of_server

if TYPE_CHECKING:
    from sqlalchemy import Engine

ADA = operator_of_server("ada@host")
EDITOR = Grant(Role.EDITOR, "mux", "main")
ANNA = "anna@example.com"


def invite(engine: Engine, lifetime: timedelta = invitations.LIFETIME) -> str:
    """Invite Anna as an editor of mux/main, and return the word of the link."""
    with transaction(engine) as session:
        return invitations.make(session, ADA, ANNA, [EDITOR], lifetime).token


def accept(engine: Engine, token: str) -> None:
    """Open the link."""
    with transaction(engine) as session:
        invitations.accept(session, token)


def refusal(engine: Engine, token: str) -> str:
    """Open a link that is refused, and return what is said; looking at it says the same."""
    with transaction(engine) as session, pytest.raises(InvitationRefused) as looked:
        invitations.look_up(session, token)
    with pytest.raises(InvitationRefused, match=re.escape(str(looked.value))):
        accept(engine, token)
    return str(looked.value)


def test_who_accepts_has_the_roles(engine: Engine) -> None:
    """And a person is made, who was not there before; the history has both acts."""
    token = invite(engine)
    assert builders.every(engine, Person) == []

    with transaction(engine) as session:
        person = invitations.accept(session, token)
        assert people.grants_of(session, person.id) == (EDITOR,)

    assert person.email == ANNA
    told = [(row.who, row.via, row.act) for row in builders.every(engine, AuditEntry)]
    assert told == [("ada@host", "cli", "invite"), (ANNA, "page", "accept")]


def test_the_roles_of_a_person_who_is_known_grow(engine: Engine) -> None:
    """The address is the same, in whatever letters it was typed."""
    person_id = signed_in.person(engine, role=Role.VIEWER)
    with transaction(engine) as session:
        token = invitations.make(session, ADA, "Anna@Example.com", [EDITOR]).token

    accept(engine, token)

    with transaction(engine) as session:
        assert [one.word for one in people.grants_of(session, person_id)] == ["viewer", "editor:mux/main"]


def test_the_database_does_not_hold_the_word_of_a_link(engine: Engine) -> None:
    """Who reads a backup cannot use it."""
    token = invite(engine)

    row = builders.only(engine, Invitation)
    assert token not in str(vars(row))
    assert len(row.token_sha256) == 64


def test_a_link_opens_for_a_day(engine: Engine) -> None:
    """By the database's clock; to look at it does not use it up."""
    token = invite(engine)

    with transaction(engine) as session:
        row = invitations.look_up(session, token)
        invitations.look_up(session, token)

    assert row.expires_at - row.created_at == pytest.approx(timedelta(hours=24), abs=timedelta(seconds=5))
    assert not row.is_local


def test_a_link_that_was_used_is_refused(engine: Engine) -> None:
    """It may lie in a mailbox that others read."""
    token = invite(engine)
    accept(engine, token)

    assert "used already" in refusal(engine, token)


def test_a_link_that_ended_is_refused(engine: Engine) -> None:
    """With the time of its end."""
    assert re.search(
        r"ended 20\d\d-.* UTC: ask whoever sent it", refusal(engine, invite(engine, timedelta()))
    )


def test_a_link_of_this_machine_that_is_over_names_the_command(engine: Engine) -> None:
    """Who opens it runs the service, so there is nobody else to ask."""
    with transaction(engine) as session:
        made = invitations.make(session, ADA, "ada@host", ADA.grants, timedelta(days=-1), is_local=True)

    assert "`thumbs invite ada@host --role operator`" in refusal(engine, made.token)


def test_a_link_that_was_taken_back_is_refused(engine: Engine) -> None:
    """All open ones to that address are, and only those."""
    token = invite(engine)
    with transaction(engine) as session:
        assert invitations.revoke(session, ADA, "ANNA@example.com") == 1
        assert invitations.revoke(session, ADA, ANNA) == 0

    assert "taken back" in refusal(engine, token)


@pytest.mark.parametrize("word", ["", "x", "a" * 43])
def test_a_word_that_means_nothing_is_refused(engine: Engine, word: str) -> None:
    """Most often it was not copied whole."""
    invite(engine)

    assert "as it was sent" in refusal(engine, word)


def test_somebody_who_is_disabled_does_not_come_back_by_an_invitation(engine: Engine) -> None:
    """Neither by an old one nor by a new one; it is not used up, and opens once they are enabled."""
    signed_in.person(engine)
    with transaction(engine) as session:
        leaving.disable(session, ADA, ANNA)
    token = invite(engine)

    assert "thumbs people enable anna@example.com" in refusal(engine, token)

    with transaction(engine) as session:
        leaving.enable(session, ADA, ANNA)
    accept(engine, token)


def test_of_two_people_at_once_one_wins(engine: Engine) -> None:
    """The second waits for the first, and is told that it was used."""
    token, outcomes = invite(engine), []

    def second() -> None:
        try:
            accept(engine, token)
        except InvitationRefused as error:
            outcomes.append(str(error))

    other = threading.Thread(target=second)
    with transaction(engine) as session:
        invitations.accept(session, token)
        other.start()
        other.join(0.3)
        assert outcomes == []  # it waits
    other.join(10)

    assert ["used already" in one for one in outcomes] == [True]
    assert len(builders.every(engine, Person)) == 1


def test_who_is_first_and_gives_up_leaves_the_link_to_others(engine: Engine) -> None:
    """The roles and the use of the link are one transaction."""
    token = invite(engine)

    def give_up() -> None:
        with transaction(engine) as session:
            invitations.accept(session, token)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        give_up()

    accept(engine, token)


def test_only_operators_of_an_account_invite_to_it(engine: Engine) -> None:
    """An editor could otherwise make themselves an operator."""
    editor = Actor(ANNA, "page", (EDITOR,))
    with transaction(engine) as session, pytest.raises(NotAllowed, match="give editor:mux/main"):
        invitations.make(session, editor, "bob@example.com", [EDITOR])

    assert builders.every(engine, Invitation) == []
