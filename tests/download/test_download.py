"""A rendition becomes a local file, or an error that says what went wrong and whether it may pass."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.media import media_server as media
from tests.support.media.media_server import MediaServer
from worker.download.fetch import DownloadLimits, fetch_moments, fetch_video
from worker.errors import (
    DownloadFailed,
    PlatformUnavailable,
    SourceRefused,
    Stopping,
    VideoTooLarge,
)
from worker.platforms.base import Rendition

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CLIP = os.urandom(300_000)
LIMITS = DownloadLimits(max_bytes=1_000_000, timeout_s=20, allow_loopback=True)
HASTY = DownloadLimits(max_bytes=1_000_000, timeout_s=0.5, allow_loopback=True)
PATH = "/low.mp4"


@pytest.fixture
def server() -> Iterator[MediaServer]:
    """Run a platform's media server."""
    with MediaServer({PATH: CLIP}) as running:
        yield running


@pytest.fixture
def rendition(server: MediaServer) -> Rendition:
    """Return the clip with a signature and a header, which no message and no stranger may see."""
    return Rendition(f"{server.url}{PATH}?token=sesame", headers={"Authorization": "Bearer sesame"})


def test_the_file_is_what_the_host_sent(rendition: Rendition, tmp_path: Path) -> None:
    """Byte for byte, for our eyes only, and with progress up to the end."""
    shares: list[float] = []

    path = fetch_video(rendition, tmp_path, LIMITS, on_progress=shares.append).path

    assert path.read_bytes() == CLIP
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_second_rendition_finds_room_beside_the_first(rendition: Rendition, tmp_path: Path) -> None:
    """Under the name that the host gives it, by which errors call it; it comes whole for stills, too."""
    first = fetch_video(rendition, tmp_path, LIMITS).path
    second = fetch_moments(rendition, [1.0], tmp_path, LIMITS).path

    assert first != second
    assert first.name == second.name == PATH.rpartition("/")[2]
    assert first.read_bytes() == second.read_bytes() == CLIP


def test_a_broken_transfer_goes_on_where_it_broke(
    server: MediaServer, rendition: Rendition, tmp_path: Path
) -> None:
    """Only the missing bytes are asked for, and only of the very same file."""
    server.answers[PATH] = media.cut_after(100_000, times=2)

    assert fetch_video(rendition, tmp_path, LIMITS).path.read_bytes() == CLIP
    assert [request.headers.get("range") for request in server.requests] == [
        None,
        "bytes=100000-",
        "bytes=200000-",
    ]
    assert server.requests[1].headers["if-range"] == media.ETAG


@pytest.mark.parametrize("etag", ["", 'W/"v1"'])
def test_without_a_strong_etag_a_broken_transfer_begins_again(
    server: MediaServer, rendition: Rendition, tmp_path: Path, etag: str
) -> None:
    """Two halves of two versions would make a third file."""
    server.answers[PATH] = media.cut_after(100_000, etag=etag)

    assert fetch_video(rendition, tmp_path, LIMITS).path.read_bytes() == CLIP
    assert [request.headers.get("range") for request in server.requests] == [None, None]


def test_a_file_that_changed_meanwhile_is_fetched_anew(
    server: MediaServer, rendition: Rendition, tmp_path: Path
) -> None:
    """The host sends all of the new one, which is shorter, and nothing of the old one stays."""
    old, new = media.cut_after(100_000), os.urandom(50_000)

    def change(handler: media.Handler, content: bytes) -> None:
        server.answers[PATH] = lambda handler, _content: media.whole(handler, new, etag='"v2"')
        old(handler, content)

    server.answers[PATH] = change

    assert fetch_video(rendition, tmp_path, LIMITS).path.read_bytes() == new


def test_a_host_that_mixes_versions_is_not_believed(
    server: MediaServer, rendition: Rendition, tmp_path: Path
) -> None:
    """A part of another version is not put behind the part that is here."""
    first = media.cut_after(100_000)

    def change(handler: media.Handler, content: bytes) -> None:
        server.answers[PATH] = media.cut_after(500_000, etag='"v2"')
        first(handler, content)

    server.answers[PATH] = change

    with pytest.raises(DownloadFailed, match="changed while it was fetched"):
        fetch_video(rendition, tmp_path, LIMITS)


def test_a_transfer_that_breaks_again_and_again_fails(
    server: MediaServer, rendition: Rendition, tmp_path: Path
) -> None:
    """The job tries again later."""
    server.answers[PATH] = media.cut_after(10, times=99)

    with pytest.raises(DownloadFailed, match="broke off 4 times"):
        fetch_video(rendition, tmp_path, LIMITS)
    assert len(server.requests) == 4


def test_an_address_that_opens_once_is_asked_once(
    server: MediaServer, rendition: Rendition, tmp_path: Path
) -> None:
    """A second request would only be refused: the job fetches another address for its next attempt."""
    server.answers[PATH] = media.cut_after(100_000, times=99)

    with pytest.raises(DownloadFailed, match="broke off once"):
        fetch_video(replace(rendition, is_one_use=True), tmp_path, LIMITS)

    assert len(server.requests) == 1


def test_a_body_shorter_than_stated_is_no_success(
    server: MediaServer, rendition: Rendition, tmp_path: Path
) -> None:
    """Half a video would pick half a thumbnail."""
    server.answers[PATH] = media.lying(len(CLIP) + 1)

    with pytest.raises(DownloadFailed):
        fetch_video(rendition, tmp_path, LIMITS)


def test_a_part_that_nobody_asked_for_is_no_video(
    server: MediaServer, rendition: Rendition, tmp_path: Path
) -> None:
    """206 to a plain request is half of something."""
    server.answers[PATH] = media.status(206, {"Content-Range": "bytes 0-0/10"})

    with pytest.raises(SourceRefused, match="another part"):
        fetch_video(rendition, tmp_path, LIMITS)


def test_a_large_file_is_refused_before_it_is_read(
    server: MediaServer, rendition: Rendition, tmp_path: Path
) -> None:
    """By the length that the host states."""
    server.answers[PATH] = media.lying(LIMITS.max_bytes + 1)

    with pytest.raises(VideoTooLarge, match="MAX_DOWNLOAD_BYTES"):
        fetch_video(rendition, tmp_path, LIMITS)
    assert not any(path.stat().st_size for path in tmp_path.glob("*/*"))


def test_an_endless_file_ends_at_the_limit(server: MediaServer, rendition: Rendition, tmp_path: Path) -> None:
    """Without a stated length the bytes are counted."""
    server.answers[PATH] = media.endless

    with pytest.raises(VideoTooLarge):
        fetch_video(rendition, tmp_path, LIMITS)
    assert all(path.stat().st_size <= LIMITS.max_bytes for path in tmp_path.glob("*/*"))


@pytest.mark.parametrize("answer", [media.dripping, media.dripping_headers, media.silent])
def test_a_slow_host_meets_the_deadline(
    server: MediaServer, rendition: Rendition, tmp_path: Path, answer: media.Answer
) -> None:
    """A byte now and then satisfies every time-out of one read, in the body and in the headers."""
    server.answers[PATH] = answer

    with pytest.raises(DownloadFailed, match="DOWNLOAD_TIMEOUT_S"):
        fetch_video(rendition, tmp_path, HASTY)


@pytest.mark.parametrize("answer", [media.dripping, media.dripping_headers, media.silent, media.endless])
def test_a_download_is_given_up_at_a_word(
    server: MediaServer, rendition: Rendition, tmp_path: Path, answer: media.Answer
) -> None:
    """A process that is asked to end does not wait for a host."""
    server.answers[PATH] = answer

    def should_stop() -> None:
        if server.requests:
            raise Stopping("asked to end")

    with pytest.raises(Stopping):
        fetch_video(rendition, tmp_path, LIMITS, should_stop)


def test_a_host_that_is_down_may_come_back(tmp_path: Path) -> None:
    """A refused connection is an outage."""
    with MediaServer() as server:
        gone = Rendition(f"{server.url}{PATH}")

    with pytest.raises(PlatformUnavailable, match=r"cannot be reached \(Connection refused\)"):
        fetch_video(gone, tmp_path, LIMITS)


def test_a_compressed_body_is_refused(server: MediaServer, rendition: Rendition, tmp_path: Path) -> None:
    """We asked for the plain file; what it unpacks to cannot be known."""
    server.answers[PATH] = media.compressed

    with pytest.raises(SourceRefused, match="gzip"):
        fetch_video(rendition, tmp_path, LIMITS)


def test_plain_http_needs_the_setting(rendition: Rendition, tmp_path: Path) -> None:
    """As in production."""
    with pytest.raises(SourceRefused, match="over https"):
        fetch_video(rendition, tmp_path, DownloadLimits(max_bytes=1_000_000, timeout_s=20))


@pytest.mark.parametrize(
    "answer",
    [media.status(500), media.status(404), media.cut_after(9, times=9), media.compressed, media.silent],
)
def test_no_message_tells_a_secret(
    server: MediaServer, rendition: Rendition, tmp_path: Path, answer: media.Answer
) -> None:
    """A signed address lets everybody in; its query stays out of errors."""
    server.answers[PATH] = answer

    with pytest.raises((DownloadFailed, PlatformUnavailable, SourceRefused)) as caught:
        fetch_video(rendition, tmp_path, HASTY)
    assert "low.mp4" in str(caught.value)
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "/bcdn_token=HS256-sesame&token_path=%2Fv1%2F&expires=1790000000/v1/low.mp4",
        f"/eyJhbGciOiJSUzI1NiJ9.{'sesame' * 20}.c2ln/downloads/low.mp4",
        "/vod/vi1/token/sesame-0001/mp4/low.mp4",
    ],
    ids=["bunny", "cloudflare", "api_video"],
)
def test_no_message_tells_a_token_that_is_part_of_the_path(
    server: MediaServer, tmp_path: Path, address: str
) -> None:
    """Some content networks sign there."""
    with pytest.raises(DownloadFailed, match=r"/\.\.\./.*low\.mp4: the host answers 404") as caught:
        fetch_video(Rendition(server.url + address), tmp_path, HASTY)

    assert "sesame" not in str(caught.value)


def test_a_full_disk_is_an_error_that_names_the_setting(rendition: Rendition, tmp_path: Path) -> None:
    """A process that may write little meets the same end as one on a full disk, and stays alive."""
    program = (
        "import resource, sys; from pathlib import Path; from worker.download.fetch import *; "
        "from worker.platforms.base import Rendition; from worker.errors import DownloadFailed\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "limits = DownloadLimits(10**6, 20, allow_loopback=True)\n"
        "try: fetch_video(Rendition(sys.argv[1]), Path(sys.argv[2]), limits)\n"
        "except DownloadFailed as exc: print(exc)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, rendition.url, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )

    assert "File too large" in done.stdout
    assert "WORK_DIR" in done.stdout
