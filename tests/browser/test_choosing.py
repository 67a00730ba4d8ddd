"""What an editor decides about a video while others look at it, too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from tests.support.review.editor import Editor
from tests.support.review.stored_videos import Seed, store
from worker.database import transaction
from worker.database.base import NOW
from worker.database.people import SignIn
from worker.database.states import Role

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.browser.conftest import People


def choose_pick(editor: Editor, rank: int) -> None:
    """Press the button of a pick."""
    editor.page.get_by_role("button", name=f"Choose pick {rank}").click()


def test_two_people_at_once_see_both_pictures(engine: Engine, signed_in: People) -> None:
    """Who comes second decides; nothing is lost in silence."""
    path = f"/a/{store(engine, Seed('Bicycles'))}"
    anna, bob = Editor(signed_in("anna@example.com")), Editor(signed_in("bob@example.com"))
    for editor in (anna, bob):
        editor.visit.open(path)
    choose_pick(bob, 2)
    expect(bob.shown()).to_contain_text("Chosen by bob@example.com")

    choose_pick(anna, 3)

    assert anna.visit.status == 409
    main = anna.page.get_by_role("main")
    expect(main).to_contain_text("bob@example.com chose another thumbnail")
    assert main.get_by_role("img").count() == 2
    for picture in main.get_by_role("img").all():
        assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    anna.page.get_by_role("button", name="Use mine").click()
    expect(anna.shown()).to_contain_text("Chosen by anna@example.com")
    assert len([line for line in anna.history() if re.search("choice", line)]) >= 2


def test_who_comes_second_may_leave_it(engine: Engine, signed_in: People) -> None:
    """Then what the first one chose stays."""
    path = f"/a/{store(engine, Seed('Bicycles'))}"
    anna, bob = Editor(signed_in("anna@example.com")), Editor(signed_in("bob@example.com"))
    for editor in (anna, bob):
        editor.visit.open(path)
    choose_pick(bob, 2)
    choose_pick(anna, 3)

    anna.page.get_by_role("button", name="Keep theirs").click()

    expect(anna.shown()).to_contain_text("Chosen by bob@example.com")


def test_a_time_that_cannot_be_is_a_sentence_with_the_remedy(engine: Engine, signed_in: People) -> None:
    """And nothing is chosen."""
    editor = Editor(signed_in())
    editor.visit.open(f"/a/{store(engine, Seed('Bicycles'))}")

    editor.page.get_by_role("textbox", name="Time").fill("59:00")
    editor.page.get_by_role("button", name="Choose this time").click()

    assert editor.visit.status == 422
    expect(editor.page.get_by_role("alert")).to_contain_text("the video ends at 4.800 s")
    expect(editor.page.get_by_role("main")).not_to_contain_text("Chosen by")


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
def test_an_end_of_the_sign_in_is_told_before_anything_is_lost(
    engine: Engine, signed_in: People, *, has_script: bool
) -> None:
    """Whoever sends a form then comes to the sign-in, reads that it was not done, and finds the way back."""
    path = f"/a/{store(engine, Seed('Bicycles'))}"
    editor = Editor(signed_in(has_script=has_script))
    editor.visit.open(path)
    with transaction(engine) as session:
        session.execute(update(SignIn).values(ended_at=NOW))

    choose_pick(editor, 2)

    expect(editor.page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(editor.page.get_by_role("main")).to_contain_text("not done")
    # A picture that was still on its way is not shown to whoever is signed out.
    editor.visit.strange[:] = [one for one in editor.visit.strange if not one.startswith("401 for ")]
    back = Editor(signed_in(has_script=has_script))
    back.visit.open(editor.visit.path)  # who signs in is led on
    assert back.visit.path == path


def test_a_viewer_sees_everything_and_can_change_nothing(engine: Engine, signed_in: People) -> None:
    """No form, and no button but those of the frame."""
    title = "Bicycles"
    asset_id = store(engine, Seed(title))
    editor = Editor(signed_in("vera@example.com", Role.VIEWER))
    editor.visit.open("/")
    editor.open_asset(title)

    assert editor.visit.path == f"/a/{asset_id}"
    assert editor.frames().count() > 3
    assert editor.page.locator("main form[method=post]").count() == 0
    editor.visit.open("/")
    assert editor.page.locator("main form[method=post] button").count() == 0
    assert editor.page.get_by_role("checkbox").count() == 0


@pytest.mark.parametrize(("status", "notice"), [(503, "cannot be read right now"), (404, "A newer look")])
def test_pictures_that_do_not_come_are_explained(
    engine: Engine, signed_in: People, status: int, notice: str
) -> None:
    """By why: nobody is told of a newer look because the bucket is away."""
    anna = Editor(signed_in())
    anna.page.route("**/frames/*.jpg", lambda route: route.fulfill(status=status))

    anna.visit.open(f"/a/{store(engine, Seed('Bicycles'))}")
    anna.page.get_by_role("listbox").scroll_into_view_if_needed()  # frames are asked for when they are seen

    shown = anna.page.get_by_role("alert")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text(notice)
    anna.visit.strange.clear()  # the browser tells of each picture that does not come


def test_the_library_says_that_pictures_cannot_be_read(engine: Engine, signed_in: People) -> None:
    """As while the bucket is away."""
    store(engine, Seed("Bicycles"))
    anna = Editor(signed_in())
    anna.page.route(re.compile(r"/(frames|pictures)/\d+\.jpg"), lambda route: route.fulfill(status=503))

    anna.visit.open("/")

    expect(anna.page.get_by_role("alert")).to_contain_text("cannot be read right now")
    anna.visit.strange.clear()
