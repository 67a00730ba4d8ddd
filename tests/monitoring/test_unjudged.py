"""A metric counts videos that nobody judged, also where the judge itself was never asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import REGISTRY

from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.judge_server.judged_rig import give_judge
from tests.support.judge_server.scripts import always_first
from tests.support.media import pictures
from worker.errors import Unjudged
from worker.pipeline.judging import looking

if TYPE_CHECKING:
    import pytest

    from tests.support.service.analyzer_rig import AnalyzerRig


def counted() -> float:
    """Return how many videos counted as those whose pictures could not be taken."""
    return REGISTRY.get_sample_value("thumbs_judge_verdicts_total", {"result": "undecoded"}) or 0.0


def test_a_video_whose_pictures_cannot_be_taken_is_counted(
    rig: AnalyzerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the alert of a silent judge needs it; the job is completed all the same."""

    def cannot(*_: object) -> list[bytes]:
        raise Unjudged(looking.UNDECODED, "no pictures could be taken for the judge")

    monkeypatch.setattr(looking, "take_pictures", cannot)
    before = counted()
    with FakeJudge(always_first()) as judge:
        give_judge(rig, judge)
        rig.upload(pictures.footage_path("bikes"))
        job = rig.work()

    assert job.state == "completed"
    assert "nobody judged: no pictures could be taken" in job.note
    assert counted() == before + 1
    assert not judge.asked
