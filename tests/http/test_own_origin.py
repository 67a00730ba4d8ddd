"""A host that an operator named may lie in their own network; nothing else beside it may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.platforms.scripted_server import Answer, serving
from worker.download.fetch import DownloadLimits, fetch_video
from worker.errors import SourceRefused
from worker.http.public_client import checked_client
from worker.platforms.base import Rendition

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = DownloadLimits(max_bytes=1000, timeout_s=20.0)


def test_what_the_settings_name_is_fetched_over_plain_http_and_from_any_port(tmp_path: Path) -> None:
    """Without ALLOW_LOOPBACK, and only where the rendition says so."""
    with serving(Answer(raw=b"the video")) as server:
        own = Rendition(f"{server.url}/a.mp4", own_origin=server.url)
        assert fetch_video(own, tmp_path, LIMITS).path.read_bytes() == b"the video"

        with pytest.raises(SourceRefused):
            fetch_video(Rendition(f"{server.url}/a.mp4"), tmp_path, LIMITS)


@pytest.mark.parametrize("other", ["same host, another port", "another scheme", "another name"])
def test_a_redirect_leads_to_no_other_service_of_the_same_machine(tmp_path: Path, other: str) -> None:
    """A storage that was taken over must not make us ask its neighbours."""
    with serving(Answer(raw=b"secret")) as neighbour:
        there = {
            "same host, another port": neighbour.url,
            "another scheme": neighbour.url.replace("http:", "https:"),
            "another name": neighbour.url.replace("127.0.0.1", "localhost"),
        }[other]
        with serving(Answer(302, headers={"Location": f"{there}/a.mp4"})) as server:
            own = Rendition(f"{server.url}/a.mp4", own_origin=server.url)
            with pytest.raises(SourceRefused):
                fetch_video(own, tmp_path, LIMITS)
        assert neighbour.journal == []


def test_a_port_that_the_scheme_means_need_not_be_written() -> None:
    """`http://minio` and `http://minio:80` are the same, and `https://minio` is another."""
    with (
        checked_client(allow_loopback=False, timeout_s=0.5, own_origin="http://localhost") as client,
        pytest.raises(httpx.ConnectError),
    ):
        client.get("http://localhost:80/")
    with (
        checked_client(allow_loopback=False, timeout_s=0.5, own_origin="http://localhost") as client,
        pytest.raises(SourceRefused),
    ):
        client.get("https://localhost/")
