"""Keys: everything without a mouse; letters only where one wants them, and never while one types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support.review.stored_videos import Seed, store

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.browser.conftest import People


def test_letters_go_through_the_library(engine: Engine, signed_in: People) -> None:
    """J and K from card to card, X marks one, and Enter opens it."""
    for title in ("First", "Second", "Third"):
        store(engine, Seed(title, count=30))
    visit = signed_in()
    visit.open("/")

    for key in "jjk":
        visit.page.keyboard.press(key)
    expect(visit.page.get_by_role("link", name="Third")).to_be_focused()
    visit.page.keyboard.press("j")
    visit.page.keyboard.press("x")
    expect(visit.page.get_by_role("checkbox", name="Mark Second")).to_be_checked()
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_role("heading", name="Second", level=1)).to_be_visible()


def test_letters_lead_from_a_video_to_the_next(engine: Engine, signed_in: People) -> None:
    """J and K, in the order of the library; the arrows go along the frames."""
    for title in ("First", "Second", "Third"):
        store(engine, Seed(title))
    visit = signed_in()
    visit.open("/")
    visit.page.get_by_role("link", name="Third").click()
    expect(visit.page.get_by_role("heading", name="Third", level=1)).to_be_visible()

    for key, title in (("j", "Second"), ("j", "First"), ("k", "Second")):
        visit.page.wait_for_load_state()
        visit.page.keyboard.press(key)
        expect(visit.page.get_by_role("heading", name=title, level=1)).to_be_visible()
    visit.page.wait_for_load_state()
    visit.page.keyboard.press("ArrowRight")
    expect(visit.page.get_by_role("option").and_(visit.page.locator(":focus"))).to_have_count(1)


def test_letters_can_be_switched_off(engine: Engine, signed_in: People) -> None:
    """And stay off in another browser of the same person."""
    path = f"/a/{store(engine, Seed('Bicycles'))}"
    visit = signed_in()
    visit.open(path)
    visit.press_on(visit.page.locator("summary").filter(has_text="anna@example.com"))
    visit.press_on(visit.page.get_by_role("button", name="Turn single-key shortcuts off"))
    expect(visit.page.get_by_role("status").first).to_contain_text(" are off")

    other = signed_in()
    for window in (visit, other):
        window.open(path)
        window.page.keyboard.press("?")
        window.page.keyboard.press("j")
        expect(window.page.get_by_role("dialog")).to_have_count(0)
        expect(window.page.get_by_role("option").and_(window.page.locator(":focus"))).to_have_count(0)


def test_no_letter_counts_while_somebody_types(engine: Engine, signed_in: People) -> None:
    """Nor together with Control, which belongs to the browser."""
    visit = signed_in()
    visit.open(f"/a/{store(engine, Seed('Bicycles'))}")
    why = visit.page.get_by_role("textbox", name="Why").first
    visit.tab_to(why)

    visit.page.keyboard.type("jury? axb")

    expect(why).to_have_value("jury? axb")
    expect(why).to_be_focused()
    expect(visit.page.get_by_role("dialog")).to_have_count(0)


def test_a_part_of_the_video_is_marked_and_avoided(engine: Engine, signed_in: People) -> None:
    """By keys on the strip, as by dragging; it stands in the form then."""
    visit = signed_in()
    visit.open(f"/a/{store(engine, Seed('Bicycles'))}")
    frames = visit.page.get_by_role("option")
    visit.press_on(frames.and_(visit.page.locator("[tabindex='0']")), "Home")
    for key in ("a", "ArrowRight", "ArrowRight", "b", "x"):
        visit.page.keyboard.press(key)

    expect(visit.page.get_by_role("status").first).to_contain_text("looked at again")
    expect(visit.page.get_by_role("textbox", name="Avoid")).to_have_value("00:00.000-00:01.200")


def test_a_part_of_the_video_is_marked_by_dragging(engine: Engine, signed_in: People) -> None:
    """And a button says what is to be done with it."""
    visit = signed_in()
    visit.open(f"/a/{store(engine, Seed('Bicycles'))}")
    frames = visit.page.get_by_role("option")
    frames.nth(1).hover()
    visit.page.mouse.down()
    frames.nth(2).hover()
    frames.nth(3).hover()
    visit.page.mouse.up()

    visit.page.get_by_role("button", name="Prefer it").click()

    expect(visit.page.get_by_role("textbox", name="Prefer")).to_have_value("00:00.400-00:01.600")
