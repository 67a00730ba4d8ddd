"""Of a large file only what is looked at is fetched, and the picks are those of the whole file."""

from __future__ import annotations

import io
import threading
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.films.paged_films import FORMS, LIMITS, begin, from_then_on, look_at
from tests.support.media import media_server as media
from worker.download.page_sink import Extent
from worker.download.paging import PagedDownload
from worker.download.transfer_clock import TransferClock
from worker.errors import Stopping
from worker.files.paged_file import PAGE_BYTES, PagedFile
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.platforms.base import Rendition

if TYPE_CHECKING:
    from tests.support.media.media_server import MediaServer
    from worker.pipeline.frames import Run
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.models import Models


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

    def broken_once(handler: media.Handler, content: bytes) -> None:
        last = handler.headers["Range"].partition("-")[2]
        answer = media.whole if last in ends else broken
        ends.add(last)
        answer(handler, content)

    ends: set[str] = set()
    from_then_on(server, broken_once)
    file = begin(server, tmp_path)
    decoder.begin(tmp_path)
    try:
        some = decoder.scan(decoder.probe(file.path, pages=file.pages))
    finally:
        file.close()

    whole = decoder.scan(decoder.probe(films["/film.mp4"]))
    assert [one.time_s for one in some.candidates] == [one.time_s for one in whole.candidates]


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


def test_who_asks_again_and_again_fills_no_memory(server: MediaServer, tmp_path: Path) -> None:
    """A page waits in line once, however often a decode process wants it."""
    server.answers["/film.mp4"] = media.silent
    path = tmp_path / "film.mp4"
    path.touch()
    extent = Extent(httpx.URL(f"{server.url}/film.mp4"), 0, 10_000 * PAGE_BYTES, media.ETAG, 0)
    rendition = Rendition(f"{server.url}/film.mp4")
    pages = PagedDownload(PagedFile.beside(path), [extent], rendition, LIMITS, TransferClock())
    try:
        pages.bring(0, pages.count, is_awaited=False)
        tracemalloc.start()
        for _ in range(100):
            pages.bring(0, pages.count, is_awaited=True)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        pages.close()

    # A hundred lines of 10,000 pages would take 8 MB; what is fetched meanwhile is in it, too.
    assert peak_bytes < 3_000_000


def test_a_file_that_cannot_be_made_leaves_nothing_open(tmp_path: Path) -> None:
    """A worker that lives for months would run out of descriptors."""
    path = tmp_path / "film.mp4"
    path.touch()
    path.with_name("film.mp4.pages").touch()  # in the way
    extent = Extent(httpx.URL("https://host.example/film.mp4"), 0, PAGE_BYTES, media.ETAG, 0)
    before = len([*Path("/proc/self/fd").iterdir()])

    with pytest.raises(FileExistsError):
        PagedDownload(PagedFile.beside(path), [extent], Rendition(str(extent.url)), LIMITS, TransferClock())

    assert len([*Path("/proc/self/fd").iterdir()]) == before
