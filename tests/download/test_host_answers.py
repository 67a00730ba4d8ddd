"""What a host answers instead of the video, and whether trying again could help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.media import media_server as media
from tests.support.media.media_server import MediaServer
from worker.download.fetch import DownloadLimits, fetch_video
from worker.errors import DownloadFailed, PlatformUnavailable, SourceRefused, ThumbsError
from worker.platforms.base import Rendition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMITS = DownloadLimits(max_bytes=1_000_000, timeout_s=20, allow_loopback=True)
PATH = "/low.mp4"


@pytest.fixture
def server() -> Iterator[MediaServer]:
    """Run a platform's media server."""
    with MediaServer() as running:
        yield running


@pytest.fixture
def rendition(server: MediaServer) -> Rendition:
    """Return a file that the platform has announced."""
    return Rendition(f"{server.url}{PATH}")


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (401, DownloadFailed, "signing key"),
        (403, DownloadFailed, "playback restrictions"),
        (404, DownloadFailed, "still exists"),
        (408, PlatformUnavailable, "busy or down"),
        (425, PlatformUnavailable, "busy or down"),
        (429, PlatformUnavailable, "busy or down"),
        (500, PlatformUnavailable, "busy or down"),
        (503, PlatformUnavailable, "busy or down"),
        (400, SourceRefused, "and would again"),
        (410, SourceRefused, "and would again"),
        (451, SourceRefused, "and would again"),
        (204, SourceRefused, "and would again"),
        (304, SourceRefused, "and would again"),
    ],
)
def test_each_answer_says_whether_trying_again_helps(
    server: MediaServer, rendition: Rendition, tmp_path: Path, code: int, error: type[Exception], words: str
) -> None:
    """A file that was just announced may be late at an edge; a file that is gone stays gone."""
    server.answers[PATH] = media.status(code)

    with pytest.raises(error, match=f"{code}.*{words}"):
        fetch_video(rendition, tmp_path, LIMITS)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("header", "least_s", "most_s"),
    [("17", 17, 17), ("Wed, 21 Oct 2099 07:28:00 GMT", 3600, 3600), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0)],
)
def test_a_busy_host_says_when_to_come_back(
    server: MediaServer, rendition: Rendition, tmp_path: Path, header: str, least_s: float, most_s: float
) -> None:
    """In seconds, or as a date; more than an hour is not waited."""
    server.answers[PATH] = media.status(429, {"Retry-After": header})

    with pytest.raises(PlatformUnavailable) as caught:
        fetch_video(rendition, tmp_path, LIMITS)
    assert caught.value.retry_after_s is not None
    assert least_s <= caught.value.retry_after_s <= most_s


def test_a_word_that_is_no_time_is_no_wait(server: MediaServer, rendition: Rendition, tmp_path: Path) -> None:
    """The back-off of the job applies."""
    server.answers[PATH] = media.status(503, {"Retry-After": "soon"})

    with pytest.raises(PlatformUnavailable) as caught:
        fetch_video(rendition, tmp_path, LIMITS)
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize(
    ("code", "headers"),
    [
        (200, {"Content-Length": "9" * 5000}),
        (200, {"Content-Length": "9" * 20}),
        (200, {"Content-Length": "-1"}),
        (206, {"Content-Range": f"bytes {'0' * 5000}-1/2"}),
        (206, {"Content-Range": f"bytes 0-{'9' * 5000}/*"}),
        (206, {"Content-Range": "bytes \N{ARABIC-INDIC DIGIT ZERO}-1/2".encode().decode("latin-1")}),
    ],
)
def test_a_head_with_a_number_beyond_all_bounds_is_a_named_failure(
    server: MediaServer, rendition: Rendition, tmp_path: Path, code: int, headers: dict[str, str]
) -> None:
    """No error of a class that says nothing about trying again."""

    def answer(handler: media.Handler, _content: bytes) -> None:
        handler.reply(code, {"Content-Length": 1, **headers}, b"1")
        handler.break_off()

    server.answers[PATH] = answer

    with pytest.raises(ThumbsError):
        fetch_video(rendition, tmp_path, LIMITS)


@pytest.mark.parametrize(
    "header", ["9" * 5000, "1e999", "nan", "-inf", f"Wed, 21 Oct {'9' * 5000} 07:28:00 GMT"]
)
def test_a_wait_beyond_all_bounds_is_no_wait(
    server: MediaServer, rendition: Rendition, tmp_path: Path, header: str
) -> None:
    """Or the longest that there is."""
    server.answers[PATH] = media.status(503, {"Retry-After": header})

    with pytest.raises(PlatformUnavailable) as caught:
        fetch_video(rendition, tmp_path, LIMITS)
    assert caught.value.retry_after_s in {None, 3600}
