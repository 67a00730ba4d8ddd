"""Who comes without a sign-in: led to the sign-in, on a page that everybody can use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.browser import focus

if TYPE_CHECKING:
    from tests.browser.conftest import People, Visitors


@pytest.mark.parametrize("path", ["/", "/a/1", "/pictures/1.jpg", "/no-such-page"])
def test_a_stranger_is_led_to_the_sign_in(stranger: Visitors, path: str) -> None:
    """Whatever the address; the way back is kept."""
    visit = stranger()
    visit.open(path)

    expect(visit.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert visit.path.startswith("/sign-in?next=")


def test_tab_leads_to_the_content_first(signed_in: People) -> None:
    """So that nobody has to go through the frame on each page; and one sees where one is."""
    visit = signed_in()
    visit.open("/")

    stops = focus.stops(visit.page)

    assert stops[0].name == "Skip to the content"
    assert [stop for stop in stops if not (stop.has_ring and stop.is_in_view)] == []
    visit.open("/")
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("main")).to_be_focused()
