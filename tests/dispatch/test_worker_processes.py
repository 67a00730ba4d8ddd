"""Worker processes start whole or not at all, and stop in order, whatever they are doing."""

from __future__ import annotations

import os
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import redis
from sqlalchemy import select, update

from tests.support.faults import processes
from tests.support.faults.broker_illness import ILLNESSES
from tests.support.media import pictures
from tests.support.sandbox import decode_processes
from tests.support.service import builders
from tests.support.service.worker_processes import START_S, WorkerProcess, announced_writes, dispatch, job
from tests.support.waiting import until
from worker.database import make_engine, migrate, transaction
from worker.database.models import Job, Thumbnail
from worker.demo.simulator import Media, SimulatedMux
from worker.dispatch.celery_app import WorkerKind, make_app, send_hint
from worker.dispatch.worker_process import _outwait
from worker.standalone.servers import start_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

NOWHERE = "http://127.0.0.1:9/"  # nobody hears the webhooks; the tests record events themselves
NO_SERVER = "redis://127.0.0.1:9/0"
MOST_MORE = 10  # connections of an engine beyond its pool
SOON_S = 15.0  # REHINT_S is 60 s
AT_ONCE_S = 25.0  # to stop, on a busy machine; an orchestrator kills after 30 s


@pytest.fixture
def mux() -> Iterator[SimulatedMux]:
    """Serve a platform."""
    with SimulatedMux(NOWHERE) as mux:
        yield mux


@pytest.fixture
def variables(database_url: str, redis_url: str, mux: SimulatedMux, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a worker."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "WORK_DIR": str(tmp_path / "work"),
        "ALLOW_LOOPBACK": "true",
        "ANALYZE_CONCURRENCY": "1",
        **mux.settings("main"),
    }


@pytest.fixture
def asset_id(mux: SimulatedMux, engine: Engine) -> str:
    """Return a video that is ready at the platform, and recorded."""
    asset_id = upload(mux)
    builders.record(engine, builders.event(asset_id=asset_id))
    return asset_id


def upload(mux: SimulatedMux) -> str:
    """Add four seconds of real footage to the platform, and return the asset's id."""
    return mux.upload(Media(pictures.footage_path("carphone_pristine"), 4.0, 176, 144, 30.0))


@pytest.mark.faults  # test_running_service.py has it with all programs
def test_two_workers_bring_a_thumbnail_to_the_platform(
    variables: dict[str, str], engine: Engine, redis_url: str, mux: SimulatedMux, asset_id: str
) -> None:
    """One looks at the video, the other writes; both end when asked to."""
    with WorkerProcess("analyze", **variables) as analyze, WorkerProcess("publish", **variables) as publish:
        dispatch(engine, redis_url)
        until(lambda: job(engine).state == "completed")
        dispatch(engine, redis_url)
        until(lambda: builders.publication_states(engine) == ["confirmed"])

        assert analyze.stop() < AT_ONCE_S
        assert publish.stop(signal.SIGINT) < AT_ONCE_S

    assert mux.thumbnail_time(asset_id) == pytest.approx(
        builders.every(engine, Thumbnail)[0].time_s, abs=0.001
    )


@pytest.mark.usefixtures("asset_id")
def test_a_worker_that_is_stopped_at_work_gives_the_job_back(
    variables: dict[str, str], engine: Engine, redis_url: str, tmp_path: Path
) -> None:
    """Within seconds, with the attempt not counted, no child and no file left."""
    with WorkerProcess("analyze", **variables) as worker:
        (child,) = worker.children()
        os.kill(child, signal.SIGSTOP)  # a video that takes for ever
        dispatch(engine, redis_url)
        until(lambda: job(engine).stage == "probe")

        assert worker.stop() < AT_ONCE_S

    given_back = job(engine)
    assert (given_back.state, given_back.attempt, given_back.hinted_at) == ("available", 0, None)
    assert not os.path.exists(f"/proc/{child}")  # noqa: PTH110 - no file system path
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.usefixtures("asset_id")
def test_a_decode_process_that_is_killed_costs_one_attempt(
    variables: dict[str, str], engine: Engine, redis_url: str, mux: SimulatedMux
) -> None:
    """The worker goes on, and the next attempt succeeds."""
    with WorkerProcess("analyze", **variables) as worker:
        (first,) = worker.children()
        dispatch(engine, redis_url)
        until(lambda: job(engine).state == "completed")
        builders.record(engine, builders.event(asset_id=upload(mux)))
        # That of the next video, and not before it waits for a question: till then, its end costs nothing.
        until(lambda: worker.children() not in ([], [first]))
        (child,) = worker.children()
        until(lambda: decode_processes.waits(child))
        os.kill(child, signal.SIGSTOP)
        dispatch(engine, redis_url)
        until(lambda: job(engine).stage == "probe")
        os.kill(child, signal.SIGKILL)
        until(lambda: job(engine).state == "retryable")
        assert (job(engine).error_class, job(engine).attempt) == ("DecoderCrashed", 1)

        with transaction(engine) as session:
            session.execute(update(Job).values(scheduled_at=Job.requested_at))  # skip the back-off
        dispatch(engine, redis_url)
        until(lambda: job(engine).state == "completed")
        assert job(engine).attempt == 2


@pytest.mark.faults
@pytest.mark.usefixtures("asset_id")
def test_a_job_goes_on_while_the_broker_refuses(
    variables: dict[str, str], engine: Engine, redis_url: str
) -> None:
    """The work does not need the broker: it costs no attempt, and the model stays loaded."""
    read_only = ILLNESSES[0]
    variables["ANALYZE_CONCURRENCY"] = "2"  # one of them still asks for hints
    with WorkerProcess("analyze", **variables) as worker, redis.Redis.from_url(redis_url) as client:
        children = worker.children()
        for child in children:
            os.kill(child, signal.SIGSTOP)
        dispatch(engine, redis_url)
        until(lambda: job(engine).stage == "probe")
        with read_only.of(client):
            until(lambda: read_only.says in worker.log())
            for child in children:
                os.kill(child, signal.SIGCONT)
            until(lambda: job(engine).state == "completed")

        until(lambda: "the broker works again" in worker.log())
        assert job(engine).attempt == 1
        # Each video has a process of its own, but the one that nobody asked anything is still there.
        assert set(worker.children()) & set(children)


@pytest.fixture
def mortal(servers_dir: Path, tmp_path: Path) -> Iterator[processes.ServerPart]:
    """Start a PostgreSQL that the test may kill."""
    folder = servers_dir / f"mortal-{tmp_path.name[-10:]}"
    part = processes.ServerPart(start_postgres(folder, options={"fsync": "off"}))
    yield part
    part.close()


@pytest.mark.faults
@pytest.mark.parametrize("is_back", [True, False], ids=["that comes back", "that stays away"])
def test_a_hint_that_meets_a_dead_database_is_kept(
    variables: dict[str, str],
    redis_url: str,
    mux: SimulatedMux,
    mortal: processes.ServerPart,
    *,
    is_back: bool,
) -> None:
    """No dispatcher runs here that could send it again; who is asked to stop keeps it no longer."""
    asset_id, engine = upload(mux), make_engine(mortal.server.url)
    migrate.upgrade(engine)
    builders.record(engine, builders.event(asset_id=asset_id))
    builders.completed(engine)
    with WorkerProcess("publish", **(variables | {"DATABASE_URL": mortal.server.url})) as worker:
        (hint,) = announced_writes(engine)
        processes.kill_all(mortal)
        send_hint(make_app(redis_url), WorkerKind.PUBLISH, hint)
        until(lambda: "the hint is kept" in worker.log())
        if is_back:
            mortal.start()
            until(lambda: builders.publication_states(engine) == ["confirmed"], SOON_S)

        assert worker.stop() < AT_ONCE_S
        assert "Traceback" not in worker.log()
    engine.dispose()


def test_a_hint_that_meets_no_free_connection_is_kept(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As in a worker with more hints than connections, while the database is silent to those before."""
    engine, looked_at = make_engine(database_url, pool_size=1), []

    def look() -> None:
        with transaction(engine) as session:
            looked_at.append(session.scalar(select(1)))

    with ThreadPoolExecutor(1) as threads, ExitStack() as others:
        for _ in range(1 + MOST_MORE):
            others.enter_context(engine.connect())
        kept = threads.submit(_outwait, look, threading.Event())
        until(lambda: "the hint is kept" in caplog.text)
        others.close()
        kept.result(SOON_S)

    assert looked_at == [1]
    engine.dispose()


WRONG = [
    ({"MODEL": "no-such-model"}, "no model is called"),
    ({"REDIS_URL": ""}, "REDIS_URL"),
    ({"DATABASE_URL": "sqlite://"}, "DATABASE_URL"),
    ({"JUDGE_URL": "http://gpu-box:8000/v1?key=k", "JUDGE_MODEL": "m"}, "JUDGE_URL"),
]


def test_a_worker_that_cannot_work_says_why_and_ends(variables: dict[str, str]) -> None:
    """It takes no message, and an orchestrator sees that it failed."""
    with ExitStack() as stack:
        workers = [WorkerProcess("analyze", **(variables | changed)) for changed, _ in WRONG]
        for worker in workers:
            stack.callback(worker.__exit__)
        for worker, (_, reason) in zip(workers, WRONG, strict=True):
            assert worker.process.wait(START_S) == 2, worker.log()
            assert reason in worker.log()
            assert "Traceback" not in worker.log()


def test_a_worker_shows_its_numbers_only_when_its_model_has_worked(variables: dict[str, str]) -> None:
    """A rollout ends old workers as soon as new ones show theirs: here it never comes to opening its port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        own = {"MODEL": "no-such-model", "METRICS_PORT": str(port), "METRICS_HOST": "127.0.0.1"}
        worker = WorkerProcess("analyze", **variables, **own)
        try:
            assert worker.process.wait(START_S) == 2, worker.log()
            assert "no model is called" in worker.log()
        finally:
            worker.__exit__()


def test_a_worker_waits_for_its_broker_and_can_be_stopped_meanwhile(variables: dict[str, str]) -> None:
    """A broker that comes later is no reason to end."""
    worker = WorkerProcess("publish", **(variables | {"REDIS_URL": NO_SERVER}))
    try:
        until(lambda: "the broker does not answer" in worker.log(), START_S)

        assert worker.stop() < AT_ONCE_S
    finally:
        worker.__exit__()
