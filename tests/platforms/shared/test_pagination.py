"""Every platform's list of its assets is read to its end, and says what a question for one asset says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.platforms.simulated_account import CHOICE, clip, simulated
from worker.demo.simulator import SIMULATED, InjectedFault
from worker.errors import MalformedPayload, PlatformUnavailable
from worker.platforms.base import AssetState
from worker.platforms.shared.pagination import PAGE_SIZE

if TYPE_CHECKING:
    from pathlib import Path

    from worker.demo.simulator import Simulated
    from worker.platforms.base import ListedAsset, Platform


@pytest.fixture(params=sorted(SIMULATED))
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of each platform, one after another."""
    return str(request.param)


def whole_list(platform: Platform) -> list[list[ListedAsset]]:
    """All pages."""
    page = platform.assets()
    pages = [list(page.assets)]
    while page.following is not None:
        page = platform.assets(page.following)
        pages.append(list(page.assets))
    return pages


def fill(vendor: Simulated, folder: Path, count: int) -> list[str]:
    """Upload videos, a minute after one another, and return their ids, the newest first."""
    media, ids = clip(folder), []
    for number in range(count):
        ids.append(vendor.upload(media))
        minute_s = 1_790_000_000 + 60 * number
        vendor.library.change(ids[-1], created_at=minute_s)
    return ids[::-1]


def test_the_list_is_read_to_its_end_the_newest_first(name: str, tmp_path: Path) -> None:
    """More than a page of it, each asset once; where the order is another one, the list says so."""
    with simulated(name) as (vendor, ours):
        ids = fill(vendor, tmp_path, PAGE_SIZE + 3)
        pages, is_by_change = whole_list(ours), ours.assets().is_by_change

    assert [len(page) for page in pages] == [PAGE_SIZE, 3]
    listed = [asset.id for page in pages for asset in page]
    assert listed == ids if is_by_change else sorted(listed) == sorted(ids)
    changes = [asset.changed_at for page in pages for asset in page]
    assert (changes == sorted(changes, reverse=True)) == is_by_change


def test_the_length_that_is_told_is_that_of_the_whole_list(name: str, tmp_path: Path) -> None:
    """Where the platform tells it."""
    with simulated(name) as (vendor, ours):
        fill(vendor, tmp_path, PAGE_SIZE + 3)

        assert ours.assets().total in {None, PAGE_SIZE + 3}


def test_the_list_says_what_a_question_for_the_asset_says(name: str, tmp_path: Path) -> None:
    """Else every look at the list would find changes; what it does not tell, it does not make up."""
    with simulated(name) as (vendor, ours):
        asset = ours.asset(vendor.upload(clip(tmp_path)))
        (listed,) = ours.assets().assets

    assert listed.id == asset.id
    assert listed.state in {None, AssetState.READY}
    assert listed.fingerprint in {None, asset.fingerprint}


def test_our_own_write_does_not_make_an_asset_look_changed(name: str, tmp_path: Path) -> None:
    """It may come first in the list from then on, but with the same content."""
    with simulated(name) as (vendor, ours):
        asset = ours.asset(vendor.upload(clip(tmp_path)))
        (before,) = ours.assets().assets
        ours.write(asset, CHOICE)
        (after,) = ours.assets().assets

    assert after.fingerprint == before.fingerprint


def test_an_empty_account_has_an_empty_list(name: str) -> None:
    """One page, and none behind it."""
    with simulated(name) as (_, ours):
        page = ours.assets()

    assert (list(page.assets), page.following) == ([], None)


def test_a_platform_that_asks_for_patience_says_how_long(name: str) -> None:
    """As with every other request."""
    with simulated(name) as (vendor, ours):
        vendor.faults.plan(InjectedFault(status=429, retry_after="7"))
        with pytest.raises(PlatformUnavailable) as failure:
            ours.assets()

    assert failure.value.retry_after_s == 7


@pytest.mark.parametrize("page", ["", "0", "-1", "1.5", "last", "٣"])
def test_a_page_that_cannot_be_is_refused(page: str) -> None:
    """Where pages are numbered, and before the platform is asked."""
    with simulated("bunny") as (vendor, ours):
        with pytest.raises(MalformedPayload, match="no page"):
            ours.assets(page)

        assert vendor.journal.entries("request") == []


@pytest.mark.parametrize(
    "name", ["brightcove", "bunny", "cloudflare", "fastpix", "jwplayer", "mux", "s3", "vimeo", "wistia"]
)
def test_a_list_that_tells_the_content_finds_what_was_replaced(name: str, tmp_path: Path) -> None:
    """Without a question for each asset."""
    with simulated(name) as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path))
        (before,) = ours.assets().assets
        vendor.library.change(asset_id, media=clip(tmp_path, duration_s=20.0))
        (after,) = ours.assets().assets

    assert before.fingerprint != after.fingerprint
