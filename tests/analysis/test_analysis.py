"""What one look at one asset leaves behind, on a real database, model, decoder and platform."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from sqlalchemy import select, update

from tests.support.service import builders
from tests.support.service.worker_processes import until
from worker import jobs
from worker.database import make_engine, transaction
from worker.database.models import Asset, Job, Publication, StoredCandidate, Thumbnail
from worker.demo.simulator import Fault, SimulatedMux
from worker.platforms.event import EventKind
from worker.queue.leases import Leases

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.service.analyzer_rig import Bench


def fetched(mux: SimulatedMux) -> int:
    """How often a video was fetched."""
    return sum(entry.path.endswith(".mp4") for entry in mux.journal.entries("request"))


class TestAReadyVideo:
    """What a look that succeeds leaves behind."""

    def test_gets_thumbnails_a_filmstrip_and_a_publication(self, bench: Bench) -> None:
        """Everything that a person or the publisher needs is stored, and nothing stays on the disk."""
        bench.upload()

        job = bench.work()

        assert job.state == "completed", job.error
        best, *_ = thumbnails = builders.every(bench.engine, Thumbnail)
        assert [thumbnail.rank for thumbnail in thumbnails] == list(range(1, len(thumbnails) + 1))
        shown = cv2.imdecode(np.frombuffer(best.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert shown.shape == (best.height_px, best.width_px, 3)
        assert best.model == "lite"
        assert best.reasons
        assert job.timings_s.keys() >= {"metadata", "download", "probe", "scan", "score", "pick", "stills"}
        assert builders.only(bench.engine, Publication).thumbnail_id == best.id
        assert list(bench.work_dir.iterdir()) == []

    def test_keeps_every_frame_that_was_looked_at(self, bench: Bench) -> None:
        """The filmstrip has the picks, and why the others lost."""
        bench.upload()

        bench.work()

        candidates = builders.every(bench.engine, StoredCandidate)
        picks = [candidate for candidate in candidates if candidate.lost_because is None]
        assert len(picks) == len(builders.every(bench.engine, Thumbnail))
        assert len(candidates) > len(picks)
        assert all(len(np.frombuffer(pick.embedding, np.float32)) > 1 for pick in picks)
        assert all(cv2.imdecode(np.frombuffer(c.jpeg, np.uint8), 1) is not None for c in candidates)

    def test_is_not_looked_at_again_while_its_content_is_the_same(self, bench: Bench) -> None:
        """An update of its title, or of the thumbnail by ourselves, costs one question to the platform."""
        asset_id = bench.upload()
        bench.work()
        before = fetched(bench.mux)

        bench.hear(asset_id, EventKind.UPDATED, minute=1)
        job = bench.work()

        assert job.state == "completed"
        assert fetched(bench.mux) == before
        assert len(builders.every(bench.engine, Publication)) == 1

    def test_is_looked_at_again_when_somebody_says_that_it_was_edited(self, bench: Bench) -> None:
        """Even where the platform's words are the same as before."""
        asset_id = bench.upload()
        bench.work()
        before = fetched(bench.mux)

        bench.hear(asset_id, EventKind.EDITED, minute=1)
        bench.work()

        assert fetched(bench.mux) > before
        assert {thumbnail.generation for thumbnail in builders.every(bench.engine, Thumbnail)} == {1, 2}

    def test_is_looked_at_again_when_its_content_changed(self, bench: Bench) -> None:
        """Whatever the event was called: the platform's answer decides."""
        asset_id = bench.upload()
        bench.work()
        with transaction(bench.engine) as session:
            session.execute(update(Asset).values(fingerprint="of the content before"))

        bench.hear(asset_id, EventKind.UPDATED, minute=1)
        job = bench.work()

        assert job.state == "completed", job.error
        assert builders.asset(bench.engine).generation == job.generation == 2
        assert {thumbnail.generation for thumbnail in builders.every(bench.engine, Thumbnail)} == {1, 2}


class TestAVideoThatCannotBeUsed:
    """What is noted, and whether it is tried again."""

    def test_a_damaged_file_is_given_up_with_its_reason(self, bench: Bench, tmp_path: Path) -> None:
        """The same bytes would fail again."""
        (tmp_path / "bad.mp4").write_bytes(b"no video at all" * 100)
        bench.upload(tmp_path / "bad.mp4")

        job = bench.work()

        assert (job.state, job.error_class) == ("discarded", "UnreadableVideo")
        assert list(bench.work_dir.iterdir()) == []

    def test_a_video_that_is_gone_is_given_up(self, bench: Bench) -> None:
        """Its webhook came before we looked."""
        bench.mux.delete(bench.upload())

        job = bench.work()

        assert (job.state, job.error_class) == ("discarded", "AssetGone")

    @pytest.mark.parametrize("path", ["/video/v1/assets/", "mp4"])
    def test_a_platform_that_is_down_is_asked_again(self, bench: Bench, path: str) -> None:
        """Its API as well as its files."""
        bench.upload()
        bench.mux.faults.plan(Fault(status=503), count=20, path=path)

        assert bench.work().state == "retryable"
        bench.mux.faults.clear()

        job = bench.work()
        assert (job.state, job.attempt, job.external_retries) == ("completed", 1, 1)

    def test_what_nobody_foresaw_is_noted_and_tried_again(self, bench: Bench) -> None:
        """A bug must not lose a job, nor stay unseen."""

        def fail() -> None:
            raise ZeroDivisionError("a bug")

        bench.upload()
        bench.meanwhile.append(fail)

        job = bench.work()

        assert (job.state, job.error_class, job.error) == ("retryable", "ZeroDivisionError", "a bug")


class TestAJobThatIsGivenUp:
    """Work that nobody wants any more stops at the next step, and leaves nothing behind."""

    def test_is_given_back_when_the_worker_stops(self, bench: Bench) -> None:
        """Another worker may take it at once, and the attempt does not count."""
        bench.upload()
        bench.meanwhile.append(bench.stopping.set)

        job = bench.work()

        assert (job.state, job.attempt) == ("available", 0)
        assert builders.every(bench.engine, Thumbnail) == []
        assert list(bench.work_dir.iterdir()) == []

    def test_stores_nothing_after_another_worker_took_over(self, bench: Bench) -> None:
        """A worker that was frozen wakes up, and its result is refused."""

        def take_over() -> None:
            with transaction(bench.engine) as session:
                session.execute(update(Job).values(lease_until=Job.requested_at))
            with transaction(bench.engine) as session:
                assert jobs.take_over(session, "dispatcher")

        bench.upload()
        bench.meanwhile.append(take_over)

        job = bench.work()

        assert (job.state, job.error_class) == ("retryable", "WorkerSilent")
        assert builders.every(bench.engine, Thumbnail) == []

    def test_makes_way_for_a_newer_edit(self, bench: Bench) -> None:
        """The next renewal of the lease tells, and the newer job does the work."""
        asset_id = bench.upload()
        bench.meanwhile += [
            lambda: bench.hear(asset_id, EventKind.EDITED, minute=1),
            bench.analyzer.leases.renew,
        ]

        bench.work()

        assert builders.job_states(bench.engine) == ["superseded", "scheduled"]
        assert fetched(bench.mux) == 0
        assert bench.work().state == "completed"

    def test_is_tried_again_when_it_took_too_long(self, bench: Bench) -> None:
        """One attempt has a deadline of its own."""
        bench.upload()
        with Leases(
            bench.engine, jobs.renew, lease_s=30.0, timeout_s=0.0, stopping=bench.stopping
        ) as impatient:
            bench.analyzer = replace(bench.analyzer, leases=impatient)

            job = bench.work()

        assert (job.state, job.error_class) == ("retryable", "JobTimedOut")
        assert "JOB_TIMEOUT_S" in job.error


def test_a_result_waits_for_a_database_that_does_not_answer(
    bench: Bench, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A restart of the database must not cost the work that is done already."""
    bench.upload()
    patient = make_engine(database_url, statement_timeout_ms=300)
    others = bench.engine.connect()
    bench.meanwhile.append(lambda: others.execute(select(Asset).with_for_update()))

    def give_way() -> None:
        until(lambda: "does not answer" in caplog.text)
        others.close()

    bench.analyzer = replace(bench.analyzer, engine=patient)
    with ThreadPoolExecutor(1) as elsewhere:
        given_way = elsewhere.submit(give_way)
        job = bench.work()
        given_way.result()
    patient.dispose()

    assert (job.state, job.attempt) == ("completed", 1)
    assert builders.every(bench.engine, Thumbnail)


def test_a_job_that_is_not_there_to_be_taken_is_left_alone(bench: Bench) -> None:
    """A hint may come twice, or late."""
    bench.upload()
    done = bench.work()

    bench.analyzer.analyze(done.id)
    bench.analyzer.analyze(done.id + 1)

    assert builders.only(bench.engine, Job).attempt == 1
