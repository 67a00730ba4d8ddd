"""`thumbs tokens` makes, lists and ends the tokens of programs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from tests.support.service import builders
from tests.support.service.commands import answer
from worker.admin.assets import operator_name
from worker.database import transaction
from worker.database.people import ApiToken
from worker.database.states import Role
from worker.people import tokens
from worker.people.roles import Grant

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.service.commands import Run


def test_a_token_is_printed_once_and_lets_its_program_in(engine: Engine, thumbs: Run) -> None:
    """On a line of its own, to be copied; no list has it."""
    builders.record(engine, builders.event())
    shown = thumbs("tokens", "create", "cms", "--account", "mux/main").stdout.splitlines()

    assert shown[0] == "token cms: editor:mux/main, until it is revoked"
    with transaction(engine) as session:
        actor = tokens.find(session, shown[1])
    assert actor is not None
    assert (actor.name, actor.grants) == ("token cms", (Grant(Role.EDITOR, "mux", "main"),))
    assert shown[1] not in thumbs("tokens").stdout + thumbs("tokens", "list", "--json").stdout
    assert shown[1] not in thumbs("audit", "--json").stdout


def test_tokens_are_listed_with_whether_they_count(engine: Engine, thumbs: Run) -> None:
    """Who made them, when they end, and when they were used."""
    made = {
        name: answer(thumbs("tokens", "create", name, "--days", "3", "--json"))["token"]
        for name in ("a", "b", "c")
    }
    thumbs("tokens", "revoke", "b")
    with transaction(engine) as session:
        tokens.find(session, made["a"])
        over = update(ApiToken).where(ApiToken.name == "c")
        session.execute(over.values(expires_at=ApiToken.expires_at - timedelta(days=4)))

    first, second, third = thumbs("tokens").stdout.splitlines()[1:]

    assert first.split()[:6] == ["a", "counts", "0", "s", "ago", "editor"]
    assert f"made by {operator_name()}" in first
    assert ", ends in " in first
    assert second.split()[:4] == ["b", "revoked", "never", "editor"]
    assert third.split()[:3] == ["c", "ended", "never"]
    listed = answer(thumbs("tokens", "--json"))["tokens"]
    assert [one["state"] for one in listed] == ["counts", "revoked", "ended"]


def test_where_there_is_none_it_says_how_to_make_one(thumbs: Run) -> None:
    """An empty table would say less."""
    assert "thumbs tokens create NAME" in thumbs("tokens").stdout


def test_what_is_wrong_is_told_with_the_remedy(thumbs: Run) -> None:
    """A name that is taken, one that is no name, an account and a token that are not there."""
    thumbs("tokens", "create", "cms")

    taken, wrong = thumbs("tokens", "create", "cms"), thumbs("tokens", "create", "my cms")
    nowhere, unknown = thumbs("tokens", "create", "x", "--account", "mux/x"), thumbs("tokens", "revoke", "x")

    assert (taken.exit_code, "take another, such as cms-2" in taken.stderr) == (1, True)
    assert (wrong.exit_code, "as in cms" in wrong.stderr) == (2, True)
    assert (nowhere.exit_code, "there is no account mux/x" in nowhere.stderr) == (2, True)
    assert (unknown.exit_code, "`thumbs tokens` lists all" in unknown.stderr) == (1, True)
