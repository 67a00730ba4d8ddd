"""Rows are announced to workers, and no more of them than the broker is to hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.support.service import builders
from worker import jobs
from worker.database import transaction
from worker.queue import shares

if TYPE_CHECKING:
    from sqlalchemy import Engine

MAX_ANNOUNCED = 2
# Without these, PostgreSQL joins by a loop over all rows; a real table's statistics may lead it there too.
PLANS = ("", "hashagg hashjoin sort material")


@pytest.mark.parametrize("without", PLANS, ids=["as planned", "by a loop"])
def test_no_more_are_announced_than_the_broker_is_to_hold(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    """However PostgreSQL plans the statement."""
    monkeypatch.setattr(shares, "MAX_ANNOUNCED", MAX_ANNOUNCED)
    for number in range(3 * MAX_ANNOUNCED):
        builders.record(engine, builders.event(asset_id=f"a{number}"))

    with transaction(engine) as session:
        for step in without.split():
            session.execute(text(f"SET LOCAL enable_{step} = off"))
        announced = jobs.announce(session, rehint_s=60.0)

    assert len(announced) == MAX_ANNOUNCED
