"""A job has one time for all that it fetches, and one room on the disk; what ends it leaves nothing there."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.analysis.hosts.test_media_urls import look_at
from tests.support.media import clips, pictures
from tests.support.media import media_server as media
from tests.support.media.hls_packages import INDEX, package
from tests.support.media.media_server import MediaServer
from tests.support.pictures.unsafe_pictures import PinkFinder, pink
from tests.support.service import builders
from tests.support.waiting import until
from worker.database import transaction
from worker.database.models import Asset
from worker.download import fetch
from worker.jobs.cancelling import cancel_for_operator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.service.analyzer_rig import AnalyzerRig

FILM_S, RATE = 4.0, 25
MASTER = f"""#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=640x360
scan/{INDEX}
#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=960x540
stills/{INDEX}
"""
LATE_S = 1.2


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return a film as a stream with two variants, of which that for stills is pink."""
    folder = tmp_path_factory.mktemp("hls")
    frames = [*pictures.footage("bikes", round(FILM_S * RATE), size=(320, 180))]
    files = {"/master.m3u8": MASTER.encode()}
    for name, shown in {"scan": frames, "stills": pink(frames)}.items():
        clips.write(folder / f"{name}.mp4", shown, clips.Format(gop=RATE))
        files |= package(folder, folder / f"{name}.mp4", name, "ts")
    return files


@pytest.fixture
def server(streams: dict[str, bytes]) -> Iterator[MediaServer]:
    """Run the customer's own media server."""
    with MediaServer(streams) as running:
        yield running


def set_limits(rig: AnalyzerRig, **limits: Any) -> None:
    """Let the worker have other settings."""
    rig.analyzer = replace(rig.analyzer, settings=rig.analyzer.settings.model_copy(update=limits))


def late(handler: media.Handler, content: bytes) -> None:
    """Answer after a while."""
    handler.media.closing.wait(LATE_S)
    media.whole(handler, content)


def test_a_host_that_is_slow_with_each_file_is_waited_for_once(rig: AnalyzerRig, server: MediaServer) -> None:
    """The time that the file to look at took is not there for that of the stills; a later try may have it."""
    server.answers |= {f"/{name}/index0.ts": late for name in ("scan", "stills")}
    set_limits(rig, download_timeout_s=2 * LATE_S - 0.2)

    job = look_at(rig, f"{server.url}/master.m3u8")

    assert (job.state, job.error_class) == ("retryable", "DownloadFailed"), job.error
    assert "DOWNLOAD_TIMEOUT_S" in job.error
    assert "/stills/index0.ts" in server.paths
    assert list(rig.work_dir.iterdir()) == []


def test_all_files_of_a_video_share_its_room_on_the_disk(
    rig: AnalyzerRig, server: MediaServer, streams: dict[str, bytes]
) -> None:
    """A worker's disk has room for so many videos, not for as many files of each as it has."""
    one_file_bytes = sum(len(content) for path, content in streams.items() if path.startswith("/scan/"))
    set_limits(rig, max_download_bytes=round(1.2 * one_file_bytes))

    job = look_at(rig, f"{server.url}/master.m3u8")

    assert (job.state, job.error_class) == ("discarded", "VideoTooLarge"), job.error
    assert "MAX_DOWNLOAD_BYTES" in job.error
    assert "/stills/index0.ts" in server.paths


def test_stills_that_are_not_shown_make_room_for_others(rig: AnalyzerRig, server: MediaServer) -> None:
    """Where pictures are flagged only once they are seen at full size, the stills of others are fetched."""
    rig.analyzer = replace(rig.analyzer, models=replace(rig.analyzer.models, unsafe=PinkFinder()))
    files: list[int] = []

    def count_files(handler: media.Handler, content: bytes) -> None:
        if rig.work_dir.is_dir():  # not while it is only asked what there is
            files.append(len([*rig.work_dir.glob("*/*/master.m3u8")]))
        media.whole(handler, content)

    server.answers[f"/stills/{INDEX}"] = count_files

    job = look_at(rig, f"{server.url}/master.m3u8")

    assert job.state == "completed", job.error
    assert len(files) > 1
    assert set(files) == {2}  # the one that was looked at, and that of the stills


def test_a_job_that_is_cancelled_while_a_page_is_fetched_leaves_nothing(
    rig: AnalyzerRig, server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file, and no connection to a host that may never answer."""
    monkeypatch.setattr(fetch, "WHOLE_BYTES", 100_000)
    server.files["/film.mp4"] = pictures.footage_path("bikes").read_bytes()
    is_asked = threading.Event()

    def answer(handler: media.Handler, content: bytes) -> None:
        if "If-Range" not in handler.headers:
            media.whole(handler, content)
            return
        is_asked.set()
        media.silent(handler, content)

    server.answers["/film.mp4"] = answer
    with ThreadPoolExecutor(1) as worker:
        job = worker.submit(look_at, rig, f"{server.url}/film.mp4")
        until(is_asked.is_set)
        with transaction(rig.engine) as session:
            cancel_for_operator(session, builders.only(rig.engine, Asset).id, "anna", "the wrong video")
        rig.analyzer.leases.renew()

        assert job.result().state == "cancelled"
    assert list(rig.work_dir.iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "pages"]
