"""Of a large file only what is looked at is fetched, and the picks are those of the whole file."""

from __future__ import annotations

import io
import os
import subprocess
import threading
from typing import TYPE_CHECKING

import imageio_ffmpeg
import pytest

from tests.support.media import media_server as media
from tests.support.media.media_server import MediaServer
from tests.support.media.pictures import footage_path
from worker.download import fetch
from worker.download.fetch import DownloadLimits, fetch_video
from worker.errors import DownloadFailed, Stopping
from worker.files.paged_file import PAGE_BYTES
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.sandbox.decoder import Decoder
from worker.platforms.base import Rendition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker.files.video_file import VideoFile
    from worker.pipeline.frames import Run
    from worker.pipeline.scoring.models import Models

LIMITS = DownloadLimits(max_bytes=200_000_000, timeout_s=60, allow_loopback=True)
HASTY = DownloadLimits(max_bytes=200_000_000, timeout_s=1.0, allow_loopback=True)
FILM_S = 900
FORMS = {"film.mp4": (), "first.mp4": ("-movflags", "faststart"), "film.webm": ("-f", "matroska")}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Repeat a clip for a quarter of an hour: index at the end, index at the start, and Matroska."""
    folder, ffmpeg = tmp_path_factory.mktemp("films"), imageio_ffmpeg.get_ffmpeg_exe()
    scene = folder / "scene.mp4"
    source = ("-i", footage_path("bikes"), "-vf", "scale=480:-2", "-g", "50", "-bf", "2", "-b:v", "900k")
    subprocess.run([ffmpeg, "-v", "error", *source, scene], check=True)
    for name, packing in FORMS.items():
        loop = ("-stream_loop", "-1", "-i", scene, "-t", str(FILM_S), "-c", "copy", *packing)
        subprocess.run([ffmpeg, "-v", "error", *loop, folder / name], check=True)
    return {f"/{name}": folder / name for name in FORMS}


@pytest.fixture
def server(films: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[MediaServer]:
    """Run a platform's media server, whose films count as large."""
    monkeypatch.setattr(fetch, "WHOLE_BYTES", 10_000_000)
    with MediaServer({path: file.read_bytes() for path, file in films.items()}) as running:
        yield running


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    """Return one decode process for all tests here."""
    with Decoder() as decoder:
        yield decoder


def begin(
    server: MediaServer, folder: Path, limits: DownloadLimits = LIMITS, path: str = "/film.mp4"
) -> VideoFile:
    """Fetch the beginning of a film."""
    file = fetch_video(Rendition(f"{server.url}{path}"), folder, limits)
    assert file.pages is not None
    return file


def look_at(file: VideoFile, decoder: Decoder) -> None:
    """Read of it what a run reads before it scores anything."""
    try:
        decoder.begin(file.path.parent)
        decoder.scan(decoder.probe(file.path, pages=file.pages))
    finally:
        file.close()


def from_then_on(server: MediaServer, answer: media.Answer, path: str = "/film.mp4") -> None:
    """Answer so every request but that for the beginning and the first for a part."""
    requests = iter(range(1_000_000))

    def answers(handler: media.Handler, content: bytes) -> None:
        (answer if next(requests) > 1 else media.whole)(handler, content)

    server.answers[path] = answers


def told(run: Run) -> list[tuple[float, float]]:
    """What was picked, and how it was judged."""
    return [(pick.time_s, pick.score) for pick in run.picks]


@pytest.mark.parametrize("path", [f"/{name}" for name in FORMS])
def test_the_picks_are_those_of_the_whole_file(
    server: MediaServer, films: dict[str, Path], models: Models, decoder: Decoder, tmp_path: Path, path: str
) -> None:
    """Score for score, from less than half of the bytes of so short a film (the benchmark has long ones)."""
    file = begin(server, tmp_path, path=path)
    decoder.begin(tmp_path)

    some = pick_thumbnails(file, Options(count=2), models, decoder)
    file.close()
    whole = pick_thumbnails(films[path], Options(count=2), models, decoder)

    assert told(some) == told(whole)
    assert len(some.losers) == len(whole.losers)
    assert file.pages.fetched_bytes < 0.4 * films[path].stat().st_size  # type: ignore[union-attr]


def test_a_page_is_fetched_once(server: MediaServer, decoder: Decoder, tmp_path: Path) -> None:
    """However many decoders want it, and whether or not it was planned."""
    look_at(begin(server, tmp_path), decoder)

    asked = [request.headers["range"].removeprefix("bytes=").split("-") for request in server.requests[1:]]
    pages = [
        page for first, last in asked for page in range(int(first) // PAGE_BYTES, int(last) // PAGE_BYTES + 1)
    ]
    assert len(pages) == len(set(pages))
    assert 0 not in pages


def test_a_host_that_stops_sending_parts_sends_all(
    server: MediaServer, decoder: Decoder, tmp_path: Path
) -> None:
    """In the same attempt, and once."""
    from_then_on(
        server,
        lambda handler, content: handler.reply(
            200, {"Content-Length": len(content), "ETag": media.ETAG}, content
        ),
    )
    file = begin(server, tmp_path)

    look_at(file, decoder)

    assert file.path.read_bytes() == server.files["/film.mp4"]


def test_broken_connections_lose_nothing(
    server: MediaServer, films: dict[str, Path], decoder: Decoder, tmp_path: Path
) -> None:
    """Each part goes on where it broke."""

    def broken(handler: media.Handler, content: bytes) -> None:
        first, last = (int(place) for place in handler.headers["Range"].removeprefix("bytes=").split("-"))
        part = content[first : last + 1]
        head = {"Content-Range": f"bytes {first}-{last}/{len(content)}", "ETag": media.ETAG}
        handler.reply(206, {"Content-Length": len(part), **head}, part[: len(part) // 2 + 1])
        if len(part) > 1:
            handler.break_off()

    def sometimes_broken(handler: media.Handler, content: bytes) -> None:
        (broken if next(several) % 5 == 1 else media.whole)(handler, content)

    several = iter(range(1_000_000))
    from_then_on(server, sometimes_broken)
    file = begin(server, tmp_path)
    decoder.begin(tmp_path)
    try:
        some = decoder.scan(decoder.probe(file.path, pages=file.pages))
    finally:
        file.close()

    whole = decoder.scan(decoder.probe(films["/film.mp4"]))
    assert [one.time_s for one in some.candidates] == [one.time_s for one in whole.candidates]


def changed(handler: media.Handler, content: bytes) -> None:
    """Serve another file in its place."""
    media.whole(handler, os.urandom(len(content)), etag='"v2"')


def shifted(handler: media.Handler, content: bytes) -> None:
    """Send another part than was asked for."""
    head = {"Content-Range": f"bytes 0-{PAGE_BYTES - 1}/{len(content)}", "ETag": media.ETAG}
    handler.reply(206, {"Content-Length": PAGE_BYTES, **head}, content[:PAGE_BYTES])


def generous(handler: media.Handler, content: bytes) -> None:
    """Send more than was asked for."""
    first = int(handler.headers["Range"].removeprefix("bytes=").split("-")[0])
    part = content[first : first + 40 * PAGE_BYTES]
    head = {"Content-Range": f"bytes {first}-{len(content) - 1}/{len(content)}", "ETag": media.ETAG}
    handler.reply(206, {"Content-Length": len(part), **head}, part)


def shortened(handler: media.Handler, content: bytes) -> None:
    """Send a shorter file than there was, as if nothing had changed, to whoever asks for a part."""
    handler.reply(200, {"Content-Length": 3 * PAGE_BYTES, "ETag": media.ETAG}, content[: 3 * PAGE_BYTES])


def lengthened(handler: media.Handler, content: bytes) -> None:
    """Send a longer one."""
    longer = content + bytes(PAGE_BYTES)
    handler.reply(200, {"Content-Length": len(longer), "ETag": media.ETAG}, longer)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (changed, DownloadFailed, "changed while it was fetched"),
        (shifted, DownloadFailed, "another part came"),
        (generous, DownloadFailed, "more came than was asked for"),
        (media.status(404), DownloadFailed, "still exists"),
        (media.status(416), DownloadFailed, "answers 416"),
        (shortened, DownloadFailed, "changed while it was fetched"),
        (lengthened, DownloadFailed, "changed while it was fetched"),
    ],
)
def test_what_goes_wrong_on_the_way_has_a_name(
    server: MediaServer,
    decoder: Decoder,
    tmp_path: Path,
    answer: media.Answer,
    error: type[Exception],
    words: str,
) -> None:
    """It ends the look at the file, and never becomes a picture. The next attempt fetches the whole file."""
    from_then_on(server, answer)
    file = begin(server, tmp_path)

    with pytest.raises(error, match=words):
        look_at(file, decoder)


@pytest.mark.parametrize("answer", [media.silent, media.dripping_headers])
def test_a_slow_host_meets_the_deadline_of_the_download(
    server: MediaServer, decoder: Decoder, tmp_path: Path, answer: media.Answer
) -> None:
    """Not that of the decoder, which waits."""
    from_then_on(server, answer)
    file = begin(server, tmp_path, HASTY)

    with pytest.raises(DownloadFailed, match="DOWNLOAD_TIMEOUT_S"):
        look_at(file, decoder)


def test_a_word_ends_the_wait_and_leaves_no_thread(
    server: MediaServer, decoder: Decoder, tmp_path: Path
) -> None:
    """A process that is asked to end waits for no host."""
    from_then_on(server, media.silent)
    file = begin(server, tmp_path)
    before = threading.active_count()

    def stop(_fraction: float) -> None:
        if threading.active_count() > before:
            raise Stopping("asked to end")

    decoder.begin(tmp_path)
    with pytest.raises(Stopping):
        decoder.probe(file.path, stop, pages=file.pages)
    file.close()

    assert not [thread for thread in threading.enumerate() if thread.name == "pages"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda handler, content: media.whole(handler, content, etag='W/"v1"'),
        media.without_ranges,
    ],
    ids=["no strong tag", "no ranges"],
)
def test_a_host_that_cannot_serve_parts_of_one_file_sends_it_whole(
    server: MediaServer, tmp_path: Path, answer: media.Answer
) -> None:
    """With one request, as ever."""
    server.answers["/film.mp4"] = answer

    file = fetch_video(Rendition(f"{server.url}/film.mp4"), tmp_path, LIMITS)

    assert file.pages is None
    assert file.path.read_bytes() == server.files["/film.mp4"]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "limits_or_use", [DownloadLimits(200_000_000, 60, allow_loopback=True, in_pages=False), "one use"]
)
def test_a_second_attempt_and_an_address_that_opens_once_take_the_whole_file(
    server: MediaServer, tmp_path: Path, limits_or_use: DownloadLimits | str
) -> None:
    """What failed by pieces is not tried by pieces again."""
    is_one_use = isinstance(limits_or_use, str)
    limits = LIMITS if isinstance(limits_or_use, str) else limits_or_use

    file = fetch_video(Rendition(f"{server.url}/film.mp4", is_one_use=is_one_use), tmp_path, limits)

    assert file.pages is None
    assert len(server.requests) == 1


def test_a_hole_is_never_read(server: MediaServer, tmp_path: Path) -> None:
    """What is there of the file is the host's, and the rest is not touched."""
    file = begin(server, tmp_path)
    pages = file.pages
    assert pages is not None
    pages.bring(7, 2, is_awaited=True)
    while pages.busy_s() and not pages.file.map_path.read_bytes()[8]:
        pages.check()
    file.close()

    marks, content = pages.file.map_path.read_bytes(), io.BytesIO(file.path.read_bytes())
    here = [page for page, mark in enumerate(marks) if mark]
    assert {0, 7, 8} <= set(here)
    for page in here:
        content.seek(page * PAGE_BYTES)
        start = page * PAGE_BYTES
        assert content.read(PAGE_BYTES) == server.files["/film.mp4"][start : start + PAGE_BYTES]
