"""Somebody in front of a browser of their own, and what their browser noticed that they did not."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, Response

WIDE_PX, HIGH_PX = 1280, 900
PATIENCE_S = 15.0  #: for what a page shows at once; a busy machine is slow
TAB_STOPS = 300  #: more than any page has

# Chromium says so of each page whose status is an error, which the tests look at themselves.
_STATUS_OF_A_PAGE = "Failed to load resource: the server responded with a status of"


@dataclass
class Visit:
    """One browser window: its page, and everything that went wrong in it."""

    context: BrowserContext
    page: Page
    origin: str  #: of the pages, without a slash at the end
    has_script: bool
    strange: list[str] = field(default_factory=list)  #: errors of the console, requests that leave the origin
    status: int = 0  #: of the newest page

    def open(self, path: str) -> None:
        """Go to an address of ours."""
        self.page.goto(f"{self.origin}{path}")

    @property
    def path(self) -> str:
        """Where the visitor is, with the query."""
        parts = urlsplit(self.page.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def tab_to(self, target: Locator) -> None:
        """Press Tab until something has the focus, as whoever has no mouse does."""
        for _ in range(TAB_STOPS):
            self.page.keyboard.press("Tab")
            if self._has_focus(target):
                return
        raise AssertionError(f"Tab does not lead to {target}")

    def press_on(self, target: Locator, key: str = "Enter") -> None:
        """Go to something by Tab, and press a key there."""
        self.tab_to(target)
        self.page.keyboard.press(key)

    def sideways_px(self) -> int:
        """Say by how much the page is wider than the window."""
        root = "document.scrollingElement"
        return int(self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))

    def _has_focus(self, target: Locator) -> bool:
        found = target.first
        return bool(found.count() and found.evaluate("element => element === document.activeElement"))

    def note_response(self, response: Response) -> None:
        """Keep the status of a page, and notice a piece of one that failed."""
        if response.request.is_navigation_request():
            self.status = response.status
        elif response.status >= 400:
            self.strange.append(f"{response.status} for {response.url}")

    def note_message(self, message: ConsoleMessage) -> None:
        """Notice what the browser complains of, such as what the policy of the page forbids."""
        if message.type in {"error", "warning"} and not message.text.startswith(_STATUS_OF_A_PAGE):
            self.strange.append(f"console: {message.text}")

    def note_request(self, request: Request) -> None:
        """Notice what goes elsewhere."""
        if not request.url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.strange.append(f"request to {request.url}")


@contextmanager
def visit(
    browser: Browser,
    origin: str,
    *,
    width_px: int = WIDE_PX,
    is_dark: bool = False,
    has_script: bool = True,
    zoom: int = 1,
    sharpness: int = 1,
) -> Iterator[Visit]:
    """Open a window until the end of the block, where nothing strange may have been noticed.

    Args:
        browser: that has it; two windows know nothing of each other.
        origin: of the pages.
        width_px: of the window.
        is_dark: whether the visitor's system is dark.
        has_script: whether the browser runs JavaScript.
        zoom: 2 is 200 %: as many pixels show half as much.
        sharpness: pixels of the screen for each of the page, at a zoom of 1.
    """
    context = browser.new_context(
        viewport={"width": width_px // zoom, "height": HIGH_PX // zoom},
        device_scale_factor=zoom * sharpness,
        color_scheme="dark" if is_dark else "light",
        java_script_enabled=has_script,
        reduced_motion="reduce",
        timezone_id="UTC",
        locale="en-GB",
    )
    context.set_default_timeout(PATIENCE_S * 1000)
    expect.set_options(timeout=PATIENCE_S * 1000)
    seen = Visit(context, context.new_page(), origin, has_script)
    context.on("request", seen.note_request)
    context.on("response", seen.note_response)
    context.on("console", seen.note_message)
    context.on("weberror", lambda error: seen.strange.append(f"script: {error.error}"))
    try:
        yield seen
    finally:
        context.close()
    assert seen.strange == []
