"""Every row that waits names its account, whoever inserted it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from tests.support.service import builders
from worker.database import transaction
from worker.database.accounts import Account
from worker.database.models import Job, Publication

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_an_account_gets_its_row_with_its_first_asset(engine: Engine) -> None:
    """And one row only, however many assets it has."""
    builders.record(engine, builders.event(asset_id="a1", delivery_id="1"))
    builders.record(engine, builders.event(asset_id="a2", delivery_id="2"))

    with transaction(engine) as session:
        assert session.execute(select(Account.platform, Account.account)).all() == [("mux", "main")]


def test_jobs_and_publications_name_the_account_of_their_asset(engine: Engine) -> None:
    """The database sees to it, so that programs of the version before need not."""
    builders.record(engine, builders.event())
    builders.completed(engine)

    with transaction(engine) as session:
        known = session.scalars(select(Account.id)).one()
        assert session.scalars(select(Job.account_id)).all() == [known]
        assert session.scalars(select(Publication.account_id)).all() == [known]
