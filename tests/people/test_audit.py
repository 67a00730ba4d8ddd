"""What people did is read page by page, the newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders
from worker.database import transaction
from worker.database.people import AuditEntry
from worker.database.states import Role
from worker.people import audit
from worker.people.roles import Actor, Grant, operator_of_server

if TYPE_CHECKING:
    from sqlalchemy import Engine

ADA = operator_of_server("ada@host")
ANNA = Actor("anna@example.com", "page", (Grant(Role.EDITOR),))


@pytest.fixture(autouse=True)
def _acts(engine: Engine) -> None:
    """Let two people do six things, four of them to the first asset."""
    builders.record(engine, builders.event(asset_id="a1"), builders.event(asset_id="a2"))
    with transaction(engine) as session:
        for actor in (ADA, ANNA):
            audit.note(session, actor, "choose", 1, time_s=12.4, why="brighter")
            audit.note(session, actor, "release", 1)
            audit.note(session, actor, "look-again", 2)
            session.flush()


def test_the_newest_come_first_and_pages_follow_each_other(engine: Engine) -> None:
    """None is left out between two pages, also while others are added."""
    with transaction(engine) as session:
        first = audit.newest(session, 4)
        audit.note(session, ADA, "invite")
        second = audit.newest(session, 4, before_id=first[-1].id)

    assert [row.id for row in first + second] == [6, 5, 4, 3, 2, 1]


def test_what_was_done_to_an_asset_is_told_with_who_and_how(engine: Engine) -> None:
    """Nothing of another asset is among it."""
    with transaction(engine) as session:
        rows = audit.of_asset(session, 1, 3)

    told = [(row.who, row.via, row.act) for row in rows]
    assert told == [
        ("anna@example.com", "page", "release"),
        ("anna@example.com", "page", "choose"),
        ("ada@host", "cli", "release"),
    ]
    assert rows[1].detail == {"time_s": 12.4, "why": "brighter"}


def test_what_one_person_did_is_told(engine: Engine) -> None:
    """In their name exactly."""
    with transaction(engine) as session:
        assert [row.id for row in audit.newest(session, 10, who="ada@host")] == [3, 2, 1]
        assert audit.newest(session, 10, who="ada") == []


def test_an_act_that_fails_leaves_no_line(engine: Engine) -> None:
    """They are stored together, or not at all."""

    def fail() -> None:
        with transaction(engine) as session:
            audit.note(session, ADA, "choose", 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert len(builders.every(engine, AuditEntry)) == 6
