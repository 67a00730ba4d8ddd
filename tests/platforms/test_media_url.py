"""Videos at an address of their own, against a real server on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.growth import is_linear
from tests.support.media.media_server import MediaServer, dripping, endless
from tests.support.platforms.scripted_server import CUT, Answer, serving
from tests.support.platforms.webhook_senders import settings
from worker.errors import (
    AssetGone,
    InvalidSignature,
    MalformedPayload,
    PlatformUnavailable,
    PublishRejected,
    SourceRefused,
)
from worker.platforms import platform_of
from worker.platforms.base import AssetState, NewThumbnail, Platform, RemoteAsset, WriteBack
from worker.platforms.shared import media_host

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN = {"ETag": '"v1"', "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT", "Content-Length": "9000"}


def direct(url: str, **changes: Any) -> Platform:
    """A video at this address."""
    local = {"media_hosts": ("127.0.0.1",), "allow_loopback": True, **changes}
    return platform_of("direct", "media", settings(**local), media_url=url)


def asset(*answers: Answer) -> tuple[RemoteAsset, list[str]]:
    """What is found out about a file, and what its host was asked."""
    with serving(*answers) as server:
        found = direct(f"{server.url}/a.mp4").asset("promo/17")
    return found, server.asked


def test_a_file_is_told_from_its_next_version() -> None:
    """By whatever its host says about it, without fetching it."""
    found, asked = asset(Answer(headers=KNOWN))
    again, _ = asset(Answer(headers=KNOWN))

    assert (found.id, found.state) == ("promo/17", AssetState.READY)
    assert found.fingerprint == again.fingerprint
    assert asked == ["HEAD /a.mp4"]
    for name, value in {"ETag": '"v2"', "Last-Modified": "later", "Content-Length": "9001"}.items():
        assert asset(Answer(headers={**KNOWN, name: value}))[0].fingerprint != found.fingerprint


def test_a_host_that_tells_nothing_is_looked_at_every_time() -> None:
    """It cannot say that the file is the same."""
    silent = Answer(headers={"Content-Length": ""})

    assert asset(silent)[0].fingerprint != asset(silent)[0].fingerprint


@pytest.mark.parametrize("status", [400, 403, 405, 501])
def test_an_address_that_is_signed_for_reading_is_read(status: int) -> None:
    """Such an address refuses HEAD; one byte says as much."""
    part = Answer(206, raw=b"x", headers={"ETag": '"v1"', "Content-Range": "bytes 0-0/9000"})

    found, asked = asset(Answer(status), part)

    assert asked == ["HEAD /a.mp4", "GET /a.mp4"]
    assert '"9000"' in found.fingerprint


def test_the_whole_file_is_not_fetched_where_a_host_knows_no_ranges() -> None:
    """Its answer's head is enough, however much follows."""
    endless = Answer(200, headers={"ETag": '"v1"', "Content-Length": str(10**12)})

    found, _ = asset(Answer(405), endless)

    assert str(10**12) in found.fingerprint


def test_a_redirect_is_followed_on_allowed_hosts_only() -> None:
    """Each hop is checked like the first address."""
    here = Answer(302, headers={"Location": "/b.mp4"})
    elsewhere = Answer(302, headers={"Location": "http://localhost/b.mp4"})

    assert asset(here, Answer(headers=KNOWN))[1] == ["HEAD /a.mp4", "HEAD /b.mp4"]
    with pytest.raises(SourceRefused, match="localhost is not in MEDIA_HOSTS"):
        asset(elsewhere, Answer(headers=KNOWN))


def test_redirects_come_to_an_end() -> None:
    """Three are followed."""
    with pytest.raises(SourceRefused, match="more than 3 redirects"):
        asset(Answer(302, headers={"Location": "/a.mp4"}))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, SourceRefused),
        (403, SourceRefused),
        (404, AssetGone),
        (410, AssetGone),
        (416, SourceRefused),
        (429, PlatformUnavailable),
        (500, PlatformUnavailable),
        (CUT, PlatformUnavailable),
    ],
)
def test_a_file_that_cannot_be_read_says_whether_trying_again_helps(
    status: int, error: type[Exception]
) -> None:
    """And never repeats the address, which may hold a key."""
    with pytest.raises(error) as caught:
        asset(Answer(status, headers={"Retry-After": "7"}))

    assert "a.mp4" not in str(caught.value)
    if isinstance(caught.value, PlatformUnavailable) and status != CUT:
        assert caught.value.retry_after_s == 7


def test_a_host_that_is_down_is_told_in_words() -> None:
    """A job's sentence names no number of an error."""
    with serving(Answer(headers=KNOWN)) as server:
        url = f"{server.url}/a.mp4"

    with pytest.raises(PlatformUnavailable, match=r": no whole answer \(Connection refused\)$"):
        direct(url).asset("a")


def test_this_machine_is_out_of_reach_unless_that_is_allowed() -> None:
    """Even where an operator listed its address by mistake: nothing is asked."""
    with serving(Answer(headers=KNOWN)) as server:
        with pytest.raises(SourceRefused):
            direct(f"{server.url}/a.mp4", allow_loopback=False).asset("a")
        with pytest.raises(SourceRefused):
            direct("https://127.0.0.1/a.mp4", allow_loopback=False).asset("a")

    assert server.asked == []


def test_the_file_itself_is_read() -> None:
    """Redirects may lead to the other allowed hosts."""
    hosts = ("media.example.com", "cdn.example.com")
    url = "https://media.example.com/a.mp4?signature=x"

    found = direct(url, media_hosts=hosts).source(RemoteAsset("a", AssetState.READY, ""))

    assert (found.scan.url, found.scan.hosts, found.stills) == (url, hosts, None)


def test_a_host_that_is_no_longer_allowed_is_not_read() -> None:
    """The setting may have changed since the event."""
    with pytest.raises(SourceRefused, match="MEDIA_HOSTS"):
        direct("https://media.example.com/a.mp4").source(RemoteAsset("a", AssetState.READY, ""))


def test_nobody_is_there_to_write_to_or_to_hear_from() -> None:
    """Its thumbnails are served by us, and its events come to /v1/events."""
    platform, found = direct("https://media.example.com/a.mp4"), RemoteAsset("a", AssetState.READY, "")

    assert platform.write_back is WriteBack.NONE
    with pytest.raises(PublishRejected):
        platform.write(found, NewThumbnail(1.0, b""))
    with pytest.raises(InvalidSignature):
        platform.verify({}, b"", 0)
    with pytest.raises(MalformedPayload):
        platform.parse({}, b"{}")


MASTER = (
    b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow/index.m3u8?k=1\n#EXT-X-STREAM-INF:BANDWIDTH=2\nhigh.m3u8\n"
)
STREAM = b"#EXTM3U\n#EXTINF:1,\n0.ts\n#EXT-X-ENDLIST\n"


def look(files: dict[str, bytes], path: str = "/a.m3u8") -> tuple[RemoteAsset, list[str]]:
    """What is found out about an address of a host with these files, and what it was asked."""
    with MediaServer(files) as server:
        found = direct(f"{server.url}{path}").asset("promo/17")
    return found, server.paths


@pytest.mark.parametrize("path", ["/a.m3u8", "/a.M3U8", "/watch"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_playlist_is_told_by_its_first_bytes(path: str, mark: bytes) -> None:
    """Then the pictures may come from another variant than the one that is judged."""
    found, _ = look({path: mark + STREAM}, path)
    other, _ = look({path: b"\0\0\0\x18ftypmp42" + STREAM}, path)

    url = f"https://media.example.com{path}"
    source, file = (direct(url, media_hosts=("media.example.com",)).source(one) for one in (found, other))
    assert (source.scan.is_hls, source.stills) == (True, source.scan)
    assert (file.scan.is_hls, file.stills) == (False, None)


def test_an_edit_of_what_a_playlist_names_is_noticed() -> None:
    """The master playlist stays the same; its variants' playlists do not."""
    files = {"/a.m3u8": MASTER, "/low/index.m3u8": STREAM, "/high.m3u8": STREAM}

    before, asked = look(files)
    again, _ = look(files)
    after, _ = look({**files, "/high.m3u8": STREAM.replace(b"0.ts", b"1.ts")})

    assert asked[-3:] == ["/a.m3u8", "/low/index.m3u8?k=1", "/high.m3u8"]
    assert before.fingerprint == again.fingerprint != after.fingerprint


def test_a_spare_variant_that_cannot_be_read_does_not_matter() -> None:
    """It may be missing, or lie on a host that is not allowed, which is not asked."""
    with MediaServer({"/x": STREAM}) as other:
        spare = f"http://localhost:{other.port}/x".encode()
        lines = MASTER.replace(b"high.m3u8", spare) + b"missing.m3u8\nhttp://[\nfile:///etc/passwd\n"
        found, _ = look({"/a.m3u8": lines, "/low/index.m3u8": STREAM})

    assert found.details["is_hls"]
    assert other.requests == []


def test_a_host_that_dribbles_its_playlist_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes well before any time-out."""
    monkeypatch.setattr(media_host, "DEADLINE_S", 0.5)
    with MediaServer({"/a.m3u8": b"#EXTM3U" + b"\n" * 10_000}) as server:
        server.answers["/a.m3u8"] = dripping
        with pytest.raises(PlatformUnavailable, match="no whole answer"):
            direct(f"{server.url}/a.m3u8").asset("a")


@pytest.mark.parametrize("first", [b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n", b"\0"])
def test_a_body_without_end_is_left(monkeypatch: pytest.MonkeyPatch, first: bytes) -> None:
    """Of a playlist its first part is read, of anything else its first bytes."""
    monkeypatch.setattr(media_host, "MAX_PLAYLIST_BYTES", 100_000)
    with MediaServer({"/watch": first}) as server:
        server.answers["/watch"] = endless
        found = direct(f"{server.url}/watch").asset("a")

    assert found.details["is_hls"] is first.startswith(b"#")


def test_a_playlist_in_the_smallest_pieces_takes_no_longer() -> None:
    """A host may send each byte in a chunk of its own; none of them costs a copy of all before."""

    class Pieces:
        def __init__(self, text: str) -> None:
            self.text = text

        def iter_raw(self) -> Iterator[bytes]:
            yield b"#EXTM3U\n"
            yield from (b"a" for _ in self.text)

    def read(text: str) -> None:
        assert media_host.playlist_in(Pieces(text))  # type: ignore[arg-type]

    assert is_linear(read, lambda size: "a" * size * 20)
