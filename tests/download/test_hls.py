"""An HLS stream becomes one local file with the pictures and the times of the video."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import av
import pytest

from tests.support.media import media_server as media
from tests.support.media.hls_packages import INDEX, PACKAGERS, package
from tests.support.media.media_server import MediaServer
from tests.support.media.pictures import footage_path
from worker.download.fetch import DownloadLimits, fetch_moments, fetch_video
from worker.errors import DownloadFailed, SourceRefused, Stopping, VideoTooLarge
from worker.pipeline.sandbox.decoder import Decoder
from worker.platforms.base import Rendition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMITS = DownloadLimits(max_bytes=10_000_000, timeout_s=30, allow_loopback=True)
CLIP_S = 10.0


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the clip in every kind of stream."""
    folder = tmp_path_factory.mktemp("hls")
    return {
        path: content
        for name in PACKAGERS
        for path, content in package(folder, footage_path("bikes"), name, name).items()
    }


@pytest.fixture
def server(packaged: dict[str, bytes]) -> Iterator[MediaServer]:
    """Run a platform's media server."""
    with MediaServer(packaged) as running:
        yield running


def at(server: MediaServer, path: str) -> Rendition:
    """A stream of that server."""
    return Rendition(f"{server.url}{path}", is_hls=True)


def pictures_of(path: Path) -> dict[float, str]:
    """Every frame of a file: its time from the start, and a hash of its samples."""
    with av.open(path) as container:
        start_s = (container.start_time or 0) / av.time_base
        return {
            round(frame.time - start_s, 3): hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest()
            for frame in container.decode(video=0)
        }


@pytest.mark.parametrize("name", PACKAGERS)
def test_the_joined_file_shows_the_video_frame_by_frame(
    server: MediaServer, tmp_path: Path, name: str
) -> None:
    """The same pictures at the same times as the file that was cut up."""
    shares: list[float] = []

    path = fetch_video(at(server, f"/{name}/{INDEX}"), tmp_path, LIMITS, on_progress=shares.append).path

    assert pictures_of(path) == pictures_of(footage_path("bikes"))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize("name", PACKAGERS)
def test_stills_need_the_segments_around_their_moments_only(
    server: MediaServer, tmp_path: Path, name: str
) -> None:
    """Each frame that comes has the time that it has in the whole video; most of them do not come."""
    whole = pictures_of(footage_path("bikes"))

    some = pictures_of(fetch_moments(at(server, f"/{name}/{INDEX}"), [6.2], tmp_path, LIMITS).path)

    assert some.items() <= whole.items()
    assert {time_s for time_s in whole if 5.7 <= time_s <= 6.7} <= some.keys()
    assert len(some) < len(whole) / 2


@pytest.mark.parametrize("name", ["ts", "mp4"])
def test_a_still_from_a_few_segments_is_the_still_of_the_whole_video(
    server: MediaServer, tmp_path: Path, name: str
) -> None:
    """The decoder takes it at the same time, in the middle and at both ends."""
    times_s = [0.0, 6.2, 9.88]
    with Decoder() as decoder:
        whole = decoder.take_stills(decoder.probe(footage_path("bikes")), times_s, [None] * 3)
        path = fetch_moments(at(server, f"/{name}/{INDEX}"), times_s, tmp_path, LIMITS).path
        some = decoder.take_stills(decoder.probe(path), times_s, [None] * 3)

    assert [still.time_s for still in some] == pytest.approx([still.time_s for still in whole], abs=1e-4)
    assert all((ours.rgb == theirs.rgb).all() for ours, theirs in zip(some, whole, strict=True))


MASTER = f"""#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="English, loud",URI="audio/{INDEX}"
#EXT-X-STREAM-INF:BANDWIDTH=90000,CODECS="mp4a.40.2"
audio/{INDEX}
#EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=480x270,CODECS="mp4a.40.2,avc1.640015"
270/{INDEX}
#EXT-X-STREAM-INF:BANDWIDTH=2500000,RESOLUTION=1280x720,CODECS="mp4a.40.2,avc1.640020"
720/{INDEX}
#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360
360/{INDEX}
#EXT-X-STREAM-INF:BANDWIDTH=9000000,RESOLUTION=3840x2160
2160/{INDEX}
#EXT-X-STREAM-INF:BANDWIDTH=5000000,RESOLUTION=1080x1920
upright/{INDEX}
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,RESOLUTION=640x360,URI="keyframes/{INDEX}"
"""


def keep(master: str, *folders: str) -> str:
    """The master playlist without its other variants."""
    head, *variants = master.split("#EXT-X-STREAM-INF:")
    kept = [variant for variant in variants if variant.split("\n")[1].split("/")[0] in folders]
    return "#EXT-X-STREAM-INF:".join([head, *kept])


@pytest.mark.parametrize(
    ("master", "scan", "stills"),
    [
        (MASTER, "360", "upright"),
        (keep(MASTER, "audio", "270"), "270", "270"),
        (keep(MASTER, "270", "2160"), "2160", "270"),
        (keep(MASTER, "2160"), "2160", "2160"),
        (keep(MASTER, "720", "360"), "360", "720"),
        (f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nonly/{INDEX}", "only", "only"),
    ],
)
def test_the_scan_takes_a_small_variant_and_the_stills_a_good_one(
    server: MediaServer, tmp_path: Path, master: str, scan: str, stills: str
) -> None:
    """Never sound alone, nor more than 1080p where there is less; an upright video counts by its width."""
    server.files["/master.m3u8"] = master.encode()
    for folder in {scan, stills}:
        server.answers[f"/{folder}/{INDEX}"] = media.redirect(f"/ts/{INDEX}")

    fetch_video(at(server, "/master.m3u8"), tmp_path, LIMITS)
    asked_for_scan = server.paths[1]
    server.requests.clear()
    fetch_moments(at(server, "/master.m3u8"), [1.0], tmp_path, LIMITS)

    assert asked_for_scan == f"/{scan}/{INDEX}"
    assert server.paths[1] == f"/{stills}/{INDEX}"


def test_a_signature_in_the_address_stays_with_the_playlist(server: MediaServer, tmp_path: Path) -> None:
    """Relative addresses start from where the playlist was found; what they need, they carry themselves."""
    server.answers["/start.m3u8"] = media.redirect(f"/ts/{INDEX}?token=a")

    fetch_video(at(server, "/start.m3u8?token=b"), tmp_path, LIMITS)

    assert server.paths[:2] == ["/start.m3u8?token=b", f"/ts/{INDEX}?token=a"]
    assert all("token" not in path and path.startswith("/ts/") for path in server.paths[2:])


def test_a_segment_that_breaks_off_is_fetched_again(server: MediaServer, tmp_path: Path) -> None:
    """The pieces before it stay."""
    server.answers[f"/ts/{INDEX[:-5]}1.ts"] = media.cut_after(999, etag="")

    path = fetch_video(at(server, f"/ts/{INDEX}"), tmp_path, LIMITS).path

    assert server.paths.count("/ts/index1.ts") == 2
    assert pictures_of(path) == pictures_of(footage_path("bikes"))


def test_a_segment_that_is_missing_fails_the_download(server: MediaServer, tmp_path: Path) -> None:
    """A video with a hole is not the video."""
    server.answers["/ts/index2.ts"] = media.status(404)

    with pytest.raises(DownloadFailed, match=r"index2\.ts"):
        fetch_video(at(server, f"/ts/{INDEX}"), tmp_path, LIMITS)


def test_parts_of_a_file_need_a_host_that_serves_parts(server: MediaServer, tmp_path: Path) -> None:
    """All of the file for each segment would be the video many times over."""
    path = next(path for path in server.files if path.startswith("/ts-parts/") and not path.endswith("m3u8"))
    server.answers[path] = media.without_ranges

    with pytest.raises(SourceRefused, match="serves no parts"):
        fetch_video(at(server, f"/ts-parts/{INDEX}"), tmp_path, LIMITS)


def test_a_part_beyond_the_end_of_its_file_is_no_success(server: MediaServer, tmp_path: Path) -> None:
    """The playlist promises more bytes than there are."""
    server.files["/x.m3u8"] = b"#EXTM3U\n#EXTINF:1,\n#EXT-X-BYTERANGE:99@1\nx.ts\n#EXT-X-ENDLIST"
    server.files["/x.ts"] = bytes(50)

    with pytest.raises(DownloadFailed, match="49 bytes came"):
        fetch_video(at(server, "/x.m3u8"), tmp_path, LIMITS)


def test_all_segments_together_keep_the_limit(server: MediaServer, tmp_path: Path) -> None:
    """Each is small."""
    with pytest.raises(VideoTooLarge):
        fetch_video(at(server, f"/ts/{INDEX}"), tmp_path, DownloadLimits(300_000, 30, allow_loopback=True))
    assert all(path.stat().st_size <= 300_000 for path in tmp_path.glob("*/*"))


def test_a_stream_is_given_up_between_segments(server: MediaServer, tmp_path: Path) -> None:
    """A process that is asked to end does not fetch the rest."""

    def should_stop() -> None:
        if len(server.requests) > 3:
            raise Stopping("asked to end")

    with pytest.raises(Stopping):
        fetch_video(at(server, f"/ts/{INDEX}"), tmp_path, LIMITS, should_stop)
    assert len(server.requests) == 4


def test_a_discontinuity_before_the_first_segment_says_nothing(server: MediaServer, tmp_path: Path) -> None:
    """Some packagers write one there."""
    server.files["/x.m3u8"] = (
        server.files[f"/ts/{INDEX}"]
        .replace(
            b"#EXTM3U", b"\xef\xbb\xbf#EXTM3U\r\n#EXT-X-DISCONTINUITY\n#EXT-X-KEY:METHOD=NONE\n# a remark"
        )
        .replace(b"index", b"/ts/index")
    )

    assert pictures_of(fetch_video(at(server, "/x.m3u8"), tmp_path, LIMITS).path) == pictures_of(
        footage_path("bikes")
    )
