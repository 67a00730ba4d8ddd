"""A video that lives on no platform is looked at where its address leads: to a file, or an HLS playlist."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.media import clips, pictures
from tests.support.media.hls_packages import INDEX, join, package
from tests.support.media.media_server import MediaServer
from tests.support.service import builders
from worker.database.models import Asset, StoredCandidate, Thumbnail
from worker.inbox import own_events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.service.analyzer_rig import AnalyzerRig
    from worker.database.models import Job

RATE = 25
SMALL, LARGE = (320, 180), (960, 540)
FILM_S, AD_S = 4.0, 2.0

MASTER = f"""#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=640x360
film/{INDEX}
#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=960x540
large/{INDEX}
"""


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return a film in two sizes and an ad, as HLS streams."""
    folder = tmp_path_factory.mktemp("hls")
    form = clips.Format(gop=RATE)
    for name, size in {"film": SMALL, "large": LARGE}.items():
        frames = pictures.footage("bikes", round(FILM_S * RATE), size=size)
        clips.write(folder / f"{name}.mp4", frames, form)
    clips.write(folder / "ad.mp4", pictures.footage("carphone_pristine", round(AD_S * RATE)), form)
    files: dict[str, bytes] = {"/master.m3u8": MASTER.encode()}
    for name in ("film", "large", "ad"):
        files |= package(folder, folder / f"{name}.mp4", name, "ts")
    return files


@pytest.fixture
def server(streams: dict[str, bytes]) -> Iterator[MediaServer]:
    """Run the customer's own media server."""
    with MediaServer(streams) as running:
        yield running


def look_at(rig: AnalyzerRig, media_url: str, minute: int = 0) -> Job:
    """Send what /v1/events gets, and do the job."""
    body = json.dumps(
        {
            "type": "asset.ready",
            "timestamp": f"2026-11-22T10:{minute:02}:00Z",
            "data": {"asset_id": "lesson-17", "media_url": media_url},
        }
    ).encode()
    events = own_events.parse({"webhook-id": f"evt-{minute}"}, body, rig.analyzer.settings)
    builders.record(rig.engine, *events)
    return rig.work()


@pytest.mark.parametrize("path", ["/master.m3u8", "/watch", "/lesson.mp4"])
def test_a_stream_gets_picks_like_a_file(rig: AnalyzerRig, server: MediaServer, path: str) -> None:
    """Whatever its address and its type say: the first bytes tell a playlist."""
    server.files[path] = b"\xef\xbb\xbf" + server.files["/master.m3u8"]

    job = look_at(rig, f"{server.url}{path}?token=sesame")

    assert job.state == "completed", job.error
    best = builders.every(rig.engine, Thumbnail)[0]
    assert best.width_px >= (SMALL if path == "/lesson.mp4" else LARGE)[0]
    assert list(rig.work_dir.iterdir()) == []


def test_a_pick_behind_an_ad_has_the_time_that_a_player_shows(rig: AnalyzerRig, server: MediaServer) -> None:
    """And the note says what was looked at."""
    server.files["/with-ads.m3u8"] = join(server.files, ["ad", "film", "ad"])

    job = look_at(rig, f"{server.url}/with-ads.m3u8")

    assert job.state == "completed", job.error
    assert all(AD_S <= one.time_s <= AD_S + FILM_S for one in builders.every(rig.engine, Thumbnail))
    assert all(AD_S <= one.time_s <= AD_S + FILM_S for one in builders.every(rig.engine, StoredCandidate))
    assert not any("/ad/" in asked for asked in server.paths)


def test_a_stream_is_told_from_its_next_version(rig: AnalyzerRig, server: MediaServer) -> None:
    """An edit changes what a master playlist names, not the master playlist."""
    url = f"{server.url}/master.m3u8"
    look_at(rig, url)
    before = len(server.paths)
    look_at(rig, url, minute=1)
    unchanged = server.paths[before:]
    playlist = server.files[f"/film/{INDEX}"].decode()
    server.files[f"/film/{INDEX}"] = playlist.replace("index3.ts", "index2.ts").encode()

    job = look_at(rig, url, minute=2)

    assert job.state == "completed", job.error
    assert not any(path.endswith(".ts") for path in unchanged)
    assert any(path.endswith(".ts") for path in server.paths[before + len(unchanged) :])


def test_a_segment_on_a_host_that_is_not_allowed_ends_the_job(rig: AnalyzerRig, server: MediaServer) -> None:
    """Nothing is fetched from there, and the sentence names the setting."""
    with MediaServer({"/0.ts": b"secret"}) as other:
        foreign = f"http://localhost:{other.port}/0.ts"
        server.files["/x.m3u8"] = f"#EXTM3U\n#EXTINF:1,\n{foreign}\n#EXT-X-ENDLIST".encode()

        job = look_at(rig, f"{server.url}/x.m3u8")

    assert (job.state, job.error_class) == ("discarded", "SourceRefused")
    assert "127.0.0.1 leads to localhost, a host that MEDIA_HOSTS does not name" in job.error
    assert other.requests == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!doctype html><title>Log in</title>", "watch: a web page"),
        (b"#EXTM3U\n#EXTINF:1,\n0.ts\n", "watch: is live"),
        (b'#EXTM3U\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd:x"\n#EXTINF:1,\na\n#EXT-X-ENDLIST', "encrypted"),
    ],
)
def test_a_job_that_ends_without_picks_names_the_file_and_the_reason(
    rig: AnalyzerRig, server: MediaServer, content: bytes, words: str
) -> None:
    """Without what may be a secret."""
    server.files["/watch"] = content

    job = look_at(rig, f"{server.url}/watch?token=sesame")

    assert job.state == "discarded"
    assert words in job.error
    assert "sesame" not in job.error
    assert builders.only(rig.engine, Asset).media_url.endswith("sesame")
