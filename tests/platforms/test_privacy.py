"""Which videos a platform keeps from strangers, in the words of each."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from tests.support.platforms import webhook_senders
from tests.support.platforms.scripted_server import Answer, serving
from worker.platforms import PLATFORMS
from worker.settings.accounts import VimeoAccount

ID = "657bb740-a71b-4529-a012-528021c31a92"

CASES: list[tuple[str, dict[str, Any], bool]] = [
    ("mux", {"data": {"playback_ids": [{"id": "p", "policy": "public"}]}}, False),
    ("mux", {"data": {"playback_ids": [{"id": "s", "policy": "signed"}]}}, True),
    (
        "mux",
        {"data": {"playback_ids": [{"id": "s", "policy": "signed"}, {"id": "p", "policy": "public"}]}},
        False,
    ),
    ("mux", {"data": {}}, True),
    ("fastpix", {"data": {"playbackIds": [{"id": "p", "accessPolicy": "public"}]}}, False),
    ("fastpix", {"data": {"playbackIds": [{"id": "p", "accessPolicy": "private"}]}}, True),
    ("api_video", {"public": True}, False),
    ("api_video", {"public": False}, True),
    ("cloudflare", {"result": {"requireSignedURLs": False}}, False),
    ("cloudflare", {"result": {"requireSignedURLs": True}}, True),
    ("vimeo", {"privacy": {"view": "anybody"}}, False),
    ("vimeo", {"privacy": {"view": "unlisted"}}, False),
    ("vimeo", {"privacy": {"view": "disable"}}, False),
    ("vimeo", {"privacy": {"view": "password"}}, True),
    ("vimeo", {"privacy": {"view": "nobody"}}, True),
    ("vimeo", {}, True),
    ("wistia", {"protected": False}, False),
    ("wistia", {"protected": True}, True),
]


def is_private(name: str, said: dict[str, Any], **changes: Any) -> bool:
    """Ask a platform that says this about a video."""
    accounts = {**vars(webhook_senders.settings())[name]} or {
        "main": VimeoAccount(access_token=SecretStr("the-token"))
    }
    with serving(Answer(json={"success": True, **said}), Answer(json={})) as server:
        account = accounts["main"].model_copy(update={"api_url": server.url, **changes})
        platform = PLATFORMS[name]("main", account)
        found = platform.asset(ID)
        platform.close()
    return found.is_private


@pytest.mark.parametrize(("name", "said", "expected"), CASES)
def test_a_platform_tells_whether_a_video_is_private(name: str, said: dict[str, Any], expected: bool) -> None:
    """Where it does not say, it counts as private if its absence can mean so."""
    assert is_private(name, said) is expected


def test_a_library_of_bunny_is_private_as_a_whole() -> None:
    """Where its files need a token."""
    assert not is_private("bunny", {})
    assert is_private("bunny", {}, cdn_token_key=SecretStr("key"))
