"""A browser for the run; for each test the pages, over a database of its own, and windows with people."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.support.review import visits
from tests.support.review.browser import NoBrowser, chromium
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


@pytest.fixture
def origin(database_url: str) -> Iterator[str]:
    """Serve the pages over this test's database."""
    with serving_pages(database_url) as origin:
        yield origin


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
