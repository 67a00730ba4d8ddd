"""The page of an asset: what is shown, what else could be, and what can be done about it."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import webhook.review
from tests.support.review.looked_at import add_frames, looked_at
from tests.support.review.signed_in import client_of, person, review_app, signed_in, without_tokens
from tests.support.review.statements import counted
from tests.support.service import builders, chosen_asset
from webhook.bounded import BoundedDatabase
from webhook.review.asset import asset_page
from worker.choices import ChoiceRequest
from worker.database.people import Person
from worker.database.states import Role

if TYPE_CHECKING:
    from sqlalchemy import Engine

MAX_PAGE_BYTES = 60_000
MAX_ASSETS_BYTES = 40_000  # style and scripts, as they are sent
STATIC = Path(webhook.review.__file__).parent / "static"


def page_of(engine: Engine, role: Role = Role.EDITOR, query: str = "") -> str:
    """Return the page of the only asset, as somebody with this role sees it."""
    who = f"{role}{len(builders.every(engine, Person))}@example.com"
    app = review_app(engine)
    answer = client_of(app, engine, person(engine, who, role)).get(f"/a/{builders.asset(engine).id}{query}")
    assert answer.status_code == 200
    return answer.text


def fields(form: str) -> dict[str, str]:
    """Return the hidden fields of a form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))


def form_of(page: str, act: str, holds: str = "") -> str:
    """Return the form that asks for an act, and holds some text."""
    forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
    return next(form for form in forms if f'/{act}"' in form and holds in form)


def test_the_page_shows_what_is_shown_and_why(engine: Engine) -> None:
    """The picture in the ratio that is published, its moment, its reasons, what the platform makes of it."""
    looked_at(engine)

    page = page_of(engine)

    assert "<h1>A day &lt;at&gt; the sea</h1>" in page
    assert 'alt="Thumbnail of A day &lt;at&gt; the sea at 0:06.5"' in page
    assert "sharper, clearer face" in page
    assert "On its way to Mux." in page


def test_each_pick_is_there_in_each_ratio_and_can_be_chosen(engine: Engine) -> None:
    """The pick that is shown already cannot be chosen once more."""
    looked_at(engine)

    page = page_of(engine)

    assert re.findall(r'alt="(Pick 2[^"]*)"', page) == [
        "Pick 2 at 0:02.0, cut to 16:9",
        "Pick 2 at 0:02.0, cut to 1:1",
    ]
    choose = form_of(page, "choose", "Choose pick 2")
    assert fields(choose) | {"csrf_token": ""} == {
        "csrf_token": "",
        "generation": "1",
        "choice": "",
        "thumbnail": re.findall(r"/pictures/(\d+)\.jpg", page)[3],
    }
    assert "Choose pick 1" not in page
    assert "To be shown" in page


def test_every_frame_is_named_in_order_of_time(engine: Engine) -> None:
    """With time, score and why it lost, so that nobody needs the picture or its colours to know."""
    looked_at(engine)

    names = re.findall(r'role="option".*?aria-label="([^"]*)"', page_of(engine))

    assert names == [
        "frame at 0:01.0, score 0.50, others score higher",
        "frame at 0:02.0, score 1.00, pick 2",
        "frame at 0:02.5, score 0.50, looks like pick 2",
        "frame at 0:06.5, score 1.00, pick 1, shown",
        "frame at 0:07.0, score -2.00, nearly black, not sharp",
    ]


def test_a_frame_opens_large_with_what_each_ratio_cuts_out(engine: Engine) -> None:
    """By its link, which needs no script; a script asks for this piece of the page only."""
    looked_at(engine)
    client = signed_in(engine)
    frame = re.findall(r'href="/a/1(\?frame=\d+)#frame"', client.get("/a/1").text)[2]

    page = client.get(f"/a/1{frame}").text
    piece = client.get(f"/a/1{frame}", headers={"HX-Request": "true"})

    assert "<h3>00:02.500</h3>" in piece.text
    assert "<h1>" not in piece.text
    assert "HX-Request" in piece.headers["Vary"]
    assert re.findall(r"<text[^>]*>(.*?)<", piece.text) == ["1:1"]
    assert fields(form_of(page, "choose", "Choose this frame"))["candidate"] == frame.rpartition("=")[2]
    assert 'aria-selected="true" aria-label="frame at 0:02.5' in page


def test_a_frame_that_a_newer_run_replaced_says_so(engine: Engine) -> None:
    """The link of an old page leads to the new frames, not to an error."""
    looked_at(engine)
    (old,) = re.findall(r"[?]frame=\d+", page_of(engine))[:1]
    looked_at(engine, minute=1)

    page = page_of(engine, Role.VIEWER, old)

    assert "A newer look at the video replaced that frame." in page


def test_who_may_only_look_sees_no_form(engine: Engine) -> None:
    """Also not the one that marks the video as looked at."""
    looked_at(engine)

    page = page_of(engine, Role.VIEWER)

    assert "frame at 0:01.0" in page
    assert re.findall(r'<form[^>]*method="post"[^>]*action="/a/[^>]*>', page) == []


@pytest.mark.parametrize("address", ["/a/1", "/a/mux/main/a1", "/a/1/status", "/a/1?frame=1"])
def test_other_accounts_assets_are_as_unknown_as_those_that_do_not_exist(
    engine: Engine, address: str
) -> None:
    """The same words, so that nobody learns which ids there are."""
    looked_at(engine)
    client = signed_in(engine, where=("mux", "other"))

    nowhere = address.replace("1", "2")
    hidden, unknown = client.get(address), client.get(nowhere)

    assert (hidden.status_code, unknown.status_code) == (404, 404)
    # The page knows its own address, to lead back to it.
    assert without_tokens(hidden.text.replace(address, nowhere)) == without_tokens(unknown.text)


def test_an_id_beyond_the_databases_numbers_is_unknown(engine: Engine) -> None:
    """And no error of the server."""
    client = signed_in(engine)

    assert client.get(f"/a/{2**63}").status_code == 404
    assert client.get(f"/a/1?frame={2**63}").status_code == 404
    assert client.get("/a/mux/main/a%00b").status_code == 404


def test_an_asset_is_found_by_its_platforms_id(engine: Engine) -> None:
    """Ids of storage hold slashes, also at their beginning."""
    looked_at(engine, asset_id="/films/2026/a b.mp4")
    client = signed_in(engine)

    assert client.get("/a/mux/main//films/2026/a%20b.mp4").location == "/a/1"
    assert client.get("/a/mux/main/films/2026/a%20b.mp4").status_code == 404


def test_the_page_costs_as_many_statements_however_much_there_is(engine: Engine) -> None:
    """A hundred frames and four jobs ask no more of the database than a few frames and one job."""
    looked_at(engine)
    client = signed_in(engine)
    with counted(engine) as few:
        client.get("/a/1")

    for minute in range(1, 4):
        looked_at(engine, minute=minute)
    add_frames(engine, 100)
    with counted(engine) as many:
        client.get("/a/1")

    assert len(many) == len(few) <= 29


def test_the_page_and_what_it_loads_are_small(engine: Engine) -> None:
    """With 40 frames; style and scripts are counted as they are sent."""
    looked_at(engine)
    add_frames(engine, 35)

    page = page_of(engine)

    assert page.count('role="option"') == 40
    assert len(page.encode()) < MAX_PAGE_BYTES
    sent = sum(len(gzip.compress(path.read_bytes())) for path in STATIC.glob("*.[cj]s*"))
    assert sent < MAX_ASSETS_BYTES
    assert (STATIC / "review.js").read_text().count("\n") < 200


def test_a_thousand_frames_are_no_trouble(engine: Engine) -> None:
    """Their pictures are asked for only as they come into view."""
    looked_at(engine)
    add_frames(engine, 1000)

    page = page_of(engine)

    assert page.count('role="option"') == 1005
    assert len(re.findall(r'<img src="/frames/\d+\.jpg"[^>]* loading="lazy"', page)) == 1005


def test_a_choice_is_told_with_who_and_why_and_what_its_release_shows(engine: Engine) -> None:
    """And its forms carry it, so that a later one is noticed."""
    looked_at(engine)
    chosen_asset.choose(engine, ChoiceRequest(time_s=2.0))

    page = page_of(engine)

    assert re.search(r"<h2>00:02\.000</h2>\s*<p>Chosen by ada@host", page)
    assert "the boss likes it" in page
    assert "After a release pick 1 is shown, at 00:06.500." in page
    assert fields(form_of(page, "release"))["choice"] == "1"


def test_only_a_platform_that_takes_pictures_is_offered_an_upload(engine: Engine) -> None:
    """Nobody has to find out by trying that Mux cuts the picture itself."""
    looked_at(engine)
    looked_at(engine, asset_id="a2", platform="bunny")
    client = signed_in(engine)

    at_mux, at_bunny = client.get("/a/1").text, client.get("/a/2").text

    assert "Mux cuts the picture from the video itself" in at_mux
    assert 'name="picture"' not in at_mux
    assert "Bunny Stream takes our picture" in at_bunny
    upload = form_of(at_bunny, "choose", 'name="picture"')
    assert 'enctype="multipart/form-data"' in upload


def test_what_was_refused_stands_there_again_to_be_mended(engine: Engine) -> None:
    """With the reason, at an address that is not the page's own."""
    looked_at(engine)
    app, database = review_app(engine), BoundedDatabase(engine, 1)

    def refuse() -> str:
        return asset_page(builders.make_settings(), database, 1, refusal="No such moment.")

    app.add_url_rule("/a/1/refused", view_func=refuse, methods=["POST"])

    page = (
        client_of(app, engine, person(engine)).post("/a/1/refused", data={"time": "99", "avoid": "5-"}).text
    )

    assert re.search(r'role="alert">.*No such moment\.', page)
    assert "<title>No such moment. · A day" in page
    assert re.search(r'<input name="time"[^>]* value="99">', page)
    assert re.search(r'<textarea name="avoid"[^>]*>5-</textarea>', page)
    assert re.findall(r'(?:href|action|src)="(?![/#])[^"]*"', page) == []
