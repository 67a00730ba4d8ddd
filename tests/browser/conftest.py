"""A browser and the pages for the run; for each test an empty database, and windows with people."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import psycopg
import pytest

from tests.support.browser.chromium import NoBrowser, chromium
from tests.support.review import visits
from tests.support.review.pages_server import cookie_of, serving_pages
from tests.support.review.signed_in import person
from worker.database import transaction
from worker.database.people import Person
from worker.database.states import Role
from worker.people import sign_ins
from worker.people.roles import ANY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from sqlalchemy import Engine

    from tests.support.review.visits import Visit
    from tests.support.service.databases import Databases


class ReviewPages(NamedTuple):
    """The pages, and what they show."""

    database_url: str
    origin: str


class Visitors(Protocol):
    """Opens windows; see `visits.visit` for what they may differ in."""

    def __call__(self, **window: Any) -> Visit:
        """Open a window."""


class People(Protocol):
    """Opens windows in which somebody is signed in."""

    def __call__(
        self,
        email: str = "anna@example.com",
        role: Role = Role.EDITOR,
        where: tuple[str, str] = (ANY, ANY),
        **window: Any,
    ) -> Visit:
        """Open a window."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here as what needs a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start a browser once, or skip with the reason where there is none."""
    with ExitStack() as stack:
        try:
            started = stack.enter_context(chromium())
        except NoBrowser as missing:
            pytest.skip(str(missing))
        yield started


@pytest.fixture(scope="session")
def pages(browser: Browser, databases: Databases, servers_dir: Path) -> Iterator[ReviewPages]:
    """Start the pages once, over a database that each test leaves empty."""
    assert browser.is_connected()  # first of all, so that nothing starts where there is no browser
    with databases.lend() as url, serving_pages(url, servers_dir) as origin:
        yield ReviewPages(url, origin)


@pytest.fixture
def database_url(pages: ReviewPages, databases: Databases) -> Iterator[str]:
    """Return the database of the pages, without rows."""
    yield pages.database_url
    with psycopg.connect(pages.database_url, autocommit=True) as connection:
        databases.empty(connection)


@pytest.fixture
def origin(pages: ReviewPages, database_url: str) -> str:
    """Return where the pages are."""
    assert database_url == pages.database_url
    return pages.origin


@pytest.fixture
def stranger(browser: Browser, origin: str) -> Iterator[Visitors]:
    """Return what opens windows of people whom the pages do not know."""
    with ExitStack() as windows:

        def opened(**window: Any) -> Visit:
            return windows.enter_context(visits.visit(browser, origin, **window))

        yield opened


@pytest.fixture
def signed_in(engine: Engine, stranger: Visitors) -> People:
    """Return what opens windows in which somebody is signed in."""
    known: dict[str, int] = {}

    def opened(
        email: str = "anna@example.com",
        role: Role = Role.EDITOR,
        where: tuple[str, str] = (ANY, ANY),
        **window: Any,
    ) -> Visit:
        visit = stranger(**window)
        if email not in known:
            known[email] = person(engine, email, role, where)
        with transaction(engine) as session:
            token = sign_ins.begin(session, session.get_one(Person, known[email]))
        visit.context.add_cookies([cookie_of(token, visit.origin)])  # type: ignore[list-item]
        return visit

    return opened
