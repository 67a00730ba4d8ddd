"""The page of docs/learning.md works when it is copied, with the policy that stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support.doc_blocks import blocks_of
from tests.support.viewers import tested_video
from tests.support.waiting import until

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.browser.viewers.conftest import Viewers
    from tests.support.viewers.site import Site

BLOCKS = blocks_of("docs/learning.md")
(HTML,) = (block.code for block in BLOCKS if block.language == "html")
(POLICY,) = (block.code.strip() for block in BLOCKS if block.code.startswith("script-src"))
TRIES = 20


def test_it_shows_and_counts_in_the_time_of_people(engine: Engine, site: Site, new_viewer: Viewers) -> None:
    """A busy machine may be too late for a view, which is then not counted: the viewer comes again."""
    for name in ("one", "two"):
        tested_video.store(engine, name)
    page_of = site.url + "/videos"
    hosts = {"https://beacon.example.com": site.beacon_url, "https://thumbs.example.com": site.beacon_url}
    html, policy = (
        HTML.replace("/posters/one.jpg", "/own-one.svg").replace("/posters/two.jpg", "/own-two.svg"),
        POLICY,
    )
    for host, ours in hosts.items():
        html, policy = html.replace(host, ours), policy.replace(host, ours)
    site.pages["/videos"] = html.replace("<title>", '<link rel="icon" href="data:,"><title>')
    site.policy = f"default-src 'none'; media-src 'self'; {policy} data:"

    with new_viewer() as page:
        for _ in range(TRIES):
            page.goto(page_of)
            before = page.locator("img").bounding_box()
            page.wait_for_timeout(1500)
            assert page.locator("img").bounding_box() == before
            is_drawn = "/thumbnails/" in (page.locator("video").get_attribute("poster") or "")
            page.goto("about:blank")
            if is_drawn:
                break
        until(lambda: len(site.events()) >= 2)

    assert [kind for *_, kind in site.events()] == ["i", "i"]
    assert len({bucket for _, bucket, _ in site.events()}) == 1


def test_rooms_are_kept_where_the_page_keeps_none(engine: Engine, site: Site, new_viewer: Viewers) -> None:
    """A picture that comes late moves nothing below it; what the page says of its own goes before."""
    tested_video.store(engine, "one")
    site.slow_s["/thumbnails/"] = 1.0
    body = (
        "<style>img { width: 400px } .square { aspect-ratio: 1 }</style>"
        '<img data-thumbs-asset="mux/main/one" alt="">'
        '<img class="square" data-thumbs-asset="mux/main/one" alt=""><p>Below'
    )
    with new_viewer() as page:
        for _ in range(TRIES):
            page.goto(site.page("/bare", body))
            page.wait_for_timeout(600)
            if page.locator("img").first.get_attribute("src"):
                break
        wide, square = page.locator("img").all()
        early = [wide.bounding_box(), square.bounding_box()]
        expect(wide).to_have_js_property("naturalWidth", 320)
        late = [wide.bounding_box(), square.bounding_box()]

    assert early == late
    assert [(box["width"], box["height"]) for box in early if box] == [(400, 225), (400, 400)]
