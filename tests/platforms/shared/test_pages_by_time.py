"""A list that is read by time loses nothing that was made at one time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.platforms.scripted_server import Answer, serving
from tests.support.platforms.simulated_account import clip, simulated
from worker.errors import MalformedPayload
from worker.platforms.shared.pagination import PAGE_SIZE, OlderPage
from worker.platforms.vendors.cloudflare import Cloudflare
from worker.settings.accounts import CloudflareAccount

if TYPE_CHECKING:
    from pathlib import Path

AT_S = 1_790_000_000
ACCOUNT = {"webhook_secret": "s", "account_id": "a1", "api_token": "t"}


@pytest.mark.parametrize("together", [1, 5, PAGE_SIZE, 2 * PAGE_SIZE + 5])
def test_videos_of_one_second_are_all_listed_once(together: int, tmp_path: Path) -> None:
    """An upload of many at once, across the end of a page; a webhook that was lost is found by that alone."""
    with simulated("cloudflare") as (vendor, ours):
        media = clip(tmp_path)
        for number in range(2 * PAGE_SIZE + 15):
            asset_id = vendor.upload(media)
            vendor.library.change(asset_id, created_at=AT_S + number // together)
        page, listed = ours.assets(), []
        listed += page.assets
        while page.following is not None:
            page = ours.assets(page.following)
            listed += page.assets

    assert len(listed) == len({one.id for one in listed}) == 2 * PAGE_SIZE + 15


@pytest.mark.parametrize(
    ("created", "following"),
    [
        ("2026-11-29T10:00:00Z", "2026-11-29T10:00:01+00:00 a"),
        ("2026-11-29T10:00:00.5Z", "2026-11-29T10:00:00.600000+00:00 a"),
        ("2026-11-29T10:00:00.123456Z", "2026-11-29T10:00:00.123457+00:00 a"),
        ("", None),
    ],
)
def test_the_next_page_begins_where_this_one_ended(created: str, following: str | None) -> None:
    """As finely as the times are written; without one there is no next page, and not all of it again."""
    items = [{"uid": "b", "created": "2026-11-29T11:00:00Z"}] * (PAGE_SIZE - 1)
    page = OlderPage().following([*items, {"uid": "a", "created": created}], "uid", "created")

    assert (page and page.text()) == following
    assert page is None or OlderPage.read(page.text()) == page


@pytest.mark.parametrize("page", ["", "x", "a1,a2", " a1"])
def test_what_is_no_page_is_refused(page: str) -> None:
    """Before the platform is asked."""
    with serving(Answer()) as server:
        platform = Cloudflare("main", CloudflareAccount.model_validate({**ACCOUNT, "api_url": server.url}))
        with pytest.raises(MalformedPayload, match="no page"):
            platform.assets(page)
        platform.close()

    assert server.asked == []
