"""Of a long HLS stream the beginnings of segments are fetched, and looked at where they are in the video."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.media import media_server as media
from tests.support.media.hls_packages import INDEX, PACKAGERS, package
from tests.support.media.media_server import MediaServer
from tests.support.media.pictures import footage_path
from worker.download import hls_pieces
from worker.download.fetch import DownloadLimits, fetch_video
from worker.pipeline.sandbox.decoder import Decoder
from worker.platforms.base import Rendition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker.files.video_file import VideoFile
    from worker.pipeline.frames import Scan
    from worker.pipeline.media import Video

LIMITS = DownloadLimits(max_bytes=10_000_000, timeout_s=30, allow_loopback=True)
PIECES = 4


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the clip in every kind of stream."""
    folder = tmp_path_factory.mktemp("hls")
    found: dict[str, bytes] = {}
    for name in PACKAGERS:
        found |= package(folder, footage_path("bikes"), name, name)
    return found


@pytest.fixture
def server(packaged: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[MediaServer]:
    """Run a platform's media server, whose streams of ten seconds count as long."""
    monkeypatch.setattr(hls_pieces, "SHORTEST_S", 5.0)
    monkeypatch.setattr(hls_pieces, "MIN_PIECES", PIECES)
    monkeypatch.setattr(hls_pieces, "MAX_PIECES", PIECES)
    monkeypatch.setattr(hls_pieces, "_MIN_WHOLE", 3)
    with MediaServer(packaged) as running:
        yield running


def look_at(file: VideoFile) -> tuple[Video, Scan]:
    """Probe and scan what was fetched."""
    try:
        with Decoder() as decoder:
            decoder.begin(file.path.parent)
            video = decoder.probe(
                file.path,
                begins_at_s=file.begins_at_s,
                is_assembled=file.is_assembled,
                is_sparse=file.is_sparse,
                pieces=file.pieces,
                pages=file.pages,
            )
            return video, decoder.scan(video)
    finally:
        file.close()


@pytest.mark.parametrize("name", PACKAGERS)
def test_pieces_are_seen_at_their_moments_of_the_video(
    server: MediaServer, tmp_path: Path, name: str
) -> None:
    """The file plays as long as the stream, and no candidate lies where nothing was fetched."""
    file = fetch_video(Rendition(f"{server.url}/{name}/{INDEX}", is_hls=True), tmp_path, LIMITS)
    video, scan = look_at(file)

    assert file.pages is not None
    assert len(file.pieces) == PIECES
    assert video.duration_s == pytest.approx(10.0, abs=0.2)
    with Decoder() as decoder:
        whole = decoder.scan(decoder.probe(footage_path("bikes")))
    assert scan.candidates
    assert all(one.time_s <= whole.candidates[-1].time_s + 0.3 for one in scan.candidates)
    assert file.pages.fetched_bytes <= file.pages.whole_bytes


@pytest.mark.parametrize("name", ["ts", "mp4"])
def test_a_host_without_parts_sends_some_segments_whole(
    server: MediaServer, tmp_path: Path, name: str
) -> None:
    """Evenly chosen, the first and the last among them."""
    for path in server.files:
        if not path.endswith(".m3u8"):
            server.answers[path] = media.without_ranges

    file = fetch_video(Rendition(f"{server.url}/{name}/{INDEX}", is_hls=True), tmp_path, LIMITS)
    video, scan = look_at(file)

    assert file.pages is None
    assert len(file.pieces) == 3
    assert video.duration_s == pytest.approx(10.0, abs=0.2)
    assert scan.candidates
