"""`thumbs invite` prints a link that lets somebody in, and says what is wrong where it does not."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders
from tests.support.service.commands import answer
from worker.admin.assets import operator_name
from worker.database import transaction
from worker.database.people import AuditEntry, Invitation
from worker.people import invitations, people

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.service.commands import Run

ANNA = "anna@example.com"


@pytest.fixture(autouse=True)
def _account(engine: Engine) -> None:
    builders.record(engine, builders.event())


def test_the_link_lets_somebody_in_with_the_roles_that_were_named(
    engine: Engine, thumbs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leads to where people's browsers find the pages; the history names the operator."""
    monkeypatch.setenv("REVIEW_URL", "https://thumbs.example.com/")
    monkeypatch.setenv("VIMEO__NEWS__ACCESS_TOKEN", "t")
    wanted = ("--role", "viewer", "--account", "mux/main", "--account", "vimeo/news")
    made = answer(thumbs("invite", "Anna@Example.com", *wanted, "--json"))

    address, _, token = made["url"].rpartition("/")
    assert address == "https://thumbs.example.com/invitations"
    with transaction(engine) as session:
        person = invitations.accept(session, token)
        held = [one.word for one in people.grants_of(session, person.id)]
    assert (person.email, held) == (ANNA, made["roles"]) == (ANNA, ["viewer:mux/main", "viewer:vimeo/news"])
    first = builders.every(engine, AuditEntry)[0]
    assert (first.who, first.via, first.act) == (operator_name(), "cli", "invite")
    assert first.detail == {"email": ANNA, "roles": made["roles"]}


def test_without_an_account_the_role_counts_everywhere(thumbs: Run) -> None:
    """And without a role, an editor is invited."""
    assert answer(thumbs("invite", ANNA, "--json"))["roles"] == ["editor"]


@pytest.mark.parametrize(("words", "days"), [((), 1), (("--days", "3"), 3)])
def test_the_link_ends_after_a_day_or_as_asked(thumbs: Run, words: tuple[str, ...], days: int) -> None:
    """And says until when it opens."""
    ends_at = datetime.fromisoformat(answer(thumbs("invite", ANNA, *words, "--json"))["expires_at"])

    left = ends_at - datetime.now(ends_at.tzinfo)
    assert timedelta(days=days) - timedelta(minutes=5) < left <= timedelta(days=days, minutes=5)


def test_people_see_the_link_whole_and_what_to_know_of_it(
    thumbs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the narrowest terminal, too; a link to this machine is of no use to others, and that is said."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    here = re.sub(r"\x1b\[[0-9;]*m", "", thumbs("invite", ANNA).stdout)
    monkeypatch.setenv("REVIEW_URL", "https://thumbs.example.com")
    there = re.sub(r"\x1b\[[0-9;]*m", "", thumbs("invite", ANNA).stdout)

    assert re.search(r"^http://127\.0\.0\.1:8080/invitations/[\w-]{43}$", here, re.MULTILINE)
    assert re.search(r"opens once, until 20\d\d-\d\d-\d\d \d\d:\d\d UTC", here)
    assert "set REVIEW_URL" in here
    assert "set REVIEW_URL" not in there


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("anna",), "write one like anna@example.com"),
        ((ANNA, "--account", "mux/nope"), "there is no account mux/nope"),
        ((ANNA, "--account", "main"), "`thumbs accounts` lists all"),
        ((ANNA, "--role", "admin"), "'viewer', 'editor', 'operator'"),
        ((ANNA, "--days", "0"), "1<=x<=30"),
        ((), "Missing argument 'EMAIL'"),
    ],
)
def test_what_is_wrong_is_told_with_the_remedy(
    engine: Engine, thumbs: Run, words: tuple[str, ...], says: str
) -> None:
    """With exit code 2, and as a document for programs; nobody is invited."""
    result = thumbs("invite", *words, "--json")

    assert result.exit_code == 2
    assert says in result.stderr
    assert says in json.loads(result.stdout)["error"]["message"]
    assert builders.every(engine, Invitation) == builders.every(engine, AuditEntry) == []


def test_what_was_sent_can_be_taken_back(engine: Engine, thumbs: Run) -> None:
    """All links to the address end; where there is none, nothing is wrong."""
    for _ in range(2):
        thumbs("invite", ANNA)

    assert thumbs("invite", ANNA, "--revoke").stdout == f"{ANNA}: taken back: 2\n"
    again = thumbs("invite", ANNA, "--revoke")
    assert (again.exit_code, "no open invitation" in again.stdout) == (0, True)
    assert all(row.revoked_at for row in builders.every(engine, Invitation))
