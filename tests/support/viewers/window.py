"""A viewer's browser: a window of their own, in which nothing may go wrong."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

# Browsers that programs steer say so, and are not counted; here they stand for people's.
PERSON = "Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => false })"
# Tests stop the page's time, but have to wait until it is drawn.
DRAWN = "window.drawn = window.requestAnimationFrame.bind(window)"


@contextmanager
def viewer_window(
    browser: Browser, *, is_person: bool = True, is_calm: bool = True, **window: Any
) -> Iterator[Page]:
    """Open the browser of a new viewer until the end of the block.

    Args:
        browser: that has the window; two windows know nothing of each other.
        is_person: whether it says that no program steers it.
        is_calm: whether nothing may be complained of in its console.
        window: see `Browser.new_context` for what it may differ in.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **window)
    said: list[str] = []
    context.on("console", lambda one: said.append(one.text) if one.type in {"error", "warning"} else None)
    context.on("weberror", lambda error: said.append(str(error.error)))
    context.add_init_script(DRAWN)
    if is_person:
        context.add_init_script(PERSON)
    with ExitStack() as stack:
        stack.callback(context.close)
        yield context.new_page()
    if is_calm:
        assert said == []
