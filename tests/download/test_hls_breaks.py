"""Of a stream with breaks for ads, the longest recording is read, on the clock of the whole stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.media import clips, container_edits, pictures
from tests.support.media.hls_packages import INDEX, join, package
from tests.support.media.media_server import MediaServer
from worker.download.fetch import DownloadLimits, fetch_moments, fetch_video
from worker.errors import SourceRefused
from worker.pipeline.sandbox.decoder import Decoder
from worker.platforms.base import Rendition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker.files.video_file import VideoFile
    from worker.pipeline.media import Video

LIMITS = DownloadLimits(max_bytes=10_000_000, timeout_s=30, allow_loopback=True)
RATE = 25
FILM_S, AD_S = 5.0, 2.0
LONG_S = 24.0
FIRST_OF_AD = 500  #: the number that the first frame of an ad carries
KINDS = ("ts", "mp4")


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return a film, a longer one and an ad of numbered frames, as streams of both kinds of segments."""
    folder = tmp_path_factory.mktemp("hls")
    form = clips.Format(gop=RATE)
    film = clips.write(folder / "film.mp4", pictures.numbered(round(FILM_S * RATE)), form)
    ad = clips.write(
        folder / "ad.mp4", pictures.numbered(round(AD_S * RATE), first=FIRST_OF_AD, size=(480, 270)), form
    )
    sequel = clips.write(folder / "sequel.mp4", pictures.numbered(round((FILM_S + 1) * RATE)), form)
    long = clips.write(folder / "long.mp4", pictures.numbered(round(LONG_S * RATE)), form)
    files: dict[str, bytes] = {}
    for kind in KINDS:
        for clip in (film, ad, sequel, long):
            files |= package(folder, clip, f"{clip.stem}-{kind}", kind)
    for kind in KINDS:
        files[f"/broken-up-{kind}.m3u8"] = join(files, [f"ad-{kind}", f"film-{kind}", f"ad-{kind}"])
    return files


@pytest.fixture
def server(streams: dict[str, bytes]) -> Iterator[MediaServer]:
    """Run the media server of a platform that puts ads into its streams."""
    with MediaServer(streams) as running:
        yield running


def stream_of(server: MediaServer, kind: str) -> Rendition:
    """The film, with an ad before and one behind it."""
    return Rendition(f"{server.url}/broken-up-{kind}.m3u8", is_hls=True)


def probe(decoder: Decoder, file: VideoFile) -> Video:
    """Read the facts of what was fetched."""
    return decoder.probe(
        file.path,
        begins_at_s=file.begins_at_s,
        is_assembled=file.is_assembled,
        is_sparse=file.is_sparse,
    )


def number_at(decoder: Decoder, file: VideoFile, time_s: float) -> int:
    """Read the number of the frame that is shown at a moment of the whole stream."""
    video = probe(decoder, file)
    (still,) = decoder.take_stills(video, [time_s], [None], refine=False)
    assert still.time_s == pytest.approx(time_s, abs=1e-3)
    return pictures.read_number(still.rgb)


@pytest.mark.parametrize("kind", KINDS)
def test_the_film_between_the_ads_is_read(server: MediaServer, tmp_path: Path, kind: str) -> None:
    """At the times that a player of the stream shows, and people are told what was left out."""
    file = fetch_video(stream_of(server, kind), tmp_path, LIMITS)

    assert file.begins_at_s == pytest.approx(AD_S)
    assert file.note == (
        "the stream has 3 parts between discontinuities; the longest, 2.0 to 7.0 s, was looked at"
    )
    assert not any(path.startswith("/ad-") for path in server.paths)
    with Decoder() as decoder:
        video = probe(decoder, file)
        times_s = [candidate.time_s for candidate in decoder.scan(video).candidates]
        assert number_at(decoder, file, AD_S + 3.2) == round(3.2 * RATE)
    assert AD_S <= min(times_s) < max(times_s) <= AD_S + FILM_S
    assert video.duration_s == pytest.approx(AD_S + FILM_S, abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_stills_are_fetched_of_the_same_recording(server: MediaServer, tmp_path: Path, kind: str) -> None:
    """Also in a variant in which another one is the longest, and with few of its segments."""
    names = [f"ad-{kind}", f"film-{kind}", f"sequel-{kind}"]
    server.files["/variant.m3u8"] = join(server.files, names)
    variant = Rendition(f"{server.url}/variant.m3u8", is_hls=True)

    whole, some = fetch_video(variant, tmp_path, LIMITS), fetch_moments(variant, [5.2], tmp_path, LIMITS)

    assert (whole.begins_at_s, some.begins_at_s) == pytest.approx((AD_S + FILM_S, AD_S))
    with Decoder() as decoder:
        assert number_at(decoder, some, 5.2) == round((5.2 - AD_S) * RATE)
    assert some.path.stat().st_size < len(b"".join(_segments(server, f"/film-{kind}/")))


@pytest.mark.parametrize("kind", KINDS)
def test_a_still_behind_a_long_stretch_that_was_not_fetched_keeps_its_time(
    server: MediaServer, tmp_path: Path, kind: str
) -> None:
    """No pause and no jump of a joined recording: the segments between are only not there."""
    rendition = Rendition(f"{server.url}/long-{kind}/{INDEX}", is_hls=True)

    file = fetch_moments(rendition, [LONG_S - 2.0], tmp_path, LIMITS)

    assert file.is_sparse
    with Decoder() as decoder:
        video = probe(decoder, file)
        assert number_at(decoder, file, LONG_S - 2.0) == round((LONG_S - 2.0) * RATE)
    assert not video.is_vfr
    assert len(server.paths) < LONG_S / 2


@pytest.mark.parametrize("kind", ["film", "broken up", "some moments"])
def test_a_header_that_states_another_length_is_not_believed(
    server: MediaServer, tmp_path: Path, kind: str
) -> None:
    """Packagers write the length of the whole film into the header of each part."""
    for path, content in server.files.items():
        if path.startswith("/film-mp4/init"):
            server.files[path] = container_edits.with_stated_length(content, 3600)
        elif path.startswith("/film-mp4/"):
            server.files[path] = content.replace(b"sidx", b"free")  # an index would state the right one
    rendition = Rendition(f"{server.url}/film-mp4/{INDEX}", is_hls=True)
    begins_at_s = 0.0

    if kind == "some moments":
        file = fetch_moments(rendition, [FILM_S - 0.6], tmp_path, LIMITS)
    elif kind == "film":
        file = fetch_video(rendition, tmp_path, LIMITS)
    else:
        file, begins_at_s = fetch_video(stream_of(server, "mp4"), tmp_path, LIMITS), AD_S

    with Decoder() as decoder:
        video = probe(decoder, file)
        assert number_at(decoder, file, begins_at_s + 4.6) == round(4.6 * RATE)
    assert video.length_s == pytest.approx(FILM_S, abs=0.1)
    assert not video.notes


def _segments(server: MediaServer, folder: str) -> list[bytes]:
    return [
        content
        for path, content in server.files.items()
        if path.startswith(folder) and not path.endswith(INDEX)
    ]


def test_what_is_wrong_with_an_ad_does_not_matter(server: MediaServer, tmp_path: Path) -> None:
    """An ad that is encrypted, or missing, is not looked at anyway."""
    gap, locked = "#EXT-X-GAP\n", '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x"\n'
    before, first, film, last = (
        server.files["/broken-up-ts.m3u8"].decode().partition("/ad-ts")[0],
        *_parts(server),
    )
    server.files["/broken-up-ts.m3u8"] = (
        before.replace("#EXTINF", f"{gap}{locked}#EXTINF")
        + first
        + "#EXT-X-KEY:METHOD=NONE\n#EXT-X-DISCONTINUITY\n"
        + film
        + f"#EXT-X-DISCONTINUITY\n{locked}"
        + last
    ).encode()

    file = fetch_video(stream_of(server, "ts"), tmp_path, LIMITS)

    assert file.begins_at_s == pytest.approx(AD_S)


def _parts(server: MediaServer) -> list[str]:
    """The three parts of the playlist, the first without its head."""
    parts = server.files["/broken-up-ts.m3u8"].decode().split("#EXT-X-DISCONTINUITY\n")
    return ["/ad-ts" + parts[0].partition("/ad-ts")[2], *parts[1:]]


def test_an_ad_is_never_read_in_place_of_an_encrypted_film(server: MediaServer, tmp_path: Path) -> None:
    """Its picture would be the thumbnail of another video."""
    server.files["/broken-up-ts.m3u8"] = server.files["/broken-up-ts.m3u8"].replace(
        b"#EXT-X-DISCONTINUITY\n", b'#EXT-X-DISCONTINUITY\n#EXT-X-KEY:METHOD=AES-128,URI="k"\n', 1
    )

    with pytest.raises(SourceRefused, match=r"broken-up-ts\.m3u8: is encrypted \(AES-128\)"):
        fetch_video(stream_of(server, "ts"), tmp_path, LIMITS)
    assert server.paths == ["/broken-up-ts.m3u8"]
