"""Of people, what ended is removed after a month, and what they did after two years."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, update

from tests.support.review import signed_in
from tests.support.service import builders
from worker.database import transaction
from worker.database.models import Asset
from worker.database.people import ApiToken, AssetLink, AuditEntry, Invitation, Person, SignIn
from worker.database.states import Role
from worker.dispatch import retention
from worker.people import audit, invitations, links, sign_ins, tokens
from worker.people.roles import Grant, operator_of_server

if TYPE_CHECKING:
    import pytest
    from sqlalchemy import Engine
    from sqlalchemy.orm import InstrumentedAttribute

ADA = operator_of_server("ada@host")
YOUNG, OLD = timedelta(days=29), timedelta(days=31)


def prune(engine: Engine) -> None:
    """Apply the retention."""
    hour = {"review_idle_s": 3600.0}
    retention.prune(engine, builders.make_settings().model_copy(update=hour), longest_s=5.0)


def date_back(engine: Engine, row_id: int, ended: InstrumentedAttribute[object], ago: timedelta) -> None:
    """Let a row have had its end some time ago."""
    table = ended.class_
    with transaction(engine) as session:
        session.execute(update(table).where(table.id == row_id).values({ended: func.now() - ago}))


def ids(engine: Engine, table: type[object]) -> list[int]:
    """List the rows that are left."""
    return sorted(row.id for row in builders.every(engine, table))


def test_sign_ins_go_a_month_after_they_ended_or_ran_out(engine: Engine) -> None:
    """Those that somebody still uses stay, however long ago they began."""
    person_id = signed_in.person(engine)
    with transaction(engine) as session:
        for _ in range(5):
            sign_ins.begin(session, session.get_one(Person, person_id))
    for number, (ended, ago) in enumerate(
        [(SignIn.ended_at, YOUNG), (SignIn.ended_at, OLD), (SignIn.seen_at, YOUNG), (SignIn.seen_at, OLD)], 1
    ):
        date_back(engine, number, ended, ago)
    date_back(engine, 5, SignIn.at, OLD)

    prune(engine)

    assert ids(engine, SignIn) == [1, 3, 5]


def test_invitations_and_links_go_a_month_after_their_end(engine: Engine) -> None:
    """Until then they say why they do not open. Tokens stay: the history names programs by them."""
    builders.record(engine, builders.event())
    with transaction(engine) as session:
        asset = session.get_one(Asset, 1)
        for number in range(6):
            invitations.make(session, ADA, "anna@example.com", [Grant(Role.EDITOR)])
            links.make(session, ADA, asset)
            tokens.create(session, ADA, f"t{number}", [Grant(Role.EDITOR)])
    for number, ago in ((1, YOUNG), (2, OLD)):
        for table in (Invitation, AssetLink, ApiToken):
            date_back(engine, number, table.expires_at, ago)
            date_back(engine, number + 2, table.revoked_at, ago)
        date_back(engine, number + 4, Invitation.used_at, ago)

    prune(engine)

    assert ids(engine, Invitation) == [1, 3, 5]
    assert ids(engine, AssetLink) == [1, 3, 5, 6]
    assert len(ids(engine, ApiToken)) == 6


def test_acts_go_after_two_years_the_oldest_first(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than go in one batch, too."""
    with transaction(engine) as session:
        for _ in range(7):
            audit.note(session, ADA, "invite")
    for number in range(1, 6):
        date_back(engine, number, AuditEntry.at, timedelta(days=731))
    date_back(engine, 6, AuditEntry.at, timedelta(days=729))
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)

    prune(engine)

    assert ids(engine, AuditEntry) == [6, 7]
