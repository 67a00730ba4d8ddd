"""A judge looks at the best candidates of a job: it decides what it may, is asked once, and harms no job."""

from __future__ import annotations

import hashlib
import shutil
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text, update

from tests.support.judge_server import scripts
from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.judge_server.judged_rig import give_judge, measure
from tests.support.media import pictures
from tests.support.media.edited_videos import cut
from tests.support.service import builders
from worker import jobs
from worker.database import transaction
from worker.database.learning import JudgeDay, JudgeVerdict
from worker.database.models import Asset, Job, StoredCandidate, Thumbnail
from worker.pipeline.judging.verdict import Description, Fault, Say
from worker.platforms.event import EventKind
from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.judge_server.asked import JudgeRequest
    from tests.support.judge_server.replies import Reply
    from tests.support.judge_server.scripts import Script
    from tests.support.service.analyzer_rig import AnalyzerRig

FILM = pictures.footage_path("bikes")  #: in which there is something to choose
A_MINUTE_S, AN_HOUR_S = 60.0, 3600.0
FAILURES = {  #: and what the note says of them
    scripts.hangs: "JUDGE_TIMEOUT_S",
    scripts.error(500): "500",
    scripts.no_images: "takes no pictures",
}
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def luck(picture: bytes) -> float:
    """Like pictures for no reason, always the same ones."""
    return hashlib.sha256(picture).digest()[0] / 255


KNOWS = scripts.knows(luck, 0.0, 1)


@pytest.fixture
def judge() -> Iterator[FakeJudge]:
    """Yield a judge that knows what it likes."""
    with FakeJudge(KNOWS) as judge:
        yield judge


def while_asked(script: Script, act: Callable[[], object]) -> Script:
    """Do something while the worker waits for the judge."""

    def acting(asked: JudgeRequest) -> Reply:
        act()
        return script(asked)

    return acting


def look(rig: AnalyzerRig) -> Job:
    """Look at a new video."""
    rig.upload(FILM)
    return work(rig)


def work(rig: AnalyzerRig) -> Job:
    """Do what is due."""
    job = rig.work()
    assert job.state == "completed", job.error
    return job


def look_again(rig: AnalyzerRig) -> Job:
    """Look at the same content again, as an operator asks."""
    with transaction(rig.engine) as session:
        asset_id = session.scalars(select(Asset.id)).one()
        jobs.requeue(session, asset_id, "sam", "", rig.analyzer.settings, model="lite")
    return work(rig)


def picks_of(rig: AnalyzerRig) -> list[dict[str, Any]]:
    """Return what the newest run picked, best first."""
    rows = builders.every(rig.engine, Thumbnail)
    columns = ("time_s", "score", "parts", "reasons", "by_judge")
    newest = [row for row in rows if row.generation == rows[-1].generation]
    return [{name: getattr(row, name) for name in columns} for row in newest]


class TestWhatAJudgeSays:
    """It is stored beside the pictures, with who said it and how much it may decide."""

    def test_decides_the_first_pick_where_it_leads(self, rig: AnalyzerRig, judge: FakeJudge) -> None:
        """Each frame that it was shown has its place; others have none."""
        give_judge(rig, judge)
        measure(rig, Say.LEAD)

        job = look(rig)

        first = builders.every(rig.engine, Thumbnail)[0].by_judge
        frames = [row.by_judge for row in builders.every(rig.engine, StoredCandidate)]
        said = [one for one in frames if one]
        assert first == {
            "model": "m",
            "say": "lead",
            "subject": "a scene",
            "faults": [],
            "place": 1,
            "pictures": len(said),
        }
        assert 2 <= len(said) < len(frames)
        assert min(one["place"] for one in said) == 1
        assert job.timings_s["judge"] > 0
        assert "judge" not in job.note

    def test_keeps_a_frame_at_fault_from_being_picked(self, rig: AnalyzerRig, judge: FakeJudge) -> None:
        """As long as there is anything else; the filmstrip says what was found."""
        give_judge(rig, judge, judge_mode="veto")
        look(rig)
        best_s = picks_of(rig)[0]["time_s"]
        shown = [row for row in builders.every(rig.engine, StoredCandidate) if row.by_judge]
        times_s = sorted(row.time_s for row in shown)
        nearest = min(range(len(times_s)), key=lambda index: abs(times_s[index] - best_s))
        hated = judge.asked[0].pictures[nearest]  # they are shown in the order of their times
        judge.script = scripts.says(
            lambda picture: Description(frozenset({Fault.TEXT} if picture == hated else ()), "a sign")
        )
        give_judge(rig, judge, judge_mode="veto", judge_model="another, which was not asked yet")

        look_again(rig)

        frames = [row for row in builders.every(rig.engine, StoredCandidate) if row.by_judge]
        (vetoed,) = [row for row in frames if row.by_judge["faults"] == ["text"]]
        assert vetoed.time_s == times_s[nearest]
        assert vetoed.lost_because
        assert all(abs(one["time_s"] - best_s) > 0.4 for one in picks_of(rig))

    def test_is_waited_for_in_a_stage_of_its_own_and_without_a_transaction(
        self, rig: AnalyzerRig, judge: FakeJudge
    ) -> None:
        """Operators see the stage; a transaction that is open for seconds would hold others up."""
        seen: list[tuple[str, int]] = []

        def look_at_database() -> None:
            idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            idle += " AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
            with transaction(rig.engine) as session:
                stage = session.scalars(select(Job.stage)).one()
                seen.append((str(stage), session.scalar(text(idle)) or 0))

        judge.script = while_asked(KNOWS, look_at_database)
        give_judge(rig, judge)

        look(rig)

        assert set(seen) == {("judge", 0)}


class TestTheSamePictures:
    """They are shown to the judge once."""

    def test_get_the_same_verdict_and_the_same_picks_without_a_request(
        self, rig: AnalyzerRig, judge: FakeJudge
    ) -> None:
        """Though the judge would say something else by now."""
        give_judge(rig, judge)
        measure(rig, Say.LEAD)
        look(rig)
        first, asked = picks_of(rig), len(judge.asked)
        with transaction(rig.engine) as session:
            session.execute(update(JudgeVerdict).values(used_at=LONG_AGO))
        judge.script = scripts.knows(lambda picture: -luck(picture), 0.0, 1)

        job = look_again(rig)

        assert asked >= 3
        assert len(judge.asked) == asked
        assert picks_of(rig) == first
        assert "judge" in job.timings_s
        assert builders.only(rig.engine, JudgeVerdict).used_at > LONG_AGO
        with transaction(rig.engine) as session:
            assert session.scalars(select(JudgeDay.requests)).one() == asked

    def test_are_others_after_a_trim_and_are_judged_anew(
        self, rig: AnalyzerRig, judge: FakeJudge, tmp_path: Path
    ) -> None:
        """What our own models saw of the frames that stay is used again all the same."""
        give_judge(rig, judge)
        path = tmp_path / "video.mp4"
        shutil.copy(FILM, path)
        asset_id = rig.upload(path)
        work(rig)
        asked = len(judge.asked)
        timeline = Timeline.of([Range(1.0, 9.0)])
        shutil.move(cut(path, timeline, tmp_path / "trimmed.mp4"), path)

        kept = {"kind": "trimmed", "kept": [{"start_s": 1.0, "end_s": 9.0}]}
        rig_event = builders.event(EventKind.EDITED, asset_id=asset_id, minute=1, detail=kept)
        builders.record(rig.engine, rig_event)
        job = work(rig)

        assert "were used again" in job.note
        assert len(judge.asked) > asked
        assert len(builders.every(rig.engine, JudgeVerdict)) == 2


class TestAJudgeThatFails:
    """It costs the time-out at most, and the video has the picks that it would have without a judge."""

    def test_leaves_the_picks_as_they_are_without_it_and_says_so(
        self, rig: AnalyzerRig, judge: FakeJudge
    ) -> None:
        """In the first attempt, and within its time; nothing is kept as a verdict."""
        look(rig)
        before = picks_of(rig)
        for script, said in FAILURES.items():
            judge.script = script
            give_judge(rig, judge, judge_timeout_s=1.0)

            job = look_again(rig)

            assert picks_of(rig) == before
            assert "nobody judged" in job.note
            assert said in job.note
            assert (job.attempt, job.error) == (1, None)
            assert job.timings_s["judge"] >= (script is scripts.hangs)
            assert job.timings_s["judge"] < A_MINUTE_S
        assert builders.every(rig.engine, JudgeVerdict) == []

    def test_is_not_asked_beyond_the_budget_of_the_day(self, rig: AnalyzerRig, judge: FakeJudge) -> None:
        """Whatever other workers have spent of it."""
        give_judge(rig, judge, judge_budget=5)
        with transaction(rig.engine) as session:
            session.add(JudgeDay(day=datetime.now(UTC).date(), requests=5))

        job = look(rig)

        assert judge.asked == []
        assert "JUDGE_BUDGET" in job.note

    def test_holds_up_no_worker_that_is_to_stop(self, rig: AnalyzerRig, judge: FakeJudge) -> None:
        """The job is given back at once, as in every other stage."""
        judge.script = while_asked(scripts.hangs, rig.stopping.set)
        give_judge(rig, judge, judge_timeout_s=AN_HOUR_S)
        rig.upload(FILM)
        start_s = time.monotonic()

        job = rig.work()

        assert (job.state, job.attempt) == ("available", 0)
        assert time.monotonic() - start_s < A_MINUTE_S
        assert builders.every(rig.engine, Thumbnail) == []

    def test_is_left_as_soon_as_the_job_is_somebody_elses(self, rig: AnalyzerRig, judge: FakeJudge) -> None:
        """Or nobody's: an operator cancelled it."""

        def cancel() -> None:
            with transaction(rig.engine) as session:
                jobs.cancel_for_operator(session, session.scalars(select(Asset.id)).one(), "sam", "")
            rig.analyzer.leases.renew()

        judge.script = while_asked(scripts.hangs, cancel)
        give_judge(rig, judge, judge_timeout_s=AN_HOUR_S)
        rig.upload(FILM)

        job = rig.work()

        assert job.state == "cancelled"
        assert builders.every(rig.engine, Thumbnail) == []
