"""What a host may do to a film that is fetched page by page, and which films it may not do it to."""

from __future__ import annotations

import gzip
import os
import socket
import struct
from typing import TYPE_CHECKING

import pytest

from tests.support.films.paged_films import LIMITS, begin, from_then_on, look_at
from tests.support.media import media_server as media
from worker.download.fetch import DownloadLimits, fetch_video
from worker.errors import DownloadFailed, PlatformUnavailable
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


def of_another_length(handler: media.Handler, content: bytes) -> None:
    """Send what was asked for, of a file that is said to be longer than it was."""
    first, last = (int(place) for place in handler.headers["Range"].removeprefix("bytes=").split("-"))
    part = content[first : last + 1]
    head = {"Content-Range": f"bytes {first}-{last}/{len(content) + 1}", "ETag": media.ETAG}
    handler.reply(206, {"Content-Length": len(part), **head}, part)


def packed(handler: media.Handler, content: bytes) -> None:
    """Send the part that was asked for, packed."""
    first, last = (int(place) for place in handler.headers["Range"].removeprefix("bytes=").split("-"))
    part = gzip.compress(content[first : last + 1])
    head = {"Content-Range": f"bytes {first}-{last}/{len(content)}", "ETag": media.ETAG}
    handler.reply(206, {"Content-Encoding": "gzip", "Content-Length": len(part), **head}, part)


def reset(handler: media.Handler, _content: bytes) -> None:
    """Hang up in the way that a crashed host does, before a word was said."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    raise ConnectionResetError


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
        (of_another_length, DownloadFailed, "changed while it was fetched"),
        (packed, DownloadFailed, "sent as gzip"),
        (reset, DownloadFailed, "broke off 4 times"),
        (media.redirect("http://169.254.169.254/film.mp4"), DownloadFailed, "does not name"),
        (media.redirect("http://127.0.0.1:0/film.mp4"), PlatformUnavailable, "cannot be reached"),
        (media.redirect("/film.mp4"), DownloadFailed, "redirects more than 3 times"),
        (media.status(503), PlatformUnavailable, "busy or down"),
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


def test_a_part_that_came_needs_no_end(
    server: MediaServer, films: dict[str, Path], decoder: Decoder, tmp_path: Path
) -> None:
    """Where it comes in chunks, a host may hang up in place of the last one, which is empty."""

    def without_last_chunk(handler: media.Handler, content: bytes) -> None:
        first, last = (int(place) for place in handler.headers["Range"].removeprefix("bytes=").split("-"))
        part = content[first : last + 1]
        head = {"Content-Range": f"bytes {first}-{last}/{len(content)}", "ETag": media.ETAG}
        chunk = b"%x\r\n%b\r\n" % (len(part), part)
        handler.reply(206, {"Transfer-Encoding": "chunked", **head}, chunk)
        handler.break_off()

    from_then_on(server, without_last_chunk)
    file = begin(server, tmp_path)
    decoder.begin(tmp_path)

    decoder.probe(file.path, pages=file.pages)
    file.close()

    asked = [request.headers["range"].removeprefix("bytes=").split("-") for request in server.requests[1:]]
    assert [(first, last) for first, last in asked if int(first) > int(last)] == []
    assert file.pages.fetched_bytes < films["/film.mp4"].stat().st_size  # type: ignore[union-attr]
    assert len(asked) > 2


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
