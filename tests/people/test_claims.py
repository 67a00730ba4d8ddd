"""A sign-in service may say what people may do, in exactly the words that are documented."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.review import signed_in
from tests.support.service import builders
from worker.database import transaction
from worker.database.people import AuditEntry
from worker.database.states import Role
from worker.people import claims, people
from worker.people.claims import ClaimRefused
from worker.people.roles import Grant

if TYPE_CHECKING:
    from sqlalchemy import Engine

EVERYWHERE = Grant(Role.EDITOR)
OF_MUX = Grant(Role.VIEWER, "mux", "main")


@pytest.mark.parametrize(
    ("claim", "grants"),
    [
        (["editor"], (EVERYWHERE,)),
        (["viewer:mux/main", "editor", "editor"], (OF_MUX, EVERYWHERE)),
        ("editor viewer:mux/main", (EVERYWHERE, OF_MUX)),
        (["operator:api_video/news_2"], (Grant(Role.OPERATOR, "api_video", "news_2"),)),
        ([], ()),
        ("", ()),
    ],
)
def test_words_of_a_claim_are_roles(claim: object, grants: tuple[Grant, ...]) -> None:
    """In a list, or in one text, as providers differ."""
    assert claims.read(claim) == grants
    assert claims.read([one.word for one in grants]) == grants


@pytest.mark.parametrize(
    "claim",
    [
        None,
        7,
        {"editor": True},
        ["Editor"],
        ["editor "],
        ["editor:"],
        ["editor:mux"],
        ["editor:mux/main/x"],
        ["editor:*/*"],
        ["editor:mux/*"],
        ["editor:Mux/main"],
        ["admin"],
        [""],
        [["editor"]],
        ["editor", None],
        ["editor\n"],
    ],
)
def test_whatever_is_no_role_is_refused_with_the_words_that_are(claim: object) -> None:
    """What is nearly one must not be taken for more, or silently for nothing."""
    with pytest.raises(ClaimRefused, match="write viewer, editor or operator"):
        claims.read(claim)


def test_a_person_may_do_exactly_what_the_service_says(engine: Engine) -> None:
    """Less than before, too; it is noted where something changed, and only then."""
    signed_in.person(engine, role=Role.OPERATOR)
    for _ in range(2):
        with transaction(engine) as session:
            person = people.find_or_create(session, "anna@example.com")
            claims.keep(session, person, (OF_MUX,))

    with transaction(engine) as session:
        assert people.grants_of(session, person.id) == (OF_MUX,)
    entry = builders.only(engine, AuditEntry)
    assert (entry.who, entry.detail) == ("anna@example.com", {"roles": ["viewer:mux/main"]})
