"""A program shows its token, and may do what the token gives, until it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.support.service import builders
from worker.database import transaction
from worker.database.people import ApiToken, AuditEntry
from worker.database.states import Role
from worker.people import tokens
from worker.people.roles import Actor, Grant, NotAllowed, operator_of_server
from worker.people.tokens import TokenRefused

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

ADA = operator_of_server("ada@host")
EDITOR = Grant(Role.EDITOR, "mux", "main")


def create(engine: Engine, name: str = "cms", lifetime: timedelta | None = None) -> str:
    """Make a token for an editor of mux/main."""
    with transaction(engine) as session:
        return tokens.create(session, ADA, name, [EDITOR], lifetime).token


def find(engine: Engine, token: str) -> Actor | None:
    """Show a token."""
    with transaction(engine) as session:
        return tokens.find(session, token)


def used_at(engine: Engine) -> datetime | None:
    """Say when the only token was last used."""
    when: datetime | None = builders.only(engine, ApiToken).used_at
    return when


def test_a_token_names_its_program_and_what_it_may_do(engine: Engine) -> None:
    """The history names the program so; the database does not hold the token itself."""
    token = create(engine)

    assert token.startswith("thumbs_")
    assert find(engine, token) == Actor("token cms", "api", (EDITOR,))
    assert token not in str(vars(builders.only(engine, ApiToken)))


def test_what_is_no_token_finds_nobody(engine: Engine) -> None:
    """Nor does a part of one, or its hash."""
    token = create(engine)

    words = ["", "thumbs_", token[:-1], f"{token} ", token.removeprefix("thumbs_"), "x" * 10_000]
    words.append(builders.only(engine, ApiToken).token_sha256)
    assert [find(engine, word) for word in words] == [None] * len(words)


def test_a_token_ends_at_its_time(engine: Engine) -> None:
    """Or never, where none was given."""
    assert find(engine, create(engine, "short", timedelta(0))) is None
    assert find(engine, create(engine, "day", timedelta(days=1))) is not None


def test_a_token_that_was_revoked_ends_at_once(engine: Engine) -> None:
    """Revoked again, it is no failure, and the history has it once."""
    token = create(engine)
    for _ in range(2):
        with transaction(engine) as session:
            tokens.revoke(session, ADA, "cms")

    assert find(engine, token) is None
    assert [row.act for row in builders.every(engine, AuditEntry)] == ["create-token", "revoke-token"]


def test_a_name_is_used_once_for_good(engine: Engine) -> None:
    """The history could not tell the two programs apart."""
    create(engine)
    with transaction(engine) as session:
        tokens.revoke(session, ADA, "cms")

    with pytest.raises(TokenRefused, match="take another, such as cms-2"):
        create(engine)


@pytest.mark.parametrize("name", ["", " cms", "a b", "-x", "a" * 64, "cms\n"])
def test_a_name_that_would_confuse_a_list_is_refused(engine: Engine, name: str) -> None:
    """With an example of one that would not."""
    with pytest.raises(TokenRefused, match="as in cms"):
        create(engine, name)


def test_when_it_was_used_is_noted_once_an_hour(engine: Engine) -> None:
    """A busy program must not cost a write each time."""
    token = create(engine)
    assert used_at(engine) is None
    find(engine, token)
    first = used_at(engine)
    find(engine, token)
    assert used_at(engine) == first is not None

    with transaction(engine) as session:
        session.execute(update(ApiToken).values(used_at=ApiToken.used_at - timedelta(hours=2)))
    find(engine, token)
    assert (used_at(engine) or first) > first


def test_only_operators_make_and_revoke_tokens(engine: Engine) -> None:
    """A token outlives the sign-in of whoever made it."""
    create(engine)
    editor = Actor("anna@example.com", "page", (EDITOR,))
    with transaction(engine) as session, pytest.raises(NotAllowed):
        tokens.create(session, editor, "mine", [EDITOR])
    with transaction(engine) as session, pytest.raises(NotAllowed):
        tokens.revoke(session, editor, "cms")
