"""People are known by their addresses, and may do what they were given, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.review import signed_in
from tests.support.service import builders
from worker.database import transaction
from worker.database.people import AuditEntry, Person
from worker.database.states import Role
from worker.people import people
from worker.people.roles import ANY, Actor, Grant, NotAllowed, operator_of_server

if TYPE_CHECKING:
    from sqlalchemy import Engine

ADA = operator_of_server("ada@host")
OF_MUX = Actor("mo@example.com", "page", (Grant(Role.OPERATOR, "mux", "main"),))


def grants(engine: Engine, email: str = "anna@example.com") -> list[str]:
    """Say in words what a person may do."""
    with transaction(engine) as session:
        return [one.word for one in people.grants_of(session, people.known(session, email).id)]


@pytest.mark.parametrize(
    "text", ["anna@example.com", " Anna@Example.COM\n", "root@vm", "a+b@xn--bcher-kva.example"]
)
def test_an_address_is_kept_in_lower_case(text: str) -> None:
    """So that one person is not two."""
    assert people.read_email(text) == text.strip().lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anna",
        "anna@",
        "@example.com",
        "a b@example.com",
        "a@b@c",
        "<a@b.c>",
        "a@b.c,d@e.f",
        "a\0@b.c",
        "a@-b",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    """Before it stands in a list of people."""
    with pytest.raises(people.EmailInvalid, match=r"write one like anna@example\.com"):
        people.read_email(text)


def test_an_address_is_one_person_however_it_is_written(engine: Engine) -> None:
    """A name that is known is kept."""
    with transaction(engine) as session:
        people.find_or_create(session, "anna@example.com", "Anna")
    with transaction(engine) as session:
        people.find_or_create(session, "ANNA@example.com", "somebody else")
        found = people.find(session, "Anna@Example.com")

    anna = builders.only(engine, Person)
    assert found is not None
    assert (found.id, anna.email, anna.name) == (anna.id, "anna@example.com", "Anna")


def test_roles_add_up_and_a_lower_one_takes_nothing_away(engine: Engine) -> None:
    """An invitation as a viewer must not cost an operator their role."""
    signed_in.person(engine, role=Role.OPERATOR, where=("mux", "main"))
    given = [Grant(Role.VIEWER, "mux", "main"), Grant(Role.EDITOR, "vimeo", "main")]
    with transaction(engine) as session:
        people.give(session, ADA, "anna@example.com", given)

    assert grants(engine) == ["operator:mux/main", "editor:vimeo/main"]


def test_a_role_is_taken_from_one_account_only(engine: Engine) -> None:
    """What they may do elsewhere stays, and is told."""
    signed_in.person(engine, role=Role.VIEWER)
    with transaction(engine) as session:
        people.give(session, ADA, "anna@example.com", [Grant(Role.EDITOR, "mux", "main")])
    with transaction(engine) as session:
        left = people.take(session, ADA, "anna@example.com", "mux", "main")

    assert left == [Grant(Role.VIEWER, ANY, ANY)]
    assert grants(engine) == ["viewer"]
    assert [row.act for row in builders.every(engine, AuditEntry)] == ["give", "take"]


def test_where_no_account_is_named_every_role_is_taken(engine: Engine) -> None:
    """Whoever takes an editor's roles must not leave them some that were forgotten."""
    signed_in.person(engine, role=Role.VIEWER)
    signed_in.person(engine, "bob@example.com")
    with transaction(engine) as session:
        people.give(session, ADA, "anna@example.com", [Grant(Role.EDITOR, "mux", "main")])
    with transaction(engine) as session:
        assert people.take(session, ADA, "anna@example.com") == []

    assert grants(engine) == []
    assert grants(engine, "bob@example.com") == ["editor"]


def test_nobody_gives_or_takes_more_than_they_may_do(engine: Engine) -> None:
    """An operator of one account is none of another, and none of all."""
    signed_in.person(engine, role=Role.VIEWER)
    with transaction(engine) as session:
        people.give(session, OF_MUX, "anna@example.com", [Grant(Role.OPERATOR, "mux", "main")])
    for elsewhere in (
        Grant(Role.VIEWER),
        Grant(Role.VIEWER, "vimeo", "main"),
        Grant(Role.VIEWER, "mux", ANY),
    ):
        with transaction(engine) as session, pytest.raises(NotAllowed, match="operator there yourself"):
            people.give(session, OF_MUX, "anna@example.com", [elsewhere])
    with transaction(engine) as session, pytest.raises(NotAllowed):
        people.take(session, OF_MUX, "anna@example.com")

    assert grants(engine) == ["viewer", "operator:mux/main"]


def test_somebody_who_was_never_here_is_not_known(engine: Engine) -> None:
    """The message says where to look."""
    with transaction(engine) as session, pytest.raises(people.PersonUnknown, match="thumbs people"):
        people.give(session, ADA, "bob@example.com", [Grant(Role.VIEWER)])
