"""The script on a page of a site: it shows each viewer their picture, and counts exactly what they did.

Time passes only where a test lets it pass, so a slow machine changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.viewers import tested_video
from tests.support.viewers.watching import CARD, OPTIONS, PLAYER, bucket, frames, left, opened, played, shown

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.browser.viewers.conftest import Viewers
    from tests.support.viewers.site import Site
BELOW = '<div style="height: 3000px"></div>'


@pytest.mark.parametrize("viewer", ["a", "user:42"])
def test_three_players_are_asked_for_at_once_and_counted_exactly(
    engine: Engine, site: Site, new_viewer: Viewers, viewer: str
) -> None:
    """Each is seen once; one is played to its end, one only begun, one is never in the window."""
    videos = {name: tested_video.store(engine, name) for name in ("one", "two", "three")}
    drawn, number = bucket(viewer), bucket(viewer) // 64
    body = PLAYER.format("one") + PLAYER.format("two") + BELOW + PLAYER.format("three")

    with new_viewer() as page:
        opened(page, site.page("/watch", body, script=OPTIONS.format(viewer=viewer)))
        shown(page, videos["one"].sha256s[number], 3)
        page.clock.run_for(1000)
        played(page, "one", 2.0)
        played(page, "one", 3.5)
        played(page, "two", 0.1)
        events = left(page, site, 7)

    assert [one for one in site.asked if "variants" in one] == [
        "/v1/variants?ids=mux/main/one,mux/main/two,mux/main/three"
    ]
    one, two = videos["one"].trial_id, videos["two"].trial_id
    kinds = [event[:3] for event in events]
    assert sorted(kinds) == sorted(
        [
            [one, drawn, "i"],
            [two, drawn, "i"],
            [one, drawn, "p"],
            [one, drawn, "q"],
            [two, drawn, "p"],
            [one, drawn, "w"],
            [two, drawn, "w"],
        ]
    )
    (watched_s,) = (event[3] for event in events if event[:3] == [one, drawn, "w"])
    assert 3.0 <= watched_s <= 4.0
    assert "viewer" not in site.asked[0]


def test_a_picture_that_is_passed_by_is_not_seen(engine: Engine, site: Site, new_viewer: Viewers) -> None:
    """Half of it has to be in the window for a whole second, and the window in front."""
    video = tested_video.store(engine, "one")
    with new_viewer() as page:
        opened(
            page, site.page("/list", BELOW + CARD.format("one") + BELOW, script=OPTIONS.format(viewer="a"))
        )
        shown(page, video.sha256s[0])
        card = page.locator("img")
        for y_px in (0, 3000 - 900 + 80, 0):
            page.evaluate("y => scrollTo(0, y)", y_px)
            frames(page)
            page.clock.run_for(2000)
        card.scroll_into_view_if_needed()
        frames(page)
        page.clock.run_for(900)
        page.evaluate("scrollTo(0, 0)")
        frames(page)
        page.clock.run_for(2000)
        card.scroll_into_view_if_needed()
        frames(page)
        unseen = page.evaluate("dispatchEvent(new Event('pagehide'))") and list(site.batches)
        page.clock.run_for(5000)

        assert left(page, site, 1) == [[video.trial_id, bucket("a"), "i"]]
    assert unseen == []


def test_who_plays_within_the_second_has_seen_it(engine: Engine, site: Site, new_viewer: Viewers) -> None:
    """Or a picture that makes people play at once would look as if nobody had seen it."""
    video = tested_video.store(engine, "one")
    with new_viewer() as page:
        opened(page, site.page("/watch", PLAYER.format("one"), script=OPTIONS.format(viewer="a")))
        shown(page, video.sha256s[0])
        page.clock.run_for(100)
        frames(page)
        played(page, "one", 0.05)
        events = left(page, site, 2)

    assert [event[2] for event in events][:2] == ["i", "p"]


def test_a_video_that_plays_by_itself_tells_nothing(engine: Engine, site: Site, new_viewer: Viewers) -> None:
    """Unless it is on the page that a card led to, which says so."""
    tested_video.store(engine, "led-to")
    seen = tested_video.store(engine, "seen")
    alone = PLAYER.format("seen").replace("muted", "muted autoplay")
    follow = '<video data-thumbs-for="mux/main/led-to" src="/clip.mp4" muted autoplay></video>'
    with new_viewer() as page:
        address = site.page("/watch", alone + follow, script=OPTIONS.format(viewer="a"))
        opened(page, address, came_from=f"{site.url}/list")
        shown(page, seen.sha256s[0])
        page.clock.run_for(1000)
        played(page, "led-to", 2.0)
        events = left(page, site, 3)

    assert "p" not in [kind for trial_id, _, kind, *_ in events if trial_id == seen.trial_id]


@pytest.mark.parametrize("came_from", [None, "https://search.example.com/"])
def test_who_comes_from_elsewhere_was_led_by_no_picture(
    engine: Engine, site: Site, new_viewer: Viewers, came_from: str | None
) -> None:
    """Most viewers of a page may come so: their plays would make all variants look alike."""
    video = tested_video.store(engine, "led-to")
    player = PLAYER.format("led-to").replace("data-thumbs-asset", "data-thumbs-for")
    address = site.page("/watch", player, script=OPTIONS.format(viewer="a"))
    with new_viewer() as page:
        opened(page, address, came_from=came_from)
        played(page, "led-to", 1.5)
        opened(page, address, came_from=f"{site.url}/list")
        played(page, "led-to", 1.5)
        left(page, site, 3)

    assert [event[:3] for event in site.events()] == [[video.trial_id, bucket("a"), kind] for kind in "pqw"]


def test_the_script_twice_in_a_page_counts_once(engine: Engine, site: Site, new_viewer: Viewers) -> None:
    """As where a template has it, and a tag manager adds it."""
    video = tested_video.store(engine, "one")
    again = f'<script async src="{site.beacon_url}/v1/thumbs.js" {OPTIONS.format(viewer="a")}></script>'
    with new_viewer() as page:
        opened(page, site.page("/list", CARD.format("one") + again, script=OPTIONS.format(viewer="a")))
        shown(page, video.sha256s[0])
        page.clock.run_for(1000)
        events = left(page, site, 1)
        page.wait_for_timeout(200)

    assert events == site.events() == [[video.trial_id, bucket("a"), "i"]]


def test_players_of_others_say_what_is_played(engine: Engine, site: Site, new_viewer: Viewers) -> None:
    """By two functions; what is watched counts at most half an hour, and as quality from 10 s on."""
    video = tested_video.store(engine, "one")
    with new_viewer() as page:
        opened(page, site.page("/watch", CARD.format("one"), script=OPTIONS.format(viewer="a")))
        shown(page, video.sha256s[0])
        page.clock.run_for(1000)
        page.evaluate(
            "thumbs.play('mux/main/never'); thumbs.play('mux/main/one'); thumbs.play('mux/main/one')"
        )
        page.evaluate("thumbs.watched('mux/main/one', 9.9, 7200)")
        page.evaluate("thumbs.watched('mux/main/one', 4000, 7200)")
        events = left(page, site, 4)

    drawn = bucket("a")
    assert events == [
        [video.trial_id, drawn, "i"],
        [video.trial_id, drawn, "p"],
        [video.trial_id, drawn, "q"],
        [video.trial_id, drawn, "w", 1800],
    ]


def test_cards_that_come_later_show_the_same(engine: Engine, site: Site, new_viewer: Viewers) -> None:
    """As in applications of one page: no second question, and no flash of another picture."""
    video = tested_video.store(engine, "one")
    number = bucket("user:42") // 64
    with new_viewer() as page:
        opened(page, site.page("/app", "<main></main>", script=OPTIONS.format(viewer="user:42")))
        for count in (1, 2):
            page.locator("main").evaluate(
                "(main, html) => main.insertAdjacentHTML('beforeend', html)", CARD.format("one")
            )
            page.clock.run_for(20)
            shown(page, video.sha256s[number], count)
        other = tested_video.store(engine, "two")
        page.locator("img").first.evaluate("card => card.dataset.thumbsAsset = 'mux/main/two'")
        page.clock.run_for(20)
        shown(page, other.sha256s[number], 2)

    assert len([one for one in site.asked if "variants" in one]) == 2


def test_any_element_can_show_it(engine: Engine, site: Site, new_viewer: Viewers) -> None:
    """A picture with sources of its own, a player with an attribute of its own, and a style sheet."""
    video = tested_video.store(engine, "one")
    card = CARD.format("one").replace("src=", 'srcset="/own-2x.svg 2x" src=')
    picture = f"<picture><source srcset='/own-wide.svg'>{card}</picture>"
    body = (
        f"{picture}<my-player data-thumbs-asset='mux/main/one' data-thumbs-poster='cover'></my-player>"
        "<div data-thumbs-asset='mux/main/one' style='background: var(--thumbs-poster)'>&nbsp;</div>"
    )
    number = bucket("user:42") // 64
    with new_viewer() as page:
        opened(page, site.page("/all", body, script=OPTIONS.format(viewer="user:42")))
        shown(page, video.sha256s[number])
        expect(page.locator("my-player")).to_have_attribute(
            "cover", f"{site.beacon_url}/thumbnails/{video.sha256s[number]}.jpg"
        )
        assert video.sha256s[number] in page.locator("img").evaluate("image => image.currentSrc")
        assert video.sha256s[number] in page.locator("div").evaluate(
            "div => getComputedStyle(div).backgroundImage"
        )
