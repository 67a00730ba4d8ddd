"""Whatever state an asset is in, its page says it in a sentence, and what can be done."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import SecretStr
from sqlalchemy import update

from tests.support.review.looked_at import flagged, looked_at, sampled
from tests.support.review.signed_in import URL, client_of, person, review_app, signed_in
from tests.support.service import builders, chosen_asset, commands
from tests.support.service.sample_run import crop
from worker.choices import ChoiceRequest
from worker.choices.own_picture import OwnPicture
from worker.database import transaction
from worker.database.models import Asset
from worker.database.states import Role
from worker.people import audit, links
from worker.people.roles import Actor, Grant
from worker.pipeline.frames import Box
from worker.platforms.event import EventKind
from worker.settings import Settings
from worker.settings.accounts import VimeoAccount
from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from sqlalchemy import Engine


def page_of(engine: Engine) -> str:
    """Return the page of the only asset for an editor."""
    answer = signed_in(engine).get("/a/1")
    assert answer.status_code == 200
    return answer.text


def change(engine: Engine, **values: object) -> None:
    """Let the asset's row say this."""
    with transaction(engine) as session:
        session.execute(update(Asset).values(**values))


def test_before_the_first_look(engine: Engine) -> None:
    """There is no picture, and a time can be chosen already."""
    builders.record(engine, builders.event())

    page = page_of(engine)

    assert "No picture yet" in page
    assert "There are no picks yet." in page
    assert 'name="time"' in page


def test_a_time_chosen_before_the_first_look(engine: Engine) -> None:
    """It is told, although there is nothing to show of it."""
    builders.record(engine, builders.event())
    chosen_asset.choose(engine)

    page = page_of(engine)

    assert "<h2>00:12.400</h2>" in page
    assert "Its picture is taken when the video is looked at." in page


def test_a_look_that_failed(engine: Engine) -> None:
    """The error is told, and what starts it anew."""
    commands.failed(engine, "a1", "no video stream")

    page = page_of(engine)

    assert "The look at the video failed: no video stream." in page
    assert "“Look again” starts it anew." in page


def test_a_write_that_the_platform_refused(engine: Engine) -> None:
    """The platform's words are told."""
    commands.give_up_write(engine, "a1", "no such policy")

    assert "Mux did not take it: no such policy." in page_of(engine)


def test_a_deleted_video(engine: Engine) -> None:
    """Nothing of it is shown, and nothing can be asked for."""
    looked_at(engine)
    builders.record(engine, builders.event(EventKind.DELETED, minute=1))

    page = page_of(engine)

    assert "The video was deleted at Mux" in page
    assert "/pictures/" not in page
    assert 'action="/a/1/' not in page


def test_a_thumbnail_that_somebody_set_at_the_platform(engine: Engine) -> None:
    """Ours is not passed off as what people see."""
    looked_at(engine)
    change(engine, foreign_thumbnail="thumbnail at <33.3>")

    page = page_of(engine)

    assert "Mux shows another thumbnail, which somebody set there." in page
    assert re.search(r"<h2>Set at Mux by somebody else</h2>\s*<p[^>]*>thumbnail at &lt;33.3&gt;", page)
    assert "Ours, not shown at Mux" in page
    assert "<h3>Ours: Pick 1 <span>00:06.500</span></h3>" in page
    assert "Choose pick 1" in page


def test_an_address_of_somebody_elses_thumbnail_is_one_click_away(engine: Engine) -> None:
    """Whatever else a platform sends is text: a link could do harm."""
    looked_at(engine)

    change(engine, foreign_thumbnail="https://img.example.com/a.jpg?b&c")
    address = "https://img.example.com/a.jpg?b&amp;c"
    assert f'<a href="{address}" rel="noreferrer">{address}</a>' in page_of(engine)

    change(engine, foreign_thumbnail="javascript:alert(1)")
    page = client_of(review_app(engine), engine, person(engine, "bea@example.com")).get("/a/1").text
    assert "javascript:alert(1)" in page
    assert 'href="javascript' not in page


def test_a_chosen_moment_that_an_edit_cut_away(engine: Engine) -> None:
    """The best pick is shown; both ways on are named."""
    chosen_asset.pick(engine)
    chosen_asset.choose(engine)
    chosen_asset.after_edit(engine, Timeline((Range(0.0, 5.0),)), 5.0)

    page = page_of(engine)

    assert "An edit cut away the moment that ada@host chose, so the best pick is shown." in page
    assert "After a release the best pick stays, and the choice is forgotten." in page


def test_a_picture_of_ones_own(engine: Engine) -> None:
    """It has no moment."""
    looked_at(engine, platform="bunny")
    own = OwnPicture.of_jpeg(crop("16:9", Box(0, 0, 320, 180)).jpeg)
    chosen_asset.choose(engine, ChoiceRequest(picture=own))

    page = page_of(engine)

    assert "A picture from outside the video" in page
    assert "a picture of their own, choice 1" in page
    assert 'alt="Thumbnail of A day &lt;at&gt; the sea"' in page


def test_who_came_by_a_link_learns_no_names_and_nothing_of_our_machines(engine: Engine) -> None:
    """They may be from outside; what they did themselves is told as ever."""
    looked_at(engine)
    chosen_asset.choose(engine, ChoiceRequest(time_s=2.0))
    operator = Actor("bob@example.com", "page", (Grant(Role.OPERATOR),))
    with transaction(engine) as session:
        asset = session.get_one(Asset, 1)
        asset.reviewed_at, asset.reviewed_by = builders.NOON, "carl@example.com"
        token = links.make(session, operator, asset, Role.EDITOR).token
        link = links.find(session, token)
        assert link is not None
        audit.note(session, link, "confirm", 1)
    visitor = review_app(engine).test_client()
    with visitor.session_transaction() as cookie:
        cookie["link"] = token

    page = visitor.get("/a/1").text

    assert "Chosen by an editor" in page
    assert "choice 1" in page
    assert "link confirm" in re.sub(r"<[^>]*>", "", page)
    shown_to_all = page.replace(link.name, "")  # it names who made it
    assert [
        one for one in ("ada@", "bob@", "carl@", "create link", "test:1", "job 1") if one in shown_to_all
    ] == []


def test_a_video_without_a_good_frame(engine: Engine) -> None:
    """Mux takes no picture of one's own, so none is proposed."""
    looked_at(engine)
    change(engine, is_noted=True)
    assert "No frame of this video is free of defects." in page_of(engine)


def test_a_video_whose_picks_are_all_flagged(engine: Engine) -> None:
    """Nothing of it is shown, and each pick can be chosen, the first one too."""
    looked_at(engine, flagged())

    page = page_of(engine)

    assert "Every pick of this video is flagged as unsafe. Choose a frame to have it written" in page
    assert "data-test" not in page
    assert "Not written to Mux: it is flagged as unsafe, and waits for a person." in page
    assert "Not shown at Mux: flagged as unsafe" in page
    assert "Leave it unwritten" in page
    assert 'aria-label="Choose pick 1"' in page
    assert "To be shown" not in page
    assert "although flagged as unsafe" in page


def test_a_flagged_pick_that_a_person_chose(engine: Engine) -> None:
    """It is on its way; what a release would lead to is said."""
    looked_at(engine, flagged())
    chosen_asset.choose(engine, ChoiceRequest(time_s=6.5))

    page = page_of(engine)

    assert "Every pick of this video is flagged as unsafe." in page
    assert "to have it written" not in page
    assert "On its way to Mux." in page
    assert "After a release nothing is written, since every pick is flagged as unsafe." in page


def test_a_chosen_moment_that_is_flagged(engine: Engine) -> None:
    """The run that cut it has looked at it; it stays, since a person chose it."""
    looked_at(engine)
    chosen_asset.choose(engine, ChoiceRequest(time_s=3.0))
    cut = replace(sampled(), wanted=sampled().picks[0].crops[:1], is_wanted_unsafe=True)
    looked_at(engine, cut, minute=1, chosen_s=3.0)

    assert "The chosen picture is flagged as unsafe. It is written, since a person chose it." in page_of(
        engine
    )


def test_an_account_that_is_not_configured(engine: Engine) -> None:
    """Where the platform takes several things, only its settings would tell which."""
    looked_at(engine, platform="vimeo")

    assert "The account vimeo/main is not configured here" in page_of(engine)


def test_an_account_whose_platform_has_a_page_for_the_video(engine: Engine) -> None:
    """It is one click away; what the account's settings say decides what is offered."""
    looked_at(engine, platform="vimeo")
    settings = Settings(review_url=URL, vimeo={"main": VimeoAccount(access_token=SecretStr("token"))})
    client = client_of(review_app(engine, settings), engine, person(engine))

    page = client.get("/a/1").text

    assert 'href="https://vimeo.com/manage/videos/a1"' in page
    assert "Vimeo takes our picture" in page
    assert 'name="picture"' in page
