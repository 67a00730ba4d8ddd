"""`thumbs people` shows who may do what, and changes it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.support.review import signed_in
from tests.support.service import builders
from tests.support.service.commands import answer
from worker.admin.assets import operator_name
from worker.database import transaction
from worker.database.people import AuditEntry, Person, SignIn
from worker.database.states import Role
from worker.people import sign_ins

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.service.commands import Run

ANNA = "anna@example.com"


def sign_in(engine: Engine, person_id: int) -> None:
    """Let a person have signed in a while ago."""
    with transaction(engine) as session:
        sign_ins.begin(session, session.get_one(Person, person_id))
        session.flush()
        session.execute(update(SignIn).values(seen_at=SignIn.seen_at - timedelta(minutes=10)))


def states(thumbs: Run) -> dict[str, str]:
    """List who is how."""
    return {one["email"]: one["state"] for one in answer(thumbs("people", "--json"))["people"]}


def test_people_are_listed_with_their_roles_and_when_they_were_seen(engine: Engine, thumbs: Run) -> None:
    """With those who are invited only, those who may do nothing, and those who are disabled."""
    sign_in(engine, signed_in.person(engine, where=("mux", "main")))
    signed_in.person(engine, "bob@example.com", Role.VIEWER)
    signed_in.person(engine, "carl@example.com")
    thumbs("people", "disable", "bob@example.com")
    thumbs("people", "take", "carl@example.com")
    thumbs("invite", "dora@example.com", "--role", "operator")

    anna, bob, carl, dora = thumbs("people").stdout.splitlines()[1:]

    assert anna.split() == [ANNA, "active", "10", "min", "ago", "editor:mux/main"]
    assert bob.split() == ["bob@example.com", "disabled", "viewer"]
    assert carl.split() == ["carl@example.com", "no", "role"]
    assert dora.split()[:5] == ["dora@example.com", "invited", "invited", "as", "operator;"]
    assert "the link ends in" in dora
    assert states(thumbs) == {ANNA: "active", "bob@example.com": "disabled"} | {
        "carl@example.com": "no role",
        "dora@example.com": "invited",
    }
    assert answer(thumbs("people", "list", "--json")) == answer(thumbs("people", "--json"))


def test_where_there_is_nobody_it_says_how_somebody_comes_in(thumbs: Run) -> None:
    """An empty table would say less."""
    assert thumbs("people").stdout == "nobody yet; `thumbs invite EMAIL` lets somebody in\n"


def test_roles_are_given_and_taken(engine: Engine, thumbs: Run) -> None:
    """For an account, or for everywhere; the answer is what they may do now."""
    builders.record(engine, builders.event())
    signed_in.person(engine, role=Role.VIEWER)

    given = answer(thumbs("people", "give", ANNA, "--account", "mux/main", "--json"))
    taken = answer(thumbs("people", "take", ANNA, "--account", "mux/main", "--json"))

    assert (given["roles"], taken["roles"]) == (["viewer", "editor:mux/main"], ["viewer"])
    assert "thumbs people remove" in thumbs("people", "take", ANNA).stdout
    told = [(row.who, row.act, row.detail["roles"]) for row in builders.every(engine, AuditEntry)]
    assert told == [
        (operator_name(), "give", ["editor:mux/main"]),
        (operator_name(), "take", ["editor:mux/main"]),
        (operator_name(), "take", ["viewer"]),
    ]


def test_a_person_is_signed_out_disabled_enabled_and_removed(engine: Engine, thumbs: Run) -> None:
    """Each is one word, and is noted."""
    person_id = signed_in.person(engine)
    sign_in(engine, person_id)

    assert "signed out everywhere" in thumbs("people", "sign-out", ANNA).stdout
    assert builders.only(engine, SignIn).ended_at is not None
    thumbs("people", "disable", "ANNA@example.com")
    assert states(thumbs) == {ANNA: "disabled"}
    thumbs("people", "enable", ANNA)
    assert states(thumbs) == {ANNA: "active"}
    assert answer(thumbs("people", "remove", ANNA, "--yes", "--json"))["outcome"] == "removed"
    assert states(thumbs) == {}
    acts = [row.act for row in builders.every(engine, AuditEntry)]
    assert acts == ["sign-out", "disable", "enable", "remove"]


def test_nobody_is_removed_without_being_sure(engine: Engine, thumbs: Run) -> None:
    """Where nobody can be asked, the option is named."""
    signed_in.person(engine)
    result = thumbs("people", "remove", ANNA)

    assert (result.exit_code, "--yes" in result.stderr) == (2, True)
    assert states(thumbs) == {ANNA: "active"}


@pytest.mark.parametrize(
    "words",
    [
        ("give", ANNA),
        ("take", ANNA),
        ("sign-out", ANNA),
        ("disable", ANNA),
        ("enable", ANNA),
        ("remove", ANNA, "--yes"),
    ],
)
def test_somebody_who_is_not_there_is_told_from_a_mistyped_address(
    thumbs: Run, words: tuple[str, ...]
) -> None:
    """Exit code 1 with where to look, or 2 with an example of an address."""
    unknown = thumbs("people", *words)
    mistyped = thumbs("people", *("anna" if word == ANNA else word for word in words))

    assert (unknown.exit_code, "`thumbs people` lists all" in unknown.stderr) == (1, True)
    assert (mistyped.exit_code, "like anna@example.com" in mistyped.stderr) == (2, True)
