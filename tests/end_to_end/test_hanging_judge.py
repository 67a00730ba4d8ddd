"""A judge that hangs harms neither the receiver, nor other jobs, nor the worker that waits for it."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import select

from tests.support.faults.system import System
from tests.support.judge_server import scripts
from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.media import pictures
from tests.support.service import deliveries
from tests.support.waiting import until
from worker.database import transaction
from worker.database.learning import JudgeVerdict
from worker.demo.clip import media_of
from worker.demo.simulator.platform import WEBHOOK_SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker.database.models import Job
    from worker.demo.simulator import Media

TIMEOUT_S = 20.0  #: in which everything below is seen while one job still waits for the judge
DELIVERIES = 60
STOP_S = 20.0  # an orchestrator kills what takes longer


@pytest.fixture(scope="module")
def of_the_service() -> Iterator[FakeJudge]:
    """Yield the judge that the service asks."""
    with FakeJudge(scripts.hangs) as judge:
        yield judge


@pytest.fixture(scope="module")
def system(servers_dir: Path, of_the_service: FakeJudge) -> Iterator[System]:
    """Start a service that has this judge, and looks at two videos at once."""
    given = {
        "JUDGE_URL": of_the_service.url,
        "JUDGE_MODEL": "m",
        "JUDGE_TIMEOUT_S": f"{TIMEOUT_S:.0f}",
        "ANALYZE_CONCURRENCY": "2",
    }
    folder = servers_dir / "judged"
    folder.mkdir()
    with System(folder, variables=given) as system:
        yield system


@pytest.fixture
def judge(of_the_service: FakeJudge) -> FakeJudge:
    """Return the judge, which hangs, and was asked nothing yet."""
    of_the_service.script = scripts.hangs
    of_the_service.asked.clear()
    return of_the_service


def answer_ms(system: System) -> float:
    """Send webhooks that are recorded and ask for no work; return the median of the times to the answers."""
    times_ms = []
    with httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{system.port}") as client:
        for _ in range(DELIVERIES):
            sent = deliveries.mux("video.asset.track.created", secret=WEBHOOK_SECRET)
            start_s = time.perf_counter()
            answer = client.post(sent.path, content=sent.body, headers=sent.headers)
            times_ms.append(1000 * (time.perf_counter() - start_s))
            assert answer.is_success
    return statistics.median(times_ms)


@pytest.fixture(scope="module")
def films() -> tuple[Media, Media]:
    """Return videos that are long enough to have several candidates."""
    return media_of(pictures.footage_path("bikes")), media_of(pictures.footage_path("carphone_pristine"))


def first_job(system: System, asset_id: str) -> Job | None:
    """Return the job of an asset's upload; what we write there makes others, which find nothing new."""
    return next(iter(system.jobs(asset_id)), None)


def is_done(system: System, asset_id: str) -> bool:
    """Say whether that job is completed."""
    job = first_job(system, asset_id)
    return job is not None and job.state == "completed"


@pytest.mark.faults
def test_a_judge_that_hangs_costs_one_job_its_time_and_nobody_else_anything(
    system: System, judge: FakeJudge, films: tuple[Media, Media]
) -> None:
    """The receiver answers as fast, another job is done beside it, and its own ends without a failure."""
    idle_ms = answer_ms(system)
    hung = system.platform.upload(films[0])
    until(lambda: judge.asked, 60, "the judge is not asked")
    asked_s = time.monotonic()
    judge.script = scripts.always_first()

    hanging_ms = answer_ms(system)
    other = system.platform.upload(films[1])
    until(lambda: is_done(system, other), 120, "the other job waits")
    is_beside = not is_done(system, hung)
    others_s = time.monotonic() - asked_s
    until(lambda: is_done(system, hung), TIMEOUT_S + 60, "the judge is waited for")

    print(f"answers: {idle_ms:.1f} ms without, {hanging_ms:.1f} ms beside a judge that hangs")
    assert hanging_ms < 3 * idle_ms + 10  # of a machine with two cores, on which all of this runs
    assert is_beside or others_s > TIMEOUT_S  # on a machine that is too slow to tell
    job = first_job(system, hung)
    assert job is not None
    assert "JUDGE_TIMEOUT_S" in (job.note or "")
    assert job.attempt == 1
    assert TIMEOUT_S <= (job.timings_s or {})["judge"] < TIMEOUT_S + 30
    assert system.settle() == []
    with transaction(system.engine) as session:
        assert len(session.scalars(select(JudgeVerdict)).all()) == 1


@pytest.mark.faults
def test_a_worker_that_waits_for_a_judge_stops_at_once(
    system: System, judge: FakeJudge, films: tuple[Media, Media]
) -> None:
    """It gives the job back; the next worker asks again, and the video has its thumbnail."""
    asset_id = system.platform.upload(films[0])
    until(lambda: judge.asked, 60, "the judge is not asked")
    worker = system.programs["analyze"]

    assert worker.stop() < STOP_S

    judge.script = scripts.always_first()
    assert system.settle() == []
    job = first_job(system, asset_id)
    assert job is not None
    assert (job.state, job.attempt) == ("completed", 1)
