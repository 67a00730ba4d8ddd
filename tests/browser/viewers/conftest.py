"""A site with videos of which pictures are tested, and viewers in front of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.support.media import clips
from tests.support.viewers.site import Site, served_site
from tests.support.viewers.window import viewer_window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.sync_api import Browser, Page
    from sqlalchemy import Engine

    from tests.support.service.databases import Databases


class Viewers(Protocol):
    """Opens browsers of new viewers."""

    def __call__(
        self, *, is_person: bool = True, is_calm: bool = True, **window: Any
    ) -> AbstractContextManager[Page]:
        """Open one; see `Browser.new_context` for what its window may differ in."""


@pytest.fixture(scope="session")
def clip(shared_dir: Path) -> Path:
    """Return 4 s of video that Chromium plays."""
    return clips.write_plain(shared_dir / "viewed.mp4", 100)


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """Return a database of the test's own, as no pages of people are asked here."""
    with databases.lend() as url:
        yield url


@pytest.fixture
def site(browser: Browser, engine: Engine, clip: Path) -> Iterator[Site]:
    """Serve the site; first of all there has to be a browser."""
    assert browser.is_connected()
    with served_site(engine, clip) as site:
        yield site


@pytest.fixture
def new_viewer(browser: Browser) -> Viewers:
    """Return what opens a viewer's browser, in which nothing may go wrong."""
    return partial(viewer_window, browser)
