"""What a viewer does on a page whose time stands still, but for what a test lets pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.support.viewers.tested_video import SALT
from tests.support.waiting import until
from worker.trials.assignment import bucket_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.viewers.site import Site

OPTIONS = 'data-thumbs-viewer="{viewer}"'
PLAYER = (
    '<video data-thumbs-asset="mux/main/{0}" poster="/own-{0}.svg" src="/clip.mp4" muted controls'
    ' width="320" height="180"></video>'
)
CARD = '<img data-thumbs-asset="mux/main/{0}" src="/own-{0}.svg" alt="" width="320" height="180">'

# A page that was opened 10 s ago.
DRAWN = """
const now = performance.now.bind(performance);
performance.now = () => 10000 + now();
performance.getEntriesByName = () => [{{ startTime: performance.now() - {} }}];
"""


def bucket(viewer: str) -> int:
    """Draw as the service does."""
    return bucket_of(SALT, viewer)


def opened(page: Page, address: str, looked_at_ms: int | None = None, came_from: str | None = None) -> None:
    """Open a page at which the time stands still; the script has asked for its manifest.

    Args:
        page: of the browser.
        address: to open.
        looked_at_ms: so long before the script began, the page was drawn; None: it is not drawn yet.
        came_from: the address of the page that led to it; None: it was typed, or is in a bookmark.
    """
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    if looked_at_ms is not None:
        page.add_init_script(DRAWN.format(looked_at_ms))
    page.goto(address, referer=came_from)
    page.wait_for_function("window.thumbs")
    page.clock.run_for(20)
    frames(page)


def shown(page: Page, picture: str, count: int = 1) -> None:
    """Wait until so many elements show a picture."""
    expect(page.locator(f":is(img[src*='{picture}'], video[poster*='{picture}'])")).to_have_count(count)
    frames(page)


def left(page: Page, site: Site, events: int) -> list[list[Any]]:
    """Leave the page; return what was told of it."""
    page.goto("about:blank")
    until(lambda: len(site.events()) >= events)
    return site.events()


def played(page: Page, name: str, seconds: float) -> None:
    """Play a video for so long."""
    video = page.locator(f"[data-thumbs-asset$='{name}'],[data-thumbs-for$='{name}']").and_(
        page.locator("video")
    )
    video.evaluate("video => video.play()")
    page.wait_for_function(
        "([video, seconds]) => video.currentTime >= seconds", arg=[video.element_handle(), seconds]
    )
    video.evaluate("video => video.pause()")


def frames(page: Page) -> None:
    """Let the browser draw, which tells the script what is in the window."""
    page.evaluate("() => new Promise((done) => drawn(() => drawn(() => drawn(done))))")
