"""Before a test is started a page asks: which pictures, for how long, and what to expect."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.datastructures import MultiDict

from tests.support.review import shelf, tested
from tests.support.review.decided import configured, pick_at
from tests.support.review.signed_in import client_of, person, review_app
from tests.support.service import builders
from webhook.review.trials.question import beginning_of
from worker.database.states import Role, TrialKind, TrialMetric, TrialOutcome
from worker.database.trials import Trial, Variant
from worker.review.trials.acts import Beginning

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine
    from werkzeug.test import TestResponse


@pytest.fixture
def asset_id(engine: Engine) -> int:
    """Return an asset that was picked at 1.5 s and at 8 s."""
    return tested.with_two_pictures(engine)


def editor(engine: Engine, role: Role = Role.EDITOR, **where: Any) -> FlaskClient:
    """Sign somebody in where the account is configured."""
    email = f"{role}@example.com"
    return client_of(review_app(engine, configured()), engine, person(engine, email, role, **where))


def send(client: FlaskClient, asset_id: int, **fields: Any) -> TestResponse:
    """Send the form as the page has it, with other fields."""
    page = client.get(f"/a/{asset_id}/test").text.partition("<main")[2]
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    chosen = re.findall(r'<input type="checkbox" name="thumbnail" value="(\d+)" checked>', page)
    form: dict[str, Any] = dict(hidden) | {"days": "28", "kind": "viewers", "metric": "plays"}
    form["thumbnail"] = [value for name, value in hidden if name == "thumbnail"] + chosen
    return client.post(f"/a/{asset_id}/test", data=form | fields)


def test_the_page_of_a_video_leads_to_the_question(engine: Engine, asset_id: int) -> None:
    """For those who may start one, while none runs."""
    anna, viewer = editor(engine), editor(engine, Role.VIEWER)
    link = f'data-test href="/a/{asset_id}/test"'

    assert link in anna.get(f"/a/{asset_id}").text
    assert link not in viewer.get(f"/a/{asset_id}").text
    assert viewer.get(f"/a/{asset_id}/test").status_code == 403
    trial_id = tested.add_test(engine, asset_id)
    page = anna.get(f"/a/{asset_id}").text
    assert link not in page
    assert f'data-test href="/t/{trial_id}"' in page
    assert "Being tested. It has begun, and nothing is known yet." in page


def test_it_says_what_to_expect_before_anything_starts(engine: Engine, asset_id: int) -> None:
    """The need in numbers, that it takes weeks, and how little days of one picture find."""
    page = html.unescape(editor(engine).get(f"/a/{asset_id}/test").text)

    assert "impressions" in page
    assert "Expect weeks" in page
    assert re.search(r"\+20 %</th><td>32 %</td><td>61 %", page)
    assert "shown now" in page


def test_a_test_is_started_with_the_pictures_that_are_marked(engine: Engine, asset_id: int) -> None:
    """What is shown now is always one of them, and comes first."""
    anna = editor(engine)

    answer = send(anna, asset_id, days="14")

    (trial,) = builders.every(engine, Trial)
    assert answer.location == f"/t/{trial.id}"
    assert "The test is started" in anna.get(answer.location).text
    shown = [one.thumbnail_id for one in sorted(builders.every(engine, Variant), key=lambda one: one.number)]
    assert shown == [pick_at(engine, 1.5), pick_at(engine, 8.0)]
    assert (trial.ends_at - trial.started_at).days == 14


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"thumbnail": ["1"]}, "Choose 2 to 4 pictures"),
        ({"thumbnail": ["1", "2", "3", "4", "5"]}, "Choose 2 to 4 pictures"),
        ({"days": "3"}, "7 to 180 days"),
        ({"days": "many"}, "7 to 180 days"),
    ],
)
def test_what_cannot_be_is_asked_about_again(
    engine: Engine, asset_id: int, fields: dict[str, Any], says: str
) -> None:
    """With why, and the form as it was."""
    answer = send(editor(engine), asset_id, why="curious", **fields)

    assert answer.status_code == 422
    assert says in answer.text
    assert 'value="curious"' in answer.text
    assert builders.every(engine, Trial) == []


def test_somebody_elses_test_is_shown_in_place_of_a_second_one(engine: Engine, asset_id: int) -> None:
    """One runs at a time."""
    anna = editor(engine)
    form = {"thumbnail": [str(pick_at(engine, 1.5)), str(pick_at(engine, 8.0))], "days": "28"}
    trial_id = tested.add_test(engine, asset_id, started_by="ben@example.com")

    answer = anna.post(f"/a/{asset_id}/test", data={**form, "generation": "1", "choice": ""})

    assert answer.status_code == 409
    assert "was started by ben@example.com" in answer.text
    assert f'href="/t/{trial_id}"' in answer.text
    assert len(builders.every(engine, Trial)) == 1


def test_a_chosen_thumbnail_is_not_tested_over(engine: Engine, asset_id: int) -> None:
    """What a person chose stays; the page says what to do first."""
    shelf.choose(engine, asset_id, pick_at(engine, 8.0))

    page = editor(engine).get(f"/a/{asset_id}/test").text

    assert "release the choice first" in page
    assert "Start the test" not in page


def test_who_sees_which_and_what_is_compared_are_what_the_form_says() -> None:
    """A platform may show one picture a day, and seconds may count in place of plays."""
    form = MultiDict({"days": "28", "kind": "slots", "metric": "watch"})
    form.setlist("thumbnail", ["7", "8", "8"])

    assert beginning_of(form) == Beginning((7, 8), 2, 28, TrialKind.SLOTS, TrialMetric.WATCH)


def test_many_videos_are_tested_at_once_after_a_question(engine: Engine, asset_id: int) -> None:
    """Which says of each how long it may take, or why it is left as it is."""
    anna = editor(engine)
    (bare,) = shelf.add(engine, "no pictures")
    form = {"act": "test", "asset": [asset_id, bare]}

    question = html.unescape(anna.post("/bulk", data=form).text)
    answer = anna.post("/bulk", data={**form, "sure": "1"})

    assert "Start tests of 2 videos?" in question
    assert question.count("impressions") >= 1
    assert "Left as it is: there is no picture of it yet" in question
    said = html.unescape(anna.get(answer.location).text)
    assert "Started a test of 1 video." in said
    assert "1 was not: there is no picture of it yet" in said
    assert len(builders.every(engine, Trial)) == 1


def test_the_library_tells_what_is_tested_and_what_was_decided(engine: Engine) -> None:
    """As a badge, a sentence, and a filter that empties when somebody has looked."""
    runs, ended = shelf.add(engine, "runs", "ended")
    tested.add_test(engine, runs)
    tested.add_test(engine, ended, outcome=TrialOutcome.WINNER, winner=1, why=tested.SAID)
    anna = editor(engine)

    page = html.unescape(anna.get("/").text)
    assert page.count("Being tested") == 1
    assert "A test has ended. The second picture is better: +18 % plays" in page
    assert shelf.titles(anna, "/?filter=tested") == ["ended"]
    anna.post(f"/a/{ended}/confirm", data={"generation": "1", "choice": ""})
    assert shelf.titles(anna, "/?filter=tested") == []
