"""A simulated day loses no video, and its clock is the database's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from tests.benchmarks.million.day import fleet, simulation, windows
from tests.benchmarks.million.day.arrivals import A_MILLION, DAY_S, day, per_s
from tests.benchmarks.million.day.clock import Clock
from tests.benchmarks.million.postgres import Database
from worker.database import transaction
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job, JobLog, StoredCandidate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.standalone.servers import Server

pytestmark = pytest.mark.faults


@pytest.fixture
def database(postgres_server: Server, database_url: str) -> Iterator[Database]:
    """Return a database of one test, as the benchmark uses it."""
    database = Database(postgres_server, str(make_url(database_url).database))
    yield database
    database.engine.dispose()


def test_every_video_of_a_day_ends_while_downloads_writes_and_workers_fail(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Published, deleted, given up, or never usable."""
    for what, share in (
        ("DOWNLOAD_FAILS", 0.2),
        ("UNREADABLE", 0.1),
        ("WRITE_FAILS", 0.2),
        ("WORKER_DIES", 0.1),
    ):
        monkeypatch.setattr(fleet, what, share)
    monkeypatch.setattr("worker.dispatch.dispatcher.Dispatcher._extend_grace", _no_grace)
    found = windows.simulated(database, videos=14, hours=2, in_bucket=True, slots=4)
    assert found["ends"]["lost"] == 0
    assert sum(found["ends"].values()) == found["videos"]
    assert found["ends"]["published"] > 0
    assert found["lag_s"]["p99"] < DAY_S
    assert found["each"]["transactions"] > 10
    with transaction(database.engine) as session:
        assert session.scalar(select(func.count()).select_from(WebhookEvent)) <= found["events"]
        assert session.scalar(select(func.count()).where(StoredCandidate.jpeg.is_not(None))) == 0
        seen_s = session.execute(select(func.min(JobLog.at), func.max(JobLog.at))).one()
    # The windows are twelve hours apart, and so are their rows.
    assert seen_s[1] - seen_s[0] > timedelta(hours=11)


def _no_grace(dispatcher: object) -> None:
    dispatcher._grace_ends_at = 0.0  # noqa: SLF001 - it counts real seconds


def test_a_video_that_nobody_finishes_is_found_lost(database: Database) -> None:
    """Else the test above could not fail."""
    clock = Clock(database.address, windows.BEGINS_AT)
    clock.rule(database.engine)
    with transaction(database.engine) as session:
        session.add(Asset(platform="mux", account="main", external_id="video-1", generation=1))
    assert simulation.ends(database.engine)["lost"] == 1


def test_rows_get_the_time_of_the_clock(database: Database) -> None:
    """By defaults of columns and in conditions."""
    clock = Clock(database.address, windows.BEGINS_AT)
    clock.rule(database.engine)
    clock.now_s = 3600.0
    with transaction(database.engine) as session:
        session.add(Asset(platform="mux", account="main", external_id="video-1"))
    with transaction(database.engine) as session:
        assert session.scalars(select(Asset.created_at)).one() == windows.BEGINS_AT + timedelta(hours=1)
        assert session.scalar(select(func.count()).where(Job.scheduled_at <= func.clock_timestamp())) == 0


def test_a_day_has_a_million_videos_and_fifty_a_second_at_its_peak() -> None:
    """The plateau and the evening on it add up."""
    seconds = range(0, int(DAY_S), 60)
    assert sum(60 * per_s(second / 3600) for second in seconds) == pytest.approx(A_MILLION, rel=0.01)
    assert max(per_s(second / 3600) for second in seconds) == pytest.approx(50.0)


def test_windows_hold_as_many_videos_as_wanted_and_most_of_them_in_the_evening() -> None:
    """The same seed brings the same videos."""
    videos = list(day(2_000))
    assert len(videos) == pytest.approx(2_000, rel=0.1)
    evening = [video for video in videos if 20 <= video.came_s / 3600 < 21]
    assert len(evening) == pytest.approx(2_000 * 50 / 278, rel=0.25)
    assert videos == sorted(videos, key=lambda video: video.came_s)
    assert videos == list(day(2_000))
