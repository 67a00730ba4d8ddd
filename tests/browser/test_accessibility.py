"""Each page for everybody: axe finds nothing, in light and dark, from a narrow phone to 200 %."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.browser import axe, focus
from tests.support.review.decided import somebody
from tests.support.review.judged import HOSTILE, judge, said
from tests.support.review.stored_videos import Seed, store
from worker.database import transaction
from worker.database.states import Role
from worker.people import invitations
from worker.people.roles import ANY, Grant

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.browser.conftest import People, Visitors
    from tests.support.review.visits import Visit

PHONE_PX = 360
NARROW_PX = 320  # 1280 at 400 %: WCAG 1.4.10
ZOOMED_PX = 640  # 1280 at 200 %
HIGH_PX = 800


def objections(visit: Visit) -> list[str]:
    """List what is wrong with the page that somebody looks at: light and wide, dark and on a phone."""
    page, found = visit.page, axe.violations(visit.page)
    page.emulate_media(color_scheme="dark")
    for width_px in (ZOOMED_PX, PHONE_PX, NARROW_PX):
        page.set_viewport_size({"width": width_px, "height": HIGH_PX})
        if sideways_px := visit.sideways_px():
            found.append(f"at {width_px} px, {sideways_px} px are out of sight")
    return found + [f"dark, on a phone: {one}" for one in axe.violations(page)]


def lost_stops(visit: Visit) -> list[focus.Stop]:
    """List where Tab leads and one does not see it."""
    return [stop for stop in focus.stops(visit.page) if not (stop.has_ring and stop.is_in_view)]


def test_the_library(engine: Engine, signed_in: People) -> None:
    """With videos of several kinds, and with none."""
    visit = signed_in()
    visit.open("/")
    assert objections(visit) == []
    for title in ("Bicycles", "A title that is much longer than what fits beside a picture " * 2):
        store(engine, Seed(title, count=30, pick_gap=0.01))
    visit.open("/")
    assert objections(visit) == []
    assert lost_stops(visit) == []


def test_a_question_before_much_is_done(engine: Engine, signed_in: People) -> None:
    """What "avoid" leads to in the library."""
    store(engine, Seed("Bicycles", count=30))
    visit = signed_in()
    visit.open("/?marked=all")
    visit.page.get_by_role("button", name="Avoid a part").click()
    expect(visit.page.get_by_role("heading", level=1)).to_contain_text("1 video")

    assert objections(visit) == []
    assert lost_stops(visit) == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_an_asset(engine: Engine, signed_in: People, role: Role) -> None:
    """With a frame of the strip open, and all that a judge said of it and the others."""
    asset_id = store(engine, Seed("Bicycles"))
    faults = ["eyes_closed", "head_cut", "text"]
    judge(engine, asset_id, {0.0: said(HOSTILE, faults=faults), 4.4: said("\u05d0" * 80, place=None)})
    visit = signed_in(role=role)
    visit.open(f"/a/{asset_id}")
    visit.page.get_by_role("option").last.click()
    expect(visit.page.locator("#frame img")).to_be_visible()
    for part in visit.page.locator("details.judge").all():
        if part.get_attribute("open") is None:
            part.locator("summary").click()
    expect(visit.page.locator("details.judge[open]")).to_have_count(2)

    assert objections(visit) == []
    assert lost_stops(visit) == []


def test_the_keys(engine: Engine, signed_in: People) -> None:
    """The list of them is a dialog, which keeps the focus and gives it back."""
    visit = signed_in()
    visit.open(f"/a/{store(engine, Seed('Bicycles'))}")
    hint = visit.page.get_by_role("button", name="Keys")
    visit.press_on(hint)
    expect(visit.page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert objections(visit) == []

    visit.page.keyboard.press("Escape")

    expect(visit.page.get_by_role("dialog")).to_have_count(0)
    expect(hint).to_be_focused()


def test_a_conflict(engine: Engine, signed_in: People) -> None:
    """Two pictures, and two buttons."""
    path = f"/a/{store(engine, Seed('Bicycles'))}"
    anna, bob = signed_in("anna@example.com"), signed_in("bob@example.com")
    for rank, visit in enumerate((anna, bob), start=2):
        visit.open(path)
        if visit is bob:
            anna.page.get_by_role("button", name="Choose pick 2").click()
            expect(anna.page.get_by_role("main")).to_contain_text("Chosen by")
            visit.page.get_by_role("button", name=f"Choose pick {rank}").click()

    expect(bob.page.get_by_role("button", name="Use mine")).to_be_visible()
    assert objections(bob) == []
    assert lost_stops(bob) == []


def test_a_page_that_is_not_there(signed_in: People) -> None:
    """A page of the same look, with a way on."""
    visit = signed_in()
    visit.open("/a/999")

    assert visit.status == 404
    assert objections(visit) == []


def test_the_sign_in(stranger: Visitors) -> None:
    """Before anybody is known."""
    visit = stranger()
    visit.open("/sign-in")

    assert objections(visit) == []
    assert lost_stops(visit) == []


def test_an_invitation(engine: Engine, stranger: Visitors) -> None:
    """Before it is accepted: who invites, and what one may do then."""
    with transaction(engine) as session:
        grants = (Grant(Role.EDITOR, "mux", ANY), Grant(Role.VIEWER, "vimeo", "main"))
        made = invitations.make(
            session, somebody("olga@example.com", Role.OPERATOR), "eva@example.com", grants
        )
    visit = stranger()
    visit.open(invitations.path_of(made.token))
    expect(visit.page.get_by_role("button", name="Come in")).to_be_visible()

    assert objections(visit) == []
    assert lost_stops(visit) == []


def test_a_link_that_opens_nothing(stranger: Visitors) -> None:
    """An invitation that was not copied to its end."""
    visit = stranger()
    visit.open("/invitations/abc")

    assert objections(visit) == []
