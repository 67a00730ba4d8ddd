"""The library shows people their assets, why each is worth a look, and nothing of anybody else's."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select

from tests.support.review import shelf
from tests.support.review.signed_in import client_of, person, review_app, signed_in
from tests.support.review.statements import counted
from tests.support.service import builders
from worker.database import transaction
from worker.database.models import Asset, Job
from worker.database.people import RoleGrant
from worker.database.states import Role
from worker.review.library import PAGE

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


def test_a_card_tells_what_the_asset_is_and_shows_its_picture(engine: Engine) -> None:
    """Title, account, length, age with the exact time, and words for those who do not see the picture."""
    (asset_id,) = shelf.add(
        engine, "At the harbour", duration_s=3723.4, created_at=datetime(2026, 11, 1, 12, tzinfo=UTC)
    )
    picture = shelf.add_picture(engine, asset_id)

    page = signed_in(engine).get("/").text

    assert (
        f'src="/pictures/{picture}.jpg" width="16" height="9" alt="Thumbnail of At the harbour at 0:12"'
        in page
    )
    assert re.search(rf'data-open href="/a/{asset_id}" dir="auto">At the harbour</a>', page)
    assert "1:02:03" in page
    assert re.search(
        r'mux/main · <time datetime="2026-11-01T12:00:00\+00:00" title="2026-11-01 12:00:00', page
    )


def test_a_title_is_text_whatever_it_says_and_an_id_stands_for_none(engine: Engine) -> None:
    """What platforms send is not trusted."""
    shelf.add(engine, "<script>alert(1)</script>")
    shelf.add(engine, "", external_id='"><img src=x>')

    page = signed_in(engine).get("/").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<img src=x>" not in page


def test_what_a_person_chose_is_shown_and_a_lost_choice_gives_way_to_the_best_pick(engine: Engine) -> None:
    """As the platform shows it."""
    chosen, lost, uploaded = shelf.add(engine, "chosen", "lost", "uploaded")
    best = {one: shelf.add_picture(engine, one) for one in (chosen, lost, uploaded)}
    theirs = {one: shelf.add_picture(engine, one, rank=0) for one in (chosen, lost, uploaded)}
    shelf.choose(engine, chosen, theirs[chosen])
    shelf.choose(engine, lost, theirs[lost], lost_at=YESTERDAY)
    shelf.choose(engine, uploaded, theirs[uploaded], kind="image")

    page = signed_in(engine).get("/").text

    shown = {int(number) for number in re.findall(r"/pictures/(\d+)\.jpg", page)}
    assert shown == {theirs[chosen], best[lost], theirs[uploaded]}
    assert "Thumbnail of uploaded, a picture of its own" in page


def test_cards_show_the_small_frame_of_their_moment(engine: Engine) -> None:
    """A page of full pictures would have megabytes; one of a run before may show something else by now."""
    picked, far, older, uploaded = shelf.add(engine, "picked", "far", "older", "uploaded")
    pictures = {one: shelf.add_picture(engine, one, time_s=12.4) for one in (picked, far, older)}
    pictures[uploaded] = shelf.add_picture(engine, uploaded, rank=0, time_s=12.4)
    shelf.choose(engine, uploaded, pictures[uploaded], kind="image")
    shelf.add_frame(engine, picked, 12.0)
    nearest = shelf.add_frame(engine, picked, 12.6)
    shelf.add_frame(engine, far, 13.0)
    shelf.add_frame(engine, older, 12.4, generation=2)
    shelf.add_frame(engine, uploaded, 12.4)

    page = signed_in(engine).get("/").text

    shown = set(re.findall(r'src="(/(?:frames|pictures)/\d+)\.jpg"', page))
    full = {f"/pictures/{pictures[one]}" for one in (far, older, uploaded)}
    assert shown == {f"/frames/{nearest}", *full}


@pytest.mark.parametrize(
    ("of", "values", "says"),
    [
        ("unsure", {"pick_gap": 0.05}, "Picks 1 and 2 are about as good."),
        ("noted", {"is_noted": True}, "No frame is free of defects."),
        ("flagged", {"is_flagged": True}, "Every pick is flagged as unsafe."),
        (
            "flagged",
            {"is_flagged": True, "is_held": True},
            "Every pick is flagged as unsafe; none is written before somebody chooses.",
        ),
        (
            "foreign",
            {"foreign_thumbnail": "x"},
            "Another thumbnail was set at the platform, and is left alone.",
        ),
        ("lost", {"has_lost_choice": True}, "An edit cut the chosen moment away"),
        ("failed", {"has_failed": True}, "The last attempt failed."),
        ("unseen", {}, "Nobody has looked at it yet."),
    ],
)
def test_each_filter_has_its_assets_and_says_why(
    engine: Engine, of: str, values: dict[str, object], says: str
) -> None:
    """An asset that somebody looked at and that is well is in none of them."""
    shelf.add(engine, "here", **values)
    shelf.add(engine, "elsewhere", pick_gap=0.5, reviewed_at=YESTERDAY, reviewed_by="bea@example.com")
    anna = signed_in(engine)

    assert shelf.titles(anna, f"/?filter={of}") == ["here"]
    page = anna.get(f"/?filter={of}").text
    assert says in page
    assert re.search(r'aria-current="page">[^<]* <span class="count">1</span>', page)
    assert "Looked at by bea@example.com, 1 d ago." in anna.get("/").text


def test_who_confirmed_an_unsure_asset_does_not_meet_it_again(engine: Engine) -> None:
    """Such a list is to become empty."""
    shelf.add(engine, "seen", pick_gap=0.05, reviewed_at=YESTERDAY)
    shelf.add(engine, "noted", is_noted=True, reviewed_at=YESTERDAY)
    anna = signed_in(engine)

    assert shelf.titles(anna, "/?filter=unsure") == shelf.titles(anna, "/?filter=noted") == []
    assert "Nothing is unsure" in anna.get("/?filter=unsure").text


@pytest.mark.parametrize(
    ("of", "values"),
    [
        ("foreign", {"foreign_thumbnail": "x", "foreign_at": YESTERDAY}),
        ("failed", {"has_failed": True, "failed_at": YESTERDAY}),
    ],
)
def test_what_somebody_found_fine_is_listed_again_only_when_it_happens_anew(
    engine: Engine, of: str, values: dict[str, object]
) -> None:
    """A thumbnail that was set elsewhere may stay so, and a failure may not matter."""
    shelf.add(engine, "fine", reviewed_at=YESTERDAY + timedelta(hours=1), **values)
    shelf.add(engine, "anew", reviewed_at=YESTERDAY - timedelta(hours=1), **values)
    anna = signed_in(engine)

    assert shelf.titles(anna, f"/?filter={of}") == ["anew"]
    page = anna.get("/").text
    assert page.count(f'data-why="{of}"') == page.count('data-why="reviewed"') == 1


def test_a_failed_asset_tells_the_error_and_one_at_work_what_is_done(engine: Engine) -> None:
    """In the words of the job."""
    builders.record(engine, builders.event())
    anna = signed_in(engine)
    assert "The video will be looked at soon." in anna.get("/").text

    with transaction(engine) as session:
        job = session.scalars(select(Job)).one()
        job.state, job.error = "discarded", "the file is cut off"
        session.scalars(select(Asset)).one().has_failed = True

    assert "The look at the video failed: the file is cut off." in anna.get("/?filter=failed").text


def test_pages_follow_one_another_and_lead_back(engine: Engine) -> None:
    """The newest first; nothing is left out, and nothing comes twice."""
    names = [f"video {number:03}" for number in range(2 * PAGE + 5)]
    shelf.add(engine, *names)
    anna = signed_in(engine)

    seen, address = [], "/"
    while address is not None:
        seen.append(shelf.titles(anna, address))
        last, address = address, shelf.link(anna, address, "next")

    assert [len(page) for page in seen] == [PAGE, PAGE, 5]
    assert [title for page in seen for title in page] == names[::-1]
    back = shelf.link(anna, last, "prev")
    assert back is not None
    assert shelf.titles(anna, back) == seen[1]
    first = shelf.link(anna, back, "prev")
    assert first is not None
    assert shelf.titles(anna, first) == seen[0]
    assert shelf.link(anna, first, "prev") is None


def test_nobody_sees_other_accounts(engine: Engine) -> None:
    """Neither in the grid, nor in counts, filters, searches, or by asking for the account."""
    shelf.add(engine, "mine", account="main")
    (theirs,) = shelf.add(engine, "hidden film", account="other", pick_gap=0.01)
    anna = signed_in(engine, Role.EDITOR, ("mux", "main"))

    for address in (
        "/",
        "/?q=hidden",
        "/?account=mux/other",
        "/?filter=unsure",
        "/?q=mux/other/id-of-hidden",
    ):
        page = anna.get(address).text
        assert "hidden film" not in page
        assert f"/a/{theirs}" not in page
    assert 'Unsure <span class="count">0</span>' in anna.get("/").text
    assert "There is none of this name that you may see." in anna.get("/?account=mux/other").text


def test_the_account_can_be_chosen_among_those_that_one_may_see(engine: Engine) -> None:
    """The filter and the search stay."""
    shelf.add(engine, "of main", pick_gap=0.01)
    shelf.add(engine, "of other", account="other", pick_gap=0.01)
    shelf.add(engine, "third", account="third")
    anna = signed_in(engine)

    page = anna.get("/?filter=unsure&q=of").text
    assert re.findall(r"<option[^>]*>(.*?)</option>", page) == ["All", "mux/main", "mux/other", "mux/third"]
    assert '<input type="hidden" name="filter" value="unsure">' in page
    assert shelf.titles(anna, "/?filter=unsure&q=of&account=mux/other") == ["of other"]


def test_an_empty_library_says_what_to_do_next(engine: Engine) -> None:
    """The address that a platform needs, and where the documents are."""
    page = signed_in(engine).get("/").text

    assert "http://127.0.0.1:8000/webhooks/PLATFORM/ACCOUNT" in page
    assert "docs/platforms" in page


def test_somebody_without_any_role_is_told_so(engine: Engine) -> None:
    """As after all were taken; it is not that there are no videos."""
    shelf.add(engine, "one")
    anna = signed_in(engine)
    with transaction(engine) as session:
        session.execute(delete(RoleGrant))

    page = anna.get("/").text

    assert "You have no role here" in page
    assert "No videos yet" not in page


def test_a_viewer_is_offered_no_act(engine: Engine) -> None:
    """Not even a box to mark."""
    shelf.add(engine, "one")

    page = signed_in(engine, Role.VIEWER).get("/").text

    assert "one" in page
    assert "checkbox" not in page
    assert "/bulk" not in page


def test_all_of_a_page_can_be_marked_without_a_script(engine: Engine) -> None:
    """By a link, which leads back as well."""
    shelf.add(engine, "one", "two")
    anna = signed_in(engine)

    found = re.search(r'id="mark-all" href="(.*?)"', anna.get("/?filter=unseen").text)
    assert found is not None
    page = anna.get(found[1].replace("&amp;", "&")).text

    assert page.count("checked") == 2
    assert "Mark none" in page


@pytest.mark.parametrize(
    "address", ["/?after=x", "/?after=99999999999999999999", "/?filter=nope", "/?before=-1", "/?q=%00"]
)
def test_an_address_that_makes_no_sense_shows_all(engine: Engine, address: str) -> None:
    """Nobody is met by an error for it."""
    shelf.add(engine, "one")

    assert shelf.titles(signed_in(engine), address) == ["one"]


def test_a_page_costs_the_same_statements_however_much_is_on_it(engine: Engine) -> None:
    """So it is as quick among a million assets; three more read who is signed in."""
    app = review_app(engine)
    anna = client_of(app, engine, person(engine))
    shelf.add(engine, "first")
    with counted(engine) as few:
        anna.get("/")
    for one in shelf.add(engine, *(f"video {number}" for number in range(PAGE))):
        shelf.add_picture(engine, one)
    with counted(engine) as many:
        anna.get("/")

    assert len(few) == len(many)
    assert len(many) - 3 <= 9


def test_from_an_asset_one_goes_to_the_next_of_the_part_that_one_came_from(engine: Engine) -> None:
    """Also after an act, which may have taken the asset out of that part; and nothing of others is met."""
    oldest, sure, middle, newest = shelf.add(engine, "oldest <b>", "sure", "middle", "newest", pick_gap=0.05)
    shelf.add(engine, "of others", account="other", pick_gap=0.05)
    with transaction(engine) as session:
        session.get_one(Asset, sure).pick_gap = 0.9
    anna = signed_in(engine, where=("mux", "main"))
    (address,) = re.findall(rf'href="(/a/{middle}\?[^"]*)"', anna.get("/?filter=unsure").text)
    form = {"generation": "1", "choice": "", "from": "filter=unsure"}

    assert (address, beside(anna, address)) == (f"/a/{middle}?from=filter%3Dunsure", [newest, oldest])
    after = anna.post(f"/a/{middle}/confirm", data=form).location
    assert beside(anna, after) == [newest, oldest]
    assert re.search(r'name="from" value="filter=unsure"', anna.get(after).text)
    assert 'href="/?filter=unsure">Library' in anna.get(after).text
    assert beside(anna, f"/a/{middle}") == [newest, sure]
    assert beside(anna, f"/a/{newest}?from=q%3Doldest") == [oldest]


def beside(client: FlaskClient, address: str) -> list[int]:
    """Return the ids of the assets before and after one, as its page leads there."""
    page = client.get(address).text
    return [int(one) for one in re.findall(r'<a rel="(?:prev|next)" href="/a/(\d+)', page)]
