"""A worker of the test's own process that has a judge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from worker.database import transaction
from worker.judge import checks
from worker.judge.connection import JudgeConnection

if TYPE_CHECKING:
    from tests.support.judge_server.fake_judge import FakeJudge
    from tests.support.service.analyzer_rig import AnalyzerRig
    from worker.pipeline.judging.verdict import Say

TIMEOUT_S = 60.0  #: of a judge that answers; a busy machine takes long


def give_judge(rig: AnalyzerRig, judge: FakeJudge, **settings: Any) -> None:
    """Let the worker ask a judge from its next job on; settings are called as in `JudgeSettings`."""
    given = {"judge_url": judge.url, "judge_model": "m", "judge_timeout_s": TIMEOUT_S, "judge_readings": 2}
    of_all = rig.analyzer.settings.model_copy(update=given | settings)
    rig.analyzer = replace(rig.analyzer, settings=of_all, judge_connection=JudgeConnection.of(of_all))


def measure(rig: AnalyzerRig, say: Say) -> None:
    """Let a check have found what the judge of the settings may decide."""
    with transaction(rig.engine) as session:
        sight = rig.analyzer.models.scorer.sight
        checks.store(session, rig.analyzer.settings, sight, say, {}, "sam")
