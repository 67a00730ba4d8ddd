"""Every hop of a download is checked like the first, and a stranger learns nothing."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

import pytest

from tests.http.test_public_client import INSIDE
from tests.support.media import media_server as media
from tests.support.media.media_server import MediaServer
from worker.download.fetch import DownloadLimits, fetch_video
from worker.errors import SourceRefused
from worker.http.public_client import is_loopback
from worker.platforms.base import Rendition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIP = bytes(range(256)) * 40
LIMITS = DownloadLimits(max_bytes=1_000_000, timeout_s=20, allow_loopback=True)
PATH = "/low.mp4"


@pytest.fixture
def server() -> Iterator[MediaServer]:
    """Run a platform's media server."""
    with MediaServer({PATH: CLIP}) as running:
        yield running


@pytest.fixture
def rendition(server: MediaServer) -> Rendition:
    """Return the clip with a header that no stranger may see."""
    return Rendition(f"{server.url}{PATH}", headers={"Authorization": "Bearer sesame"})


def test_redirects_are_followed_on_the_same_host(
    server: MediaServer, rendition: Rendition, tmp_path: Path
) -> None:
    """Up to three, absolute or relative; our headers go along."""
    server.files["/end.mp4"] = server.files[PATH]
    server.answers |= {
        PATH: media.redirect("/2"),
        "/2": media.redirect(f"{server.url}/3"),
        "/3": media.redirect("end.mp4"),
    }

    assert fetch_video(rendition, tmp_path, LIMITS).path.read_bytes() == CLIP
    assert all("authorization" in request.headers for request in server.requests)


def test_a_chain_of_redirects_has_an_end(server: MediaServer, rendition: Rendition, tmp_path: Path) -> None:
    """A loop is not followed around."""
    server.answers[PATH] = media.redirect(PATH)

    with pytest.raises(SourceRefused, match="more than 3 times"):
        fetch_video(rendition, tmp_path, LIMITS)
    assert len(server.requests) == 4


def test_a_redirect_to_a_named_host_loses_our_headers(
    server: MediaServer, rendition: Rendition, tmp_path: Path
) -> None:
    """A CDN's host gets the request, and no token that is not its own."""
    with MediaServer({"/edge.mp4": CLIP}) as edge:
        server.answers[PATH] = media.redirect(f"http://localhost:{edge.port}/edge.mp4")
        named = Rendition(rendition.url, headers=rendition.headers, hosts=("localhost",))

        assert fetch_video(named, tmp_path, LIMITS).path.read_bytes() == CLIP

    assert "authorization" in server.requests[0].headers
    assert "authorization" not in edge.requests[0].headers


@pytest.mark.parametrize("hosts", [(), ("media.example.com",), ("*.localhost",), ("*.example.com",)])
def test_a_redirect_to_an_unnamed_host_is_refused(
    server: MediaServer, rendition: Rendition, tmp_path: Path, hosts: tuple[str, ...]
) -> None:
    """An open redirect of a platform leads nowhere."""
    with MediaServer({"/edge.mp4": CLIP}) as stranger:
        server.answers[PATH] = media.redirect(f"http://localhost:{stranger.port}/edge.mp4")

        with pytest.raises(SourceRefused, match="leads to localhost"):
            fetch_video(Rendition(rendition.url, hosts=hosts), tmp_path, LIMITS)

    assert stranger.requests == []


def test_a_named_suffix_covers_the_hosts_below_it(
    server: MediaServer, rendition: Rendition, tmp_path: Path
) -> None:
    """The host is let through to the next check; that one asks for https."""
    server.answers[PATH] = media.redirect("ftp://a.b.example.com/edge.mp4")

    with pytest.raises(SourceRefused, match="over https, not ftp"):
        fetch_video(Rendition(rendition.url, hosts=("*.example.com",)), tmp_path, LIMITS)


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "https://169.254.169.254/",
        "//10.0.0.1/x",
        "https://u:p@127.0.0.1/",
        "http://[bad/",
    ],
)
def test_a_redirect_leads_nowhere_inside(
    server: MediaServer, rendition: Rendition, tmp_path: Path, location: str
) -> None:
    """Even where the list of hosts would let it."""
    server.answers[PATH] = media.redirect(location)
    named = Rendition(rendition.url, hosts=("169.254.169.254", "10.0.0.1"))

    with pytest.raises(SourceRefused):
        fetch_video(named, tmp_path, LIMITS)


def _is_this_machine(host: str) -> bool:
    return is_loopback(ipaddress.ip_address(socket.getaddrinfo(host, None)[0][4][0]))


# The first hop is on this machine, so it is allowed here.
@pytest.mark.parametrize("host", [host for host in INSIDE if not _is_this_machine(host)])
def test_no_spelling_of_an_inner_address_is_redirected_to(
    server: MediaServer, rendition: Rendition, tmp_path: Path, host: str
) -> None:
    """Each is refused as a second hop too, with the list of hosts open, and gets no request."""
    url_host = f"[{host}]" if ":" in host else host
    server.answers[PATH] = media.redirect(f"https://{url_host}:{server.port}/secret")

    with pytest.raises(SourceRefused):
        fetch_video(Rendition(rendition.url, hosts=(host,)), tmp_path, LIMITS)
    assert server.paths == [PATH]
