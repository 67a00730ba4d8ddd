"""`thumbs audit` lists what people did."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders
from tests.support.service.commands import answer
from worker.admin.assets import operator_name
from worker.database import transaction
from worker.database.states import Role
from worker.people import audit
from worker.people.roles import Actor, Grant

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.service.commands import Run

ANNA = Actor("anna@example.com", "page", (Grant(Role.EDITOR),))
LONG_ID = "ab12" * 8


@pytest.fixture(autouse=True)
def _acts(engine: Engine, thumbs: Run) -> None:
    """Let Anna choose and release, and the operator invite somebody."""
    builders.record(engine, builders.event(asset_id=LONG_ID))
    with transaction(engine) as session:
        audit.note(session, ANNA, "choose", 1, time_s=12.4, why="brighter,\x1b[2J and more of the tomatoes")
        session.flush()
        audit.note(session, ANNA, "release", 1)
    assert thumbs("invite", "bob@example.com").exit_code == 0


def test_acts_are_listed_with_who_how_and_what(thumbs: Run) -> None:
    """The newest first; what people wrote cannot steer the terminal."""
    shown = thumbs("audit").stdout
    invited, released, chosen = shown.splitlines()[1:]

    assert invited.split()[2:5] == ["invite", operator_name(), "cli"]
    assert "email: bob@example.com; roles: editor" in invited
    assert released.split()[2:] == ["release", ANNA.name, "page", f"mux/main/{LONG_ID}"]
    assert all(words in chosen for words in ("time s: 12.4", "why: brighter,"))
    assert "\x1b" not in shown


def test_acts_are_chosen_by_asset_person_and_page(thumbs: Run) -> None:
    """What was left out is told, with how to list it."""

    def acts(*words: str) -> list[str]:
        return [one["act"] for one in answer(thumbs("audit", *words, "--json"))["entries"]]

    assert acts("ab12") == acts("--who", ANNA.name) == ["release", "choose"]
    assert acts("--limit", "1") == ["invite"]
    assert acts("--before", "3", "--limit", "1") == ["release"]
    assert "--before 2 lists what is older" in thumbs("audit", "--limit", "2").stdout
    assert "--before" not in thumbs("audit", "--limit", "3").stdout
    assert thumbs("audit", "--who", "nobody").stdout == "nothing was done yet\n"
    assert thumbs("audit", "nothing").exit_code == 1


def test_a_program_gets_every_field(thumbs: Run) -> None:
    """The asset by its name, or null."""
    invited, _, chosen = answer(thumbs("audit", "--json"))["entries"]

    assert (invited["asset"], chosen["asset"]) == (None, f"mux/main/{LONG_ID}")
    assert chosen["detail"]["time_s"] == 12.4
    assert set(chosen) == {"id", "at", "who", "via", "act", "asset", "detail"}


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("words", [("audit",), ("people",), ("tokens",), ("link", "--list")])
def test_tables_fit_a_narrow_terminal(
    thumbs: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], columns: int
) -> None:
    """No name is broken, and only an id of an asset may be longer than a line."""
    assert thumbs("tokens", "create", "newsroom-cms").exit_code == 0
    assert thumbs("link", LONG_ID).exit_code == 0
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))

    lines = re.sub(r"\x1b\[[0-9;]*m", "", thumbs(*words).stdout).splitlines()

    assert len(lines) > 1
    assert [line for line in lines if len(line) > columns and LONG_ID not in line] == []


def test_what_operators_do_to_the_work_is_listed(thumbs: Run) -> None:
    """Each asset that is looked at again or cancelled has an entry; none is there where nothing was done."""
    assert thumbs("requeue", "ab12", "--why", "blurred").exit_code == 0
    assert thumbs("requeue", "ab12", "--dry-run").exit_code == 0
    assert thumbs("cancel", "ab12", "--yes").exit_code == 0
    assert thumbs("cancel", "ab12", "--yes").exit_code == 1
    assert thumbs("pause", "mux/main", "--why", "a move").exit_code == 0
    assert thumbs("resume", "mux/main").exit_code == 0

    entries = answer(thumbs("audit", "--json"))["entries"]
    resumed, paused, cancelled, requeued = entries[:-3]

    assert [one["act"] for one in (resumed, paused)] == ["resume", "pause"]
    assert paused["detail"] == {"account": "mux/main", "why": "a move"}
    assert (cancelled["act"], cancelled["asset"]) == ("cancel", f"mux/main/{LONG_ID}")
    assert len(cancelled["detail"]["jobs"]) == 1
    assert (requeued["act"], requeued["detail"]["why"]) == ("look-again", "blurred")
    assert {one["who"] for one in (resumed, paused, cancelled, requeued)} == {operator_name()}


def test_requeueing_and_cancelling_by_an_account_is_listed_for_each_asset(thumbs: Run) -> None:
    """However the assets were chosen."""
    assert thumbs("requeue", "--platform", "mux").exit_code == 0
    assert thumbs("cancel", "--account", "mux/main", "--yes").exit_code == 0

    entries = answer(thumbs("audit", "ab12", "--json"))["entries"]

    assert [one["act"] for one in entries] == ["cancel", "look-again", "release", "choose"]
