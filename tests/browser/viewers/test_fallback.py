"""What cannot be shown in time, or at all, leaves the page as it is, and is not counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.viewers import tested_video
from tests.support.viewers.tested_video import SALT
from tests.support.viewers.watching import CARD, OPTIONS, PLAYER, bucket, frames, left, opened, played, shown
from tests.support.waiting import until
from worker.trials.assignment import bucket_of

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from sqlalchemy import Engine

    from tests.browser.viewers.conftest import Viewers
    from tests.support.viewers.site import Site

FIRST, SECOND = "a", "user:42"  # who draw variant 0 and 1
NO_CRYPTO = "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined })"


@pytest.fixture
def page_of_one(engine: Engine, site: Site) -> str:
    """Return the address of a page with one player, whose viewer draws the second picture."""
    tested_video.store(engine, "one")
    return site.page("/watch", PLAYER.format("one"), script=OPTIONS.format(viewer=SECOND))


def counts_nothing(page: Page, site: Site) -> None:
    """Look for a minute, play the video, leave; nothing is told."""
    frames(page)
    page.clock.run_for(60_000)
    played(page, "one", 1.5)
    page.goto("about:blank")
    page.wait_for_timeout(200)
    assert site.batches == []


def test_after_300_ms_the_picture_of_the_page_stays(
    site: Site, new_viewer: Viewers, page_of_one: str
) -> None:
    """Also when the answer comes later."""
    site.slow_s["/v1/variants"] = 1.0
    with new_viewer() as page:
        opened(page, page_of_one)
        until(lambda: any("variants" in one for one in site.asked))
        page.clock.run_for(301)
        page.wait_for_timeout(1500)

        shown(page, "own-one.svg")
        counts_nothing(page, site)


def test_the_same_without_a_stopped_clock(site: Site, new_viewer: Viewers, page_of_one: str) -> None:
    """In the time of people."""
    site.slow_s["/v1/variants"] = 2.0
    with new_viewer() as page:
        page.goto(page_of_one)
        page.wait_for_timeout(2500)
        shown(page, "own-one.svg")
        page.goto("about:blank")
        page.wait_for_timeout(200)

    assert site.batches == []


@pytest.mark.parametrize("status", ["down", "unknown", "broken"])
def test_any_error_leaves_the_page_as_it_is(
    site: Site, new_viewer: Viewers, page_of_one: str, status: str
) -> None:
    """A beacon that is down or answers something else, and an asset that it does not know."""
    answers = {"down": {"status": 503}, "broken": {"body": "<html>"}, "unknown": {"json": {"assets": []}}}
    with new_viewer(is_calm=status != "down") as page:
        page.route(
            re.compile("/v1/variants"),
            lambda route: route.fulfill(**answers[status], headers={"Access-Control-Allow-Origin": "*"}),
        )
        opened(page, page_of_one)

        shown(page, "own-one.svg")
        counts_nothing(page, site)


@pytest.mark.parametrize("viewer", [FIRST, SECOND])
@pytest.mark.parametrize(("looked_at_ms", "is_shown"), [(100, True), (400, False)])
def test_what_was_looked_at_for_300_ms_is_not_changed(
    engine: Engine, site: Site, new_viewer: Viewers, viewer: str, *, looked_at_ms: int, is_shown: bool
) -> None:
    """Nor counted, whichever variant was drawn: else one of them would be counted more often."""
    video = tested_video.store(engine, "one")
    address = site.page("/watch", PLAYER.format("one"), script=OPTIONS.format(viewer=viewer))
    with new_viewer() as page:
        opened(page, address, looked_at_ms)
        if is_shown:
            shown(page, video.sha256s[bucket(viewer) // 64])
            page.clock.run_for(1000)
            assert left(page, site, 1)[0][2] == "i"
        else:
            page.clock.run_for(20)
            page.wait_for_timeout(300)
            shown(page, "own-one.svg")
            counts_nothing(page, site)


def test_what_was_not_looked_at_yet_is_changed_at_any_time(
    engine: Engine, site: Site, new_viewer: Viewers
) -> None:
    """Further down on the page, and where the page shows no picture of its own."""
    below, bare = tested_video.store(engine, "below"), tested_video.store(engine, "bare")
    body = (
        CARD.format("bare").replace('src="/own-bare.svg"', "")
        + '<div style="height: 3000px"></div>'
        + CARD.format("below")
    )
    with new_viewer() as page:
        opened(page, site.page("/list", body, script=OPTIONS.format(viewer=SECOND)), 5000)

        assert below.sha256s == bare.sha256s
        shown(page, below.sha256s[1], 2)


def test_a_picture_that_is_gone_leaves_that_of_the_page(
    site: Site, new_viewer: Viewers, engine: Engine
) -> None:
    """With what it had beside its address; what was not seen by then is not counted."""
    tested_video.store(engine, "one")
    card = CARD.format("one").replace("src=", 'srcset="/own-one.svg 1x" src=')
    with new_viewer(is_calm=False) as page:
        page.route("**/thumbnails/*", lambda route: route.fulfill(status=404))
        opened(page, site.page("/list", card, script=OPTIONS.format(viewer=SECOND)))

        shown(page, "own-one.svg")
        expect(page.locator("img")).to_have_attribute("srcset", "/own-one.svg 1x")
        page.clock.run_for(5000)
        page.goto("about:blank")
        page.wait_for_timeout(200)
    assert site.batches == []


def test_a_browser_that_cannot_draw_shows_what_is_shown_without_the_test(
    engine: Engine, site: Site, new_viewer: Viewers
) -> None:
    """As on plain http, where browsers have no SHA-256."""
    video = tested_video.store(engine, "one")
    address = site.page("/watch", PLAYER.format("one"), script=OPTIONS.format(viewer=SECOND))
    with new_viewer() as page:
        page.add_init_script(NO_CRYPTO)
        opened(page, address)

        shown(page, video.sha256s[0])
        counts_nothing(page, site)


def test_a_browser_that_a_program_steers_is_left_alone(
    site: Site, new_viewer: Viewers, page_of_one: str
) -> None:
    """It asks for nothing, but the functions of the script are there."""
    with new_viewer(is_person=False) as page:
        opened(page, page_of_one)
        page.evaluate("thumbs.play('mux/main/one'); thumbs.watched('mux/main/one', 100, 200)")
        shown(page, "own-one.svg")
        counts_nothing(page, site)

    assert not any("variants" in one for one in site.asked)


def test_too_long_a_word_for_a_viewer_is_told_to_the_developer(
    engine: Engine, site: Site, new_viewer: Viewers
) -> None:
    """In the console; nobody is drawn."""
    video = tested_video.store(engine, "one")
    address = site.page("/watch", PLAYER.format("one"), script=OPTIONS.format(viewer="x" * 65))
    with new_viewer(is_calm=False) as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        opened(page, address)
        shown(page, video.sha256s[0])
        counts_nothing(page, site)

    assert said == ["data-thumbs-viewer: over 64 characters"]


def test_a_viewer_without_a_word_keeps_a_random_one(engine: Engine, site: Site, new_viewer: Viewers) -> None:
    """In this browser, under one key, and no cookie; so the same picture comes again."""
    tested_video.store(engine, "one")
    address = site.page("/watch", PLAYER.format("one"))
    with new_viewer() as page:
        for count in (1, 2, 3):
            opened(page, address)
            shown(page, "/thumbnails/")
            page.clock.run_for(1000)
            assert len(left(page, site, count)) == count
        page.goto(address)
        kept = page.evaluate("Object.entries(localStorage)")
        assert page.context.cookies() == []

    ((key, word),) = kept
    assert (key, len(word)) == ("thumbs.viewer", 36)
    assert {event[1] for event in site.events()} == {bucket_of(SALT, word)}


def test_without_consent_nothing_is_kept(engine: Engine, site: Site, new_viewer: Viewers) -> None:
    """A random word for this page only; it counts all the same."""
    tested_video.store(engine, "one")
    address = site.page("/watch", PLAYER.format("one"), script='data-thumbs-consent="none"')
    with new_viewer() as page:
        for count in range(1, 7):
            opened(page, address)
            shown(page, "/thumbnails/")
            page.clock.run_for(1000)
            left(page, site, count)
            page.goto(address)
            assert page.evaluate("localStorage.length") == 0
        assert page.context.cookies() == []

    assert len({event[1] for event in site.events()}) > 1
