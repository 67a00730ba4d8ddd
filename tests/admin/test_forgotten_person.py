"""What docs/operate.md says about removing a person's name removes it from every table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from tests.support.doc_blocks import blocks_of
from tests.support.service import builders, measured_run
from worker import choices, jobs
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.choices import Choice, Judgement
from worker.database.models import Asset, Base
from worker.database.people import ApiToken, AssetLink, AuditEntry, Invitation, Person, RoleGrant

if TYPE_CHECKING:
    from sqlalchemy import Engine

NAME, WORD = "anna@example.com", "somebody"
PERMANENT = "2"  #: the sum of a token without an end


def act(engine: Engine) -> None:
    """Let a person do everything that is kept under their name."""
    measured_run.look(engine)
    with transaction(engine) as session:
        asset = session.get_one(Asset, 1, with_for_update=True)
        for time_s in (3.0, 7.0):
            choices.choose(session, asset, ChoiceRequest(time_s=time_s), NAME, "")
        asset.reviewed_by = NAME
        jobs.requeue(session, asset.id, NAME, "", builders.make_settings())
        person = Person(email=NAME)
        session.add_all(
            [
                person,
                AuditEntry(who=NAME, via="page", act="choose", asset_id=1),
                AssetLink(asset_id=1, role="viewer", created_by=NAME, **expiring("1")),
                ApiToken(name="cms", token_sha256=PERMANENT, grants=[], created_by=NAME),
                invitation("3", NAME, "boss@example.com"),
                invitation("4", "bob@example.com", NAME),
            ]
        )
        session.flush()
        session.add(RoleGrant(person_id=person.id, platform="*", account="*", role="editor"))


def invitation(token: str, email: str, created_by: str) -> Invitation:
    """Invite somebody."""
    return Invitation(email=email, grants=[], created_by=created_by, **expiring(token))


def expiring(token: str) -> dict[str, Any]:
    """Return the columns of what opens something for a while."""
    return {"token_sha256": token, "expires_at": builders.NOON}


def named(engine: Engine, word: str) -> set[str]:
    """List the tables in which a word stands."""
    with engine.connect() as connection:
        return {
            table.name
            for table in Base.metadata.sorted_tables
            for row in connection.execute(select(table))
            if word in str(row)
        }


def test_a_name_is_removed_from_every_table_and_what_was_decided_holds(engine: Engine) -> None:
    """As the page has it, for `psql`."""
    act(engine)
    (block,) = [one for one in blocks_of("docs/operate.md") if "UPDATE judgements" in one.code]
    assert named(engine, NAME) == {*re.findall(r"(?:UPDATE|FROM) (\w+)", block.code)}

    sql = block.code.replace(":'name'", f"'{NAME}'").replace(":'word'", f"'{WORD}'")
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(sql))

    assert named(engine, NAME) == set()
    assert {row.who for row in builders.every(engine, Choice)} == {WORD}
    assert {row.who for row in builders.every(engine, Judgement)} == {WORD}
