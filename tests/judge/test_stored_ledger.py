"""The ledger in the database: a fleet never asks more than its budget, and the same pictures ask nobody."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from tests.support.service import builders
from worker.admin.erase import erase_asset
from worker.database import make_engine, transaction
from worker.database.learning import JudgeDay, JudgeVerdict
from worker.errors import Unjudged
from worker.judge.stored_ledger import StoredLedger
from worker.pipeline.judging.verdict import Description, Fault, Say, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

BUDGET = 40
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
VERDICT = Verdict(
    say=Say.TIES,
    model="m",
    prompt_version="1",
    descriptions=(Description(frozenset({Fault.TEXT, Fault.UNSAFE}), "a bike"), Description()),
    places=(1.0, 0.0),
    readings=6,
    requests=7,
    answers=("{}", "[]"),
)


@pytest.fixture
def asset_id(engine: Engine) -> int:
    """Return the row of an asset."""
    builders.record(engine, builders.event())
    return builders.asset(engine).id


@pytest.fixture
def fleet(engine: Engine) -> Iterator[tuple[Engine, Engine]]:
    """Yield what two workers on two machines have: pools of their own to the same database."""
    other = make_engine(engine.url.render_as_string(hide_password=False))
    yield engine, other
    other.dispose()


@pytest.fixture
def nowhere() -> Iterator[Engine]:
    """Yield an engine whose database does not answer."""
    engine = make_engine("postgresql://thumbs@127.0.0.1:9/thumbs")
    yield engine
    engine.dispose()


def days(engine: Engine) -> list[JudgeDay]:
    """Return what was asked, by day."""
    with transaction(engine) as session:
        return list(session.scalars(select(JudgeDay)))


def spends(ledger: StoredLedger, tries: int) -> int:
    """Try to spend so many requests; return how many were granted."""
    refusals = []
    for _ in range(tries):
        try:
            ledger.spend()
        except Unjudged as refusal:
            refusals.append(refusal)
    assert {refusal.result for refusal in refusals} <= {"budget"}
    assert all("JUDGE_BUDGET" in str(refusal) for refusal in refusals)
    return tries - len(refusals)


def test_two_workers_that_race_never_spend_more_than_the_budget(fleet: tuple[Engine, Engine]) -> None:
    """Nor less: each request that is left is granted to one of them."""
    together = threading.Barrier(4)

    def race(engine: Engine) -> int:
        together.wait()
        return spends(StoredLedger(engine, 1, BUDGET), BUDGET // 2)

    with ThreadPoolExecutor(4) as threads:
        granted = list(threads.map(race, [*fleet, *fleet]))

    assert sum(granted) == BUDGET
    assert [row.requests for row in days(fleet[0])] == [BUDGET]


def test_a_day_is_that_of_the_database_in_utc(engine: Engine) -> None:
    """Whatever zone the session has, and whatever was spent on other days."""
    with engine.connect() as connection:
        today, yesterday = (datetime.now(UTC).date() - timedelta(days=ago) for ago in (0, 1))
        zone = "Pacific/Kiritimati" if datetime.now(UTC).hour >= 12 else "Pacific/Pago_Pago"
        name = connection.engine.url.database
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET timezone = '{zone}'")
        connection.commit()
    elsewhere = make_engine(engine.url.render_as_string(hide_password=False))
    with transaction(engine) as session:
        session.add(JudgeDay(day=yesterday, requests=BUDGET))

    assert spends(StoredLedger(elsewhere, 1, BUDGET), 1) == 1

    elsewhere.dispose()
    assert {(row.day, row.requests) for row in days(engine)} == {(yesterday, BUDGET), (today, 1)}


def test_a_budget_of_0_is_any_number(engine: Engine) -> None:
    """And is counted all the same."""
    assert spends(StoredLedger(engine, 1, 0), 3) == 3
    assert [row.requests for row in days(engine)] == [3]


def test_tokens_are_added_up_by_day(engine: Engine) -> None:
    """Of all workers; they are no requests."""
    for ledger in (StoredLedger(engine, 1, 1), StoredLedger(engine, 2, 1)):
        ledger.count(1000, 20)

    (day,) = days(engine)
    assert (day.requests, day.prompt_tokens, day.answer_tokens) == (0, 2000, 40)


def test_a_verdict_is_recalled_as_it_was_for_its_own_asset_only(engine: Engine, asset_id: int) -> None:
    """Under its key; another asset's pictures are not told what was said of these."""
    ledger = StoredLedger(engine, asset_id, 0)
    ledger.keep("k", VERDICT)

    assert ledger.recall("k") == VERDICT
    assert ledger.recall("another") is None
    assert StoredLedger(engine, asset_id + 1, 0).recall("k") is None
    row = builders.only(engine, JudgeVerdict)
    assert (row.model, row.prompt_version) == ("m", "1")


def test_what_is_recalled_is_kept_for_longer(engine: Engine, asset_id: int) -> None:
    """By when it was used last, the retention goes."""
    ledger = StoredLedger(engine, asset_id, 0)
    ledger.keep("k", VERDICT)
    with transaction(engine) as session:
        session.execute(update(JudgeVerdict).values(at=LONG_AGO, used_at=LONG_AGO))

    ledger.recall("k")

    row = builders.only(engine, JudgeVerdict)
    assert row.at == LONG_AGO
    assert datetime.now(UTC) - row.used_at < timedelta(hours=1)


def test_a_verdict_of_another_version_is_asked_for_again_and_replaced(engine: Engine, asset_id: int) -> None:
    """It does not stand in the way for ever."""
    ledger = StoredLedger(engine, asset_id, 0)
    ledger.keep("k", VERDICT)
    with transaction(engine) as session:
        session.execute(update(JudgeVerdict).values(verdict={"of": "another version"}))

    assert ledger.recall("k") is None
    ledger.keep("k", replace(VERDICT, readings=2))

    recalled = ledger.recall("k")
    assert recalled is not None
    assert recalled.readings == 2


def test_nothing_is_kept_of_an_asset_that_was_erased_while_the_judge_looked(
    engine: Engine, asset_id: int
) -> None:
    """Its words would be all that is left of the pictures."""
    ledger = StoredLedger(engine, asset_id, 0)
    erase_asset(engine, asset_id, "sam", "", lambda *_: None)

    ledger.keep("k", VERDICT)

    assert builders.every(engine, JudgeVerdict) == []


def test_a_database_that_does_not_answer_leaves_pictures_unjudged(nowhere: Engine) -> None:
    """It fails no job: the reason is told, and what cannot be noted is let go."""
    ledger = StoredLedger(nowhere, 1, 0)

    for ask in (lambda: ledger.recall("k"), ledger.spend):
        with pytest.raises(Unjudged, match="the database did not answer") as refusal:
            ask()
        assert refusal.value.result == "failed"
    ledger.count(1000, 20)
    ledger.keep("k", VERDICT)
