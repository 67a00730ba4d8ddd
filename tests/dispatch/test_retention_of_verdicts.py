"""Verdicts that no run asks for any more are removed, and the days of a judge after a year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from tests.support.service import builders
from worker.database import transaction
from worker.database.learning import JudgeCheck, JudgeDay, JudgeVerdict
from worker.dispatch import retention

if TYPE_CHECKING:
    from sqlalchemy import Engine

NOW = datetime.now(UTC)


def prune(engine: Engine) -> None:
    """Apply the retention; pictures are kept for 30 days."""
    retention.prune(engine, builders.make_settings(thumbnails_retention_days=30), longest_s=5.0)


def test_a_verdict_goes_when_no_run_has_used_it_for_as_long_as_pictures_are_kept(engine: Engine) -> None:
    """However long ago it was made."""
    builders.record(engine, builders.event())
    with transaction(engine) as session:
        for key, days in (("unused", 31), ("used", 29)):
            old = {"at": NOW - timedelta(days=400), "used_at": NOW - timedelta(days=days)}
            session.add(JudgeVerdict(asset_id=1, key=key, model="m", prompt_version="1", verdict={}, **old))

    prune(engine)

    assert builders.only(engine, JudgeVerdict).key == "used"


def test_the_days_of_a_judge_go_after_a_year_and_what_it_is_worth_stays(engine: Engine) -> None:
    """More of them than go in one batch, too."""
    today = NOW.date()
    with transaction(engine) as session:
        session.add_all(JudgeDay(day=today - timedelta(days=days), requests=1) for days in (0, 364, 367))
        many = 367 + 2 * retention.BATCH_ROWS
        session.add_all(JudgeDay(day=today - timedelta(days=days)) for days in range(368, many))
        of_then = {"url": "http://judge", "model": "m", "prompt_version": "1", "sight": "lite", "who": "sam"}
        old = NOW - timedelta(days=4000)
        session.add(JudgeCheck(pictures=12, readings=6, say="lead", report={}, at=old, **of_then))

    prune(engine)

    with transaction(engine) as session:
        left = set(session.scalars(select(JudgeDay.day)))
    assert left == {today, today - timedelta(days=364)}
    assert builders.only(engine, JudgeCheck).say == "lead"
