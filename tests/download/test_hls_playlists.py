"""A playlist that is damaged, or leads elsewhere, is refused before anything it names is fetched."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.growth import is_linear
from tests.support.media import media_server as media
from tests.support.media.media_server import MediaServer
from worker.download import hls_playlist
from worker.download.fetch import DownloadLimits, fetch_video
from worker.download.hls_playlist import Stream, VariantStream, parse_playlist
from worker.errors import SourceRefused, UnreadableVideo
from worker.platforms.base import Rendition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMITS = DownloadLimits(max_bytes=10_000_000, timeout_s=30, allow_loopback=True)


@pytest.fixture
def server() -> Iterator[MediaServer]:
    """Run a platform's media server with two segments."""
    with MediaServer({"/0.ts": b"zero", "/1.ts": b"one"}) as running:
        yield running


def at(server: MediaServer, path: str) -> Rendition:
    """A stream of that server."""
    return Rendition(f"{server.url}{path}", is_hls=True)


def playlist(*lines: str, end: str = "#EXT-X-ENDLIST") -> bytes:
    """A media playlist of one good segment and these lines."""
    return "\n".join(["#EXTM3U", "#EXTINF:1,", "/0.ts", *lines, end]).encode()


LATER = ("#EXTINF:1,", "/1.ts")


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (playlist(end=""), SourceRefused, "is live"),
        (playlist('#EXT-X-KEY:METHOD=AES-128,URI="key"', *LATER), SourceRefused, r"encrypted \(AES-128\)"),
        (playlist('#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x"', *LATER), SourceRefused, "DRM"),
        (playlist("#EXT-X-KEY:URI=x", "#EXT-X-DISCONTINUITY", "#EXTINF:9,", "/1.ts"), SourceRefused, "encr"),
        (playlist('#EXT-X-MAP:URI="other.mp4"', *LATER), SourceRefused, "changes its format"),
        (playlist("#EXT-X-GAP", *LATER), SourceRefused, "gaps"),
        (playlist('#EXT-X-DEFINE:NAME="a",VALUE="b"'), SourceRefused, "variables"),
        (b"#EXTM3U\n#EXT-X-ENDLIST", UnreadableVideo, "is empty"),
        (b"", UnreadableVideo, "not an HLS playlist"),
        (b"<html>Not found</html>", UnreadableVideo, "not an HLS playlist"),
        (b"\xff\xfe\x00garbage", UnreadableVideo, "not an HLS playlist"),
        (playlist("/1.ts"), UnreadableVideo, "without #EXTINF"),
        (playlist("#EXTINF:nan,", "/1.ts"), UnreadableVideo, "no duration"),
        (playlist("#EXTINF:-1,", "/1.ts"), UnreadableVideo, "no duration"),
        (playlist("#EXTINF:long,", "/1.ts"), UnreadableVideo, "damaged"),
        (playlist("#EXTINF:1,", "#EXT-X-BYTERANGE:-5@0", "/1.ts"), UnreadableVideo, "whole number"),
        (playlist("#EXTINF:1,", "#EXT-X-BYTERANGE:5", "/1.ts"), UnreadableVideo, "without its place"),
        (playlist("#EXT-X-MAP:X=1"), UnreadableVideo, "without a URI"),
        (b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=x\nlow.m3u8", UnreadableVideo, "whole number"),
        (b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8", UnreadableVideo, "list of lists"),
        (b'#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="mp4a.40.2"\na', UnreadableVideo, "sound only"),
        (b"#EXTM3U\n" + b"#EXTINF:1,\na.ts\n" * 43_201, SourceRefused, "more than 43200"),
    ],
)
def test_what_cannot_be_one_video_is_refused_with_the_reason(
    server: MediaServer, tmp_path: Path, content: bytes, error: type[Exception], words: str
) -> None:
    """Before any segment is fetched; the message names the playlist."""
    server.files["/x.m3u8"] = content

    with pytest.raises(error, match=rf"/x\.m3u8: .*{words}"):
        fetch_video(at(server, "/x.m3u8"), tmp_path, LIMITS)
    assert {path for path in server.paths if not path.endswith(".m3u8")} == set()


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "concat:/etc/passwd",
        "data:video/mp2t;base64,AAAA",
        "crypto:x",
        "http://localhost:{port}/secret",
        "//localhost:{port}/secret",
        "http://user@127.0.0.1:{port}/secret",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/secret",
    ],
)
@pytest.mark.parametrize("role", ["variant", "init", "segment", "redirect", "key"])
@pytest.mark.parametrize("is_hls", [True, False])
def test_a_playlist_leads_to_no_other_place(
    server: MediaServer, tmp_path: Path, address: str, role: str, *, is_hls: bool
) -> None:
    """Neither to files of this machine nor to another host, in whatever place of a playlist.

    Nor does one that was taken for a file, until its first bytes came.
    """
    with MediaServer({"/secret": b"secret"}) as canary:
        address = address.format(port=canary.port)
        server.files["/x.m3u8"] = {
            "variant": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{address}",
            "init": f'#EXTM3U\n#EXT-X-MAP:URI="{address}"\n#EXTINF:1,\n/0.ts\n#EXT-X-ENDLIST',
            "segment": f"#EXTM3U\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST",
            "key": f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{address}"\n#EXTINF:1,\n/0.ts\n#EXT-X-ENDLIST',
            "redirect": "#EXTM3U\n#EXTINF:1,\n/away\n#EXT-X-ENDLIST",
        }[role].encode()
        server.answers["/away"] = media.redirect(address)

        with pytest.raises(SourceRefused):
            fetch_video(replace(at(server, "/x.m3u8"), is_hls=is_hls), tmp_path, LIMITS)

    assert canary.requests == []
    assert not any(path.stat().st_size for path in tmp_path.glob("*/*"))


TAGS = (
    "#EXTM3U",
    "#EXTINF:",
    "#EXT-X-BYTERANGE:",
    "#EXT-X-ENDLIST",
    '#EXT-X-MAP:URI="',
    "#EXT-X-KEY:METHOD=",
    "#EXT-X-DISCONTINUITY",
    "#EXT-X-GAP",
    "#EXT-X-STREAM-INF:BANDWIDTH=",
    ",RESOLUTION=",
    "@",
    "x",
    "\n",
)


@given(st.lists(st.sampled_from(TAGS) | st.text(max_size=8) | st.integers().map(str)).map("".join))
def test_whatever_a_playlist_says_it_is_read_or_refused(text: str) -> None:
    """No playlist ends in a traceback, and what is read makes sense."""
    try:
        playlist = parse_playlist(f"#EXTM3U\n{text}")
    except (SourceRefused, UnreadableVideo):
        return
    if isinstance(playlist, Stream):
        segments = [segment for one in playlist.recordings for segment in one.segments]
        spans = [segment.span for segment in segments if segment.span]
        assert all(one.segments for one in playlist.recordings)
        assert all(span.first_byte >= 0 and span.length_bytes > 0 for span in spans)
        assert all(segment.uri and segment.duration_s >= 0 for segment in segments)
    else:
        assert all(variant.uri for variant in playlist)


@pytest.mark.parametrize(
    "tag", ["#EXT-X-STREAM-INF:", "#EXT-X-MAP:", "#EXT-X-KEY:", "#EXTINF:", "#EXT-X-BYTERANGE:"]
)
@pytest.mark.parametrize("repeated", ["A", "A=", 'A="', "A,", '"', '",', "1", "="])
def test_a_long_line_takes_no_longer_than_it_is(
    monkeypatch: pytest.MonkeyPatch, tag: str, repeated: str
) -> None:
    """Beyond the limit, too, which is not what keeps it short."""
    monkeypatch.setattr(hls_playlist, "MAX_LINE_CHARACTERS", 10**6)

    def read(line: str) -> None:
        with suppress(SourceRefused, UnreadableVideo):
            parse_playlist(f"#EXTM3U\n{tag}{line}\nx.m3u8\n#EXT-X-ENDLIST\n")

    assert is_linear(read, lambda size: repeated * (size // len(repeated)))


def test_a_line_without_end_is_named() -> None:
    """No address is so long."""
    line = "A" * (hls_playlist.MAX_LINE_CHARACTERS + 1)

    with pytest.raises(UnreadableVideo, match="line 2 has 16385 characters; 16384 are read"):
        parse_playlist(f"#EXTM3U\n{line}\n")


@pytest.mark.parametrize(
    "lines",
    [
        f"#EXTINF:1,\n#EXT-X-BYTERANGE:{'9' * 4000}@0\n/0.ts",
        f"#EXTINF:1,\n#EXT-X-BYTERANGE:1@{'9' * 19}\n/0.ts",
        "#EXTINF:1e300,\n/0.ts",
        "#EXTINF:90000,\n/0.ts",
        "#EXTINF:nan,\n/0.ts",
        f"#EXT-X-STREAM-INF:BANDWIDTH={'9' * 4000}\n/0.m3u8",
    ],
)
def test_numbers_beyond_all_bounds_are_a_damage(lines: str) -> None:
    """They would come up again as a size, a place or a moment."""
    with pytest.raises(UnreadableVideo, match="damaged"):
        parse_playlist(f"#EXTM3U\n{lines}\n#EXT-X-ENDLIST\n")


def test_attributes_may_hold_commas_and_spaces() -> None:
    """Packagers write lists in quotes, and some a space after a comma."""
    told = '#EXT-X-STREAM-INF:CODECS="avc1.4d401f,mp4a.40.2", BANDWIDTH=1000,RESOLUTION=640x360'

    (variant,) = parse_playlist(f"#EXTM3U\n{told}\nlow.m3u8\n")

    assert variant == VariantStream("low.m3u8", 1000, 360, ("avc1.4d401f", "mp4a.40.2"))
