"""Makes the judge of one job: it books what it asks in the database, and stops as soon as the lease does.

How much it may decide is read for each job, so a new check counts from the next job on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.judge import checks
from worker.judge.stored_ledger import StoredLedger
from worker.judge.vlm_judge import VlmJudge
from worker.pipeline.judging.verdict import Say

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.judge.connection import JudgeConnection
    from worker.pipeline.judging.verdict import Judge
    from worker.settings import Settings


def say_now(session: Session, settings: Settings, connection: JudgeConnection | None, sight: str) -> Say:
    """Tell how much a judge may decide in a job that begins now.

    Args:
        session: of the database.
        settings: of the service; JUDGE_MODE bounds what was measured.
        connection: to the judge; None: there is none.
        sight: of the model that scores, as of thumbnails.
    """
    if connection is None:
        return Say.NOTHING
    return checks.bounded(checks.say_for(session, settings, sight), settings)


def judge_of(
    settings: Settings,
    engine: Engine,
    connection: JudgeConnection | None,
    asset_id: int,
    say: Say,
    should_stop: Callable[[], None],
) -> Judge | None:
    """Make the judge of one job; None where nobody is to be asked.

    Args:
        settings: of the service.
        engine: the database, which is asked in short transactions of its own.
        connection: to the judge, one for the process.
        asset_id: number of the asset's row, whose verdicts are kept.
        say: how much it may decide.
        should_stop: raises where the work is to end; asked again and again while the judge is waited for.
    """
    if connection is None or say is Say.NOTHING:
        return None
    return VlmJudge(
        connection,
        StoredLedger(engine, asset_id, settings.judge_budget),
        say,
        most_pictures=settings.judge_pictures,
        readings=settings.judge_readings,
        timeout_s=settings.judge_timeout_s,
        sends_title=settings.judge_send_title,
        should_stop=should_stop,
    )
