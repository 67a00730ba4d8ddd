"""What a host may do to a film that is fetched page by page, and which films it may not do it to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.films.paged_films import LIMITS, begin, from_then_on, look_at
from tests.support.media import media_server as media
from worker.download.fetch import DownloadLimits, fetch_video
from worker.errors import DownloadFailed
from worker.files.paged_file import PAGE_BYTES
from worker.platforms.base import Rendition

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.media.media_server import MediaServer
    from worker.pipeline.sandbox.decoder import Decoder

HASTY = DownloadLimits(max_bytes=200_000_000, timeout_s=1.0, allow_loopback=True)


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
