"""What one look at one asset leaves behind, on a real database, model, decoder and platform."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from sqlalchemy import select, update
from structlog.contextvars import get_contextvars

from tests.support.service import builders
from tests.support.waiting import until
from worker import jobs
from worker.database import make_engine, transaction
from worker.database.models import Asset, Job, Publication, StoredCandidate, Thumbnail
from worker.demo.simulator import InjectedFault, SimulatedMux
from worker.pipeline.earlier_run import decode_embedding
from worker.pipeline.scoring.clip_scorer import ClipScorer
from worker.platforms.event import EventKind
from worker.platforms.vendors.mux import Mux
from worker.queue.leases import Leases
from worker.text import clock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.service.analyzer_rig import AnalyzerRig


def fetched(mux: SimulatedMux) -> int:
    """How often a video was fetched."""
    return sum(entry.path.endswith(".mp4") for entry in mux.journal.entries("request"))


class TestAReadyVideo:
    """What a look that succeeds leaves behind."""

    def test_gets_thumbnails_a_filmstrip_and_a_publication(self, rig: AnalyzerRig) -> None:
        """Everything that a person or the publisher needs is stored, and nothing stays on the disk."""
        rig.upload()

        job = rig.work()

        assert job.state == "completed", job.error
        best, *_ = thumbnails = builders.every(rig.engine, Thumbnail)
        assert [thumbnail.rank for thumbnail in thumbnails] == list(range(1, len(thumbnails) + 1))
        shown = cv2.imdecode(np.frombuffer(best.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert shown.shape == (best.height_px, best.width_px, 3)
        assert best.model == rig.analyzer.models.scorer.sight
        assert best.reasons
        assert job.timings_s.keys() >= {"metadata", "download", "probe", "scan", "score", "pick", "stills"}
        assert builders.only(rig.engine, Publication).thumbnail_id == best.id
        assert list(rig.work_dir.iterdir()) == []

    def test_keeps_every_frame_that_was_looked_at(self, rig: AnalyzerRig) -> None:
        """The filmstrip has the picks, and why the others lost."""
        rig.upload()

        rig.work()

        candidates = builders.every(rig.engine, StoredCandidate)
        picks = [candidate for candidate in candidates if candidate.lost_because is None]
        assert len(picks) == len(builders.every(rig.engine, Thumbnail))
        assert len(candidates) > len(picks)
        assert all(len(decode_embedding(pick.embedding)) > 1 for pick in picks)
        assert all(cv2.imdecode(np.frombuffer(c.jpeg, np.uint8), 1) is not None for c in candidates)

    def test_is_not_looked_at_again_while_its_content_is_the_same(self, rig: AnalyzerRig) -> None:
        """An update of its title, or of the thumbnail by ourselves, costs one question to the platform."""
        asset_id = rig.upload()
        rig.work()
        before = fetched(rig.mux)

        rig.hear(asset_id, EventKind.UPDATED, minute=1)
        job = rig.work()

        assert job.state == "completed"
        assert fetched(rig.mux) == before
        assert len(builders.every(rig.engine, Publication)) == 1

    def test_is_judged_by_words_and_not_by_the_name_of_a_file(
        self, rig: AnalyzerRig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A name without a word is no title; stored is what the platform says."""
        asked: list[str] = []
        measure = ClipScorer.relevance
        monkeypatch.setattr(ClipScorer, "relevance", lambda *args: asked.append(args[2]) or measure(*args))
        for title in ("IMG_1234.MOV", "growing_tomatoes.mp4"):
            rig.mux.library.change(rig.upload(), title=title)
        rig.work()

        assert asked == ["growing tomatoes"]
        stored = {asset.title for asset in builders.every(rig.engine, Asset)}
        assert stored == {"IMG_1234.MOV", "growing_tomatoes.mp4"}

    def test_is_known_to_be_private_as_soon_as_its_platform_says_so(
        self, rig: AnalyzerRig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At the first look, and at a later one that finds the same content."""
        asset_id = rig.upload()
        rig.work()
        assert builders.asset(rig.engine).is_private is False

        ask = Mux.asset
        monkeypatch.setattr(Mux, "asset", lambda *args: replace(ask(*args), is_private=True))
        rig.hear(asset_id, EventKind.UPDATED, minute=1)
        rig.work()

        assert builders.asset(rig.engine).is_private is True

    def test_is_looked_at_again_when_somebody_says_that_it_was_edited(self, rig: AnalyzerRig) -> None:
        """Even where the platform's words are the same as before."""
        asset_id = rig.upload()
        rig.work()
        before = fetched(rig.mux)

        rig.hear(asset_id, EventKind.EDITED, minute=1)
        rig.work()

        assert fetched(rig.mux) > before
        assert {thumbnail.generation for thumbnail in builders.every(rig.engine, Thumbnail)} == {1, 2}

    def test_is_looked_at_again_when_its_content_changed(self, rig: AnalyzerRig) -> None:
        """Whatever the event was called: the platform's answer decides."""
        asset_id = rig.upload()
        rig.work()
        with transaction(rig.engine) as session:
            session.execute(update(Asset).values(fingerprint="of the content before"))

        rig.hear(asset_id, EventKind.UPDATED, minute=1)
        job = rig.work()

        assert job.state == "completed", job.error
        assert builders.asset(rig.engine).generation == job.generation == 2
        assert {thumbnail.generation for thumbnail in builders.every(rig.engine, Thumbnail)} == {1, 2}


class TestAVideoThatCannotBeUsed:
    """What is noted, and whether it is tried again."""

    def test_a_damaged_file_is_given_up_with_its_reason(self, rig: AnalyzerRig, tmp_path: Path) -> None:
        """The same bytes would fail again."""
        (tmp_path / "bad.mp4").write_bytes(b"no video at all" * 100)
        rig.upload(tmp_path / "bad.mp4")

        job = rig.work()

        assert (job.state, job.error_class) == ("discarded", "UnreadableVideo")
        assert list(rig.work_dir.iterdir()) == []

    def test_a_video_that_is_gone_is_given_up(self, rig: AnalyzerRig) -> None:
        """Its webhook came before we looked."""
        rig.mux.delete(rig.upload())

        job = rig.work()

        assert (job.state, job.error_class) == ("discarded", "AssetGone")

    @pytest.mark.parametrize("path", ["/video/v1/assets/", "mp4"])
    def test_a_platform_that_is_down_is_asked_again(self, rig: AnalyzerRig, path: str) -> None:
        """Its API as well as its files."""
        rig.upload()
        rig.mux.faults.plan(InjectedFault(status=503), count=20, path=path)

        assert rig.work().state == "retryable"
        rig.mux.faults.clear()

        job = rig.work()
        assert (job.state, job.attempt, job.external_retries) == ("completed", 1, 1)

    def test_what_nobody_foresaw_is_noted_and_tried_again(self, rig: AnalyzerRig) -> None:
        """A bug must not lose a job, nor stay unseen."""

        def fail() -> None:
            raise ZeroDivisionError("a bug")

        rig.upload()
        rig.meanwhile.append(fail)

        job = rig.work()

        assert (job.state, job.error_class, job.error) == ("retryable", "ZeroDivisionError", "a bug")


class TestAJobThatIsGivenUp:
    """Work that nobody wants any more stops at the next step, and leaves nothing behind."""

    def test_is_given_back_when_the_worker_stops(self, rig: AnalyzerRig) -> None:
        """Another worker may take it at once, and the attempt does not count."""
        rig.upload()
        rig.meanwhile.append(rig.stopping.set)

        job = rig.work()

        assert (job.state, job.attempt) == ("available", 0)
        assert builders.every(rig.engine, Thumbnail) == []
        assert list(rig.work_dir.iterdir()) == []

    def test_stores_nothing_after_another_worker_took_over(self, rig: AnalyzerRig) -> None:
        """A worker that was frozen wakes up, and its result is refused."""

        def take_over() -> None:
            with transaction(rig.engine) as session:
                session.execute(update(Job).values(lease_until=Job.requested_at))
            with transaction(rig.engine) as session:
                assert jobs.take_over(session, "dispatcher")

        rig.upload()
        rig.meanwhile.append(take_over)

        job = rig.work()

        assert (job.state, job.error_class) == ("retryable", "WorkerSilent")
        assert builders.every(rig.engine, Thumbnail) == []

    def test_makes_way_for_a_newer_edit(self, rig: AnalyzerRig) -> None:
        """The next renewal of the lease tells, and the newer job does the work."""
        asset_id = rig.upload()
        rig.meanwhile += [
            lambda: rig.hear(asset_id, EventKind.EDITED, minute=1),
            rig.analyzer.leases.renew,
        ]

        rig.work()

        assert builders.job_states(rig.engine) == ["superseded", "scheduled"]
        assert fetched(rig.mux) == 0
        assert rig.work().state == "completed"

    def test_is_tried_again_when_it_took_too_long(self, rig: AnalyzerRig) -> None:
        """One attempt has a deadline of its own."""
        rig.upload()
        with Leases(rig.engine, jobs.renew, lease_s=30.0, timeout_s=0.0, stopping=rig.stopping) as impatient:
            rig.analyzer = replace(rig.analyzer, leases=impatient)

            job = rig.work()

        assert (job.state, job.error_class) == ("retryable", "JobTimedOut")
        assert "JOB_TIMEOUT_S" in job.error


def test_a_result_waits_for_a_database_that_does_not_answer(
    rig: AnalyzerRig, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A restart of the database must not cost the work that is done already."""
    rig.upload()
    patient = make_engine(database_url, statement_timeout_ms=300)
    others = rig.engine.connect()
    rig.meanwhile.append(lambda: others.execute(select(Asset).with_for_update()))

    def give_way() -> None:
        until(lambda: "does not answer" in caplog.text)
        others.close()

    rig.analyzer = replace(rig.analyzer, engine=patient)
    with ThreadPoolExecutor(1) as elsewhere:
        given_way = elsewhere.submit(give_way)
        job = rig.work()
        given_way.result()
    patient.dispose()

    assert (job.state, job.attempt) == ("completed", 1)
    assert builders.every(rig.engine, Thumbnail)


def test_a_job_that_is_not_there_to_be_taken_is_left_alone(rig: AnalyzerRig) -> None:
    """A hint may come twice, or late."""
    rig.upload()
    done = rig.work()

    rig.analyzer.analyze(done.id)
    rig.analyzer.analyze(done.id + 1)

    assert builders.only(rig.engine, Job).attempt == 1


def test_log_lines_name_the_asset_as_operators_do(rig: AnalyzerRig) -> None:
    """With its account: `thumbs show` takes the name as it stands there."""
    asset_id = rig.upload()
    named: list[object] = []
    rig.meanwhile.append(lambda: named.append(get_contextvars()["asset"]))

    rig.work()

    assert named == [f"mux/main/{asset_id}"]


def test_one_line_tells_of_a_job_its_asset_its_time_and_its_choice(
    rig: AnalyzerRig, caplog: pytest.LogCaptureFixture
) -> None:
    """Also of a look that found nothing new; operators read along."""
    asset_id = rig.upload()

    with caplog.at_level("INFO"):
        rig.work()
        builders.record(rig.engine, builders.event(EventKind.UPDATED, asset_id=asset_id, minute=1))
        rig.work()

    name, best = f"mux/main/{asset_id}", builders.every(rig.engine, Thumbnail)[0]
    first, second = [record for record in caplog.records if record.message.startswith(name)]
    picked = re.escape(clock(best.time_s))
    assert re.fullmatch(rf"{name} completed in \d+\.\d s: {picked} picked", first.message)
    assert re.fullmatch(rf"{name} completed in \d+\.\d s: nothing new", second.message)
