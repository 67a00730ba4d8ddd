"""Whether a job has a judge, and how much it may decide, is read when the job begins."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.heads import arrays, head
from tests.support.service import builders, measured_run
from worker.analysis.judge import judge_of, say_now
from worker.analysis.recall import Known, read_rows, recall
from worker.database import transaction
from worker.database.learning import Head
from worker.judge import checks
from worker.judge.connection import JudgeConnection
from worker.pipeline.judging.verdict import Say
from worker.platforms.event import EventKind
from worker.storage.pictures import Pictures

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.pipeline.judging.verdict import Judge

SIGHT = "lite #1 abc"


def judge(engine: Engine, mode: str, measured: Say | None = None) -> Judge | None:
    """Make the judge of a job, once a check has found what it is worth."""
    settings = builders.make_settings(judge_url="http://gpu-box:8000/v1", judge_model="m", judge_mode=mode)
    connection = JudgeConnection.of(settings)
    with transaction(engine) as session:
        if measured:
            checks.store(session, settings, SIGHT, measured, {}, "sam")
        say = say_now(session, settings, connection, SIGHT)
    return judge_of(settings, engine, connection, 1, say, lambda: None)


@pytest.mark.parametrize(
    ("mode", "measured", "say"),
    [
        ("rank", None, Say.TIES),
        ("rank", Say.LEAD, Say.LEAD),
        ("rank", Say.VETO, Say.VETO),
        ("veto", None, Say.VETO),
        ("veto", Say.LEAD, Say.VETO),
    ],
)
def test_a_judge_may_decide_what_it_is_worth_within_the_mode(
    engine: Engine, mode: str, measured: Say | None, say: Say
) -> None:
    """One that nobody has measured decides near ties."""
    made = judge(engine, mode, measured)

    assert made is not None
    assert made.say is say


@pytest.mark.parametrize(
    ("mode", "measured"), [("off", Say.LEAD), ("rank", Say.NOTHING), ("veto", Say.NOTHING)]
)
def test_nobody_is_asked_where_that_is_off_or_worth_nothing(engine: Engine, mode: str, measured: Say) -> None:
    """Not even for vetoes."""
    assert judge(engine, mode, measured) is None


def test_the_newest_check_counts_from_the_next_job_on(engine: Engine) -> None:
    """A worker that runs for months need not be started again."""
    judge(engine, "rank", Say.LEAD)

    made = judge(engine, "rank", Say.VETO)

    assert made is not None
    assert made.say is Say.VETO


def test_a_head_is_not_tested_where_a_judge_leads() -> None:
    """It has no say there, so the test would be of the judge; of near ties it decides the rest."""
    learned = head([1.0])

    assert Known(None, None, (), None, learned, Say.LEAD).tested_head is None
    assert Known(None, None, (), None, learned, Say.TIES).tested_head is learned


@pytest.mark.parametrize(("measured", "kept"), [(Say.LEAD, 3), (Say.TIES, 0)])
def test_what_a_judge_led_is_picked_again_while_it_leads(engine: Engine, measured: Say, kept: int) -> None:
    """Viewers keep their picture through new encodings, also where a learned head is in use beside it."""
    with transaction(engine) as session:
        session.add(Head(trained_on={}, who="sam", state="shipped", model=SIGHT, arrays=arrays([1.0, 0.0])))
    found = measured_run.result()
    found.candidates[0].by_judge = {"say": "lead", "place": 1}
    found.candidates[0].parts = {"judge": 1.0}
    measured_run.look(engine, found)
    builders.record(engine, builders.event(EventKind.EDITED, minute=1))
    claim = builders.claimed(engine)
    settings = builders.make_settings(judge_url="http://gpu-box:8000/v1", judge_model="m")
    scorer = SimpleNamespace(sight=SIGHT, name="lite", dimensions=2)
    worker: Any = SimpleNamespace(
        models=SimpleNamespace(scorer=scorer),
        settings=settings,
        judge_connection=JudgeConnection.of(settings),
    )

    with transaction(engine) as session:
        checks.store(session, settings, SIGHT, measured, {}, "sam")
        rows = read_rows(session, claim, "f2", worker)
    known = recall(rows, worker.models.scorer, Pictures())

    assert known.head is not None
    assert len(known.picks) == kept
