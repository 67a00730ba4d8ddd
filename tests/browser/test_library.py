"""Keeping a library in order: filters, search, and the same act for many videos."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.review.stored_videos import Seed, store

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from sqlalchemy import Engine

    from tests.browser.conftest import People

TITLES = ("Cars at dusk", "Bicycles at noon", "A bicycle at rest", "Rabbit")


@pytest.fixture
def library(engine: Engine) -> list[int]:
    """Store four videos; of two the picks are about as good."""
    clips = ("bikes", "bikes", "bikes", "bigbuckbunny")
    return [
        store(engine, Seed(title, clip, first=30 * number, count=60, pick_gap=0.05 if number < 2 else 0.5))
        for number, (title, clip) in enumerate(zip(TITLES, clips, strict=True))
    ]


def titles(page: Page) -> list[str]:
    """Read what the library shows, in its order."""
    return page.get_by_role("list", name="Videos").get_by_role("heading").all_inner_texts()


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
def test_filters_and_words_find_videos(library: list[int], signed_in: People, *, has_script: bool) -> None:
    """The newest first; a picture of each."""
    visit = signed_in(has_script=has_script)
    visit.open("/")
    assert titles(visit.page) == list(TITLES[::-1])

    filters = visit.page.get_by_role("navigation", name="Filters")
    filters.get_by_role("link", name="Unsure").click()
    assert titles(visit.page) == ["Bicycles at noon", "Cars at dusk"]

    box = visit.page.get_by_role("searchbox")
    box.fill("bicycle")
    box.press("Enter")
    expect(visit.page.get_by_role("heading", level=1)).to_contain_text("bicycle")
    assert "A bicycle at rest" in titles(visit.page)
    assert len(library) == len(TITLES)


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
def test_many_are_confirmed_at_once(library: list[int], signed_in: People, *, has_script: bool) -> None:
    """They leave the list of what nobody has looked at."""
    visit = signed_in(has_script=has_script)
    visit.open("/?filter=unseen")
    assert len(titles(visit.page)) == len(library)

    for title in TITLES[:2]:
        visit.page.get_by_role("checkbox", name=f"Mark {title}").check()
    visit.page.get_by_role("button", name="These are fine").click()

    expect(visit.page.get_by_role("status")).to_contain_text("2 videos")
    assert titles(visit.page) == list(TITLES[:1:-1])


def test_what_costs_much_is_asked_first(library: list[int], signed_in: People) -> None:
    """How many it is about, and the way back."""
    visit = signed_in()
    visit.open("/")
    visit.page.get_by_role("link", name="Mark all on this page").click()
    expect(visit.page.get_by_role("checkbox", checked=True)).to_have_count(len(library))
    visit.page.get_by_role("button", name="Avoid a part").click()

    expect(visit.page.get_by_role("heading", level=1)).to_contain_text("4 videos")
    visit.page.get_by_role("textbox", name="Parts to avoid").fill("0-1")
    visit.page.get_by_role("button", name="Avoid it").click()

    expect(visit.page.get_by_role("status")).to_contain_text("4 videos will be looked at again")


def test_each_picture_is_there(library: list[int], signed_in: People) -> None:
    """Behind the sign-in, and with a name."""
    visit = signed_in()
    visit.open("/")

    shown = visit.page.get_by_role("list", name="Videos").get_by_role("img")
    assert shown.count() == len(library)
    for picture in shown.all():
        picture.evaluate("image => image.decode()")
        assert (picture.get_attribute("alt") or "").startswith("Thumbnail of ")


def test_boxes_are_seen_where_somebody_is(library: list[int], signed_in: People) -> None:
    """Pictures first: with the mouse there, with the focus there, and everywhere once one is marked."""
    visit = signed_in()
    visit.open("/")
    cards = visit.page.locator("[data-card]")

    def seen() -> list[bool]:
        opacity = "labels => labels.map(label => getComputedStyle(label).opacity === '1')"
        found: list[bool] = cards.locator("label").evaluate_all(opacity)
        return found

    assert seen() == [False] * len(library)
    cards.first.hover()
    assert seen() == [True, False, False, False]
    cards.nth(1).get_by_role("checkbox").focus()
    assert seen() == [True, True, False, False]
    cards.nth(1).get_by_role("checkbox").check()
    assert seen() == [True] * len(library)
