"""The page of a test: the pictures side by side, one sentence, how sure it is, and what can be done."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.review import shelf, tested
from tests.support.review.signed_in import client_of, person, review_app, signed_in
from tests.support.review.statements import counted
from tests.support.service import builders
from worker.database.states import Role, TrialKind, TrialOutcome, TrialState
from worker.database.trials import Trial

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine


@pytest.fixture
def asset_id(engine: Engine) -> int:
    """Return an asset with three pictures."""
    (asset_id,) = shelf.add(engine, "Bicycles <1>")
    for rank in (1, 2, 3):
        shelf.add_picture(engine, asset_id, rank=rank, time_s=3.0 * rank, sha256=f"{rank:064}")
    return asset_id


def words(client: FlaskClient, address: str) -> str:
    """Return what a page says, without its tags."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    text = re.sub(r"<[^>]*>", " ", answer.text.partition("<main")[2])
    return " ".join(html.unescape(text).replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_pictures_stand_beside_what_was_found_of_them(engine: Engine, asset_id: int) -> None:
    """Rate, impressions and moment of each, the sentence, and the interval in words."""
    trial_id = tested.add_test(engine, asset_id)
    tested.add_look(engine, trial_id)

    page = words(signed_in(engine), f"/t/{trial_id}")

    assert "Bicycles <1>" in page
    assert "The second picture is better: +18 % plays, surely between +6 % and +31 %." in page
    assert "1 00:03.000 5.3 % played 21,050 impressions, 1,116 plays" in page
    assert "2 00:06.000 6.3 % played 20,890 impressions, 1,307 plays" in page
    assert "The second picture is better than the first by 18 %: surely between +6.0 % and +31 %." in page
    assert "The first picture got 50.2 % of the impressions, the second picture got 49.8 %: as drawn." in page


def test_the_bar_of_the_interval_is_drawn_by_attributes_alone(engine: Engine, asset_id: int) -> None:
    """The policy of the pages forbids styles in them; the bar says its sentence to who does not see it."""
    trial_id = tested.add_test(engine, asset_id)
    tested.add_look(engine, trial_id)

    page = signed_in(engine).get(f"/t/{trial_id}").text

    bar = re.search(r'<rect class="bar" x="([\d.]+)%" width="([\d.]+)%"', page)
    assert bar is not None
    left, width = map(float, bar.groups())
    assert 50 < left < left + width < 100
    assert 'role="img" aria-label="The second picture is better than the first' in page
    assert "style=" not in page


def test_before_anything_is_counted_the_page_says_what_happens_next(engine: Engine, asset_id: int) -> None:
    """And what is probably missing; once something is counted, that is told instead."""
    trial_id = tested.add_test(engine, asset_id)
    anna = signed_in(engine)

    assert "Nothing was counted yet: is the snippet on the page" in words(anna, f"/t/{trial_id}")
    tested.add_days(engine, trial_id, (20, 22))
    page = words(anna, f"/t/{trial_id}")
    assert "The pictures were seen 42 times so far." in page
    assert "snippet on the page" not in page


def test_a_look_at_nothing_is_no_figure(engine: Engine, asset_id: int) -> None:
    """Nothing is played 0.0 % of the time, nor shown as drawn; and what came since the look is told."""
    trial_id = tested.add_test(engine, asset_id)
    none = [{"number": number, "impressions": 0, "quality_plays": 0, "rate": 0.0} for number in (0, 1)]
    numbers = tested.numbers(variants=none, pairs=[], need=None)
    tested.add_look(engine, trial_id, "counting: 0 of 100 plays for the first picture", numbers=numbers)
    anna = signed_in(engine)

    page = words(anna, f"/t/{trial_id}")
    assert "Nothing was counted yet: is the snippet on the page" in page
    assert "0.0 %" not in page
    assert "as drawn" not in page

    tested.add_days(engine, trial_id, (20, 22))
    assert "The pictures were seen 42 times so far." in words(anna, f"/t/{trial_id}")
    some = tested.numbers(variants=[{**none[0], "impressions": 30, "rate": 0.1}])
    tested.add_look(engine, trial_id, numbers=some)
    assert "Since then, the pictures were seen 12 times more." in words(anna, f"/t/{trial_id}")


def test_neither_buckets_nor_what_few_did_is_shown(engine: Engine, asset_id: int) -> None:
    """A day on which a picture was seen less than five times tells of one person."""
    trial_id = tested.add_test(engine, asset_id)
    tested.add_bucket(engine, trial_id, bucket=77, impressions=7_777)
    tested.add_days(engine, trial_id, (4, 60))

    page = words(signed_in(engine), f"/t/{trial_id}")

    assert "7,777" not in page
    assert re.search(r"29 Nov too few [\d.]+ % of 60", page)


def test_pictures_that_were_not_shown_as_drawn_are_an_alarm(engine: Engine, asset_id: int) -> None:
    """With the shares that were drawn beside those that came."""
    trial_id = tested.add_test(engine, asset_id, outcome=TrialOutcome.BROKEN)
    alarm = {"bayes_factor": 1e6, "is_alarm": True, "shares": [0.41, 0.59]}
    tested.add_look(engine, trial_id, "not shown as drawn", numbers=tested.numbers(imbalance=alarm, pairs=[]))

    page = words(signed_in(engine), f"/t/{trial_id}")

    assert "nothing may be concluded" in page
    assert "41.0 % of the impressions in place of 50.0 %" in page
    assert "How much better" not in page


def test_how_long_it_may_still_take_is_told_in_numbers(engine: Engine, asset_id: int) -> None:
    """Also that it may end without a verdict."""
    trial_id = tested.add_test(engine, asset_id)
    need = tested.numbers(need={"impressions": 65_000, "days": 108})
    tested.add_look(engine, trial_id, numbers=need)

    page = words(signed_in(engine), f"/t/{trial_id}")

    assert "needs about 65,000 impressions" in page
    assert "about 108 days" in page
    assert "may end without a verdict" in page


def test_of_a_test_by_days_it_is_told_how_many_days_it_may_take(engine: Engine, asset_id: int) -> None:
    """Nobody counts its impressions."""
    trial_id = tested.add_test(engine, asset_id, kind=TrialKind.SLOTS, timezone="UTC")
    tested.add_look(engine, trial_id, numbers=tested.numbers(need={"impressions": None, "days": 84}))

    assert "needs about 84 days" in words(signed_in(engine), f"/t/{trial_id}")


def test_days_of_a_platform_that_shows_one_picture_say_why_they_do_not_count(
    engine: Engine, asset_id: int
) -> None:
    """And which picture was shown."""
    trial_id = tested.add_test(engine, asset_id, kind=TrialKind.SLOTS, timezone="UTC")
    tested.add_slots(engine, trial_id)

    page = words(signed_in(engine), f"/t/{trial_id}")

    assert "second picture 402" in page
    assert "first picture not counted: the write came too late" in page
    assert "not read yet" in page
    assert "snippet" not in page


def test_an_editor_stops_it_and_a_viewer_only_looks(engine: Engine, asset_id: int) -> None:
    """The page leads back to itself, and says what came of it."""
    trial_id = tested.add_test(engine, asset_id)
    viewer = signed_in(engine, Role.VIEWER)
    assert "<form method" not in viewer.get(f"/t/{trial_id}").text.partition("<main")[2]
    assert viewer.post(f"/t/{trial_id}/stop").status_code == 403

    anna = client_of(review_app(engine), engine, person(engine, "ben@example.com"))
    answer = anna.post(f"/t/{trial_id}/stop", data={"why": "enough"})

    assert (answer.status_code, answer.location) == (303, f"/t/{trial_id}")
    assert "The test is stopped" in words(anna, answer.location)
    assert builders.every(engine, Trial)[0].state == TrialState.ENDED


def test_what_ended_meanwhile_is_told_in_place_of_being_done(engine: Engine, asset_id: int) -> None:
    """With the way to what holds."""
    trial_id = tested.add_test(
        engine, asset_id, outcome=TrialOutcome.WINNER, winner=1, why=tested.SAID, ended_by=None
    )

    answer = signed_in(engine).post(f"/t/{trial_id}/apply", data={"variant": "0", "state": "running"})

    assert answer.status_code == 409
    assert "The test ended 2 h ago: winner. Nothing of yours was done." in answer.text
    assert f'href="/t/{trial_id}"' in answer.text


def test_other_accounts_tests_are_as_unknown_as_those_that_do_not_exist(
    engine: Engine, asset_id: int
) -> None:
    """The list leaves them out as well."""
    trial_id = tested.add_test(engine, asset_id)
    stranger = signed_in(engine, where=("mux", "other"))

    assert stranger.get(f"/t/{trial_id}").status_code == stranger.get("/t/99").status_code == 404
    assert stranger.post(f"/t/{trial_id}/stop").status_code == 404
    assert "There are no tests yet" in words(stranger, "/tests")


def test_the_page_costs_as_many_statements_however_much_was_counted(engine: Engine, asset_id: int) -> None:
    """A month of days and many looks ask no more of the database."""
    trial_id = tested.add_test(engine, asset_id)
    anna = signed_in(engine)
    with counted(engine) as few:
        anna.get(f"/t/{trial_id}")
    tested.add_days(engine, trial_id, (500, 500), days=28)
    for _ in range(9):
        tested.add_look(engine, trial_id)
    with counted(engine) as many:
        anna.get(f"/t/{trial_id}")

    assert len(many) == len(few) <= 12


def test_the_list_leads_to_each_test(engine: Engine, asset_id: int) -> None:
    """With its state, its sentence, and the way to the next page of the same."""
    ended = tested.add_test(engine, asset_id, outcome=TrialOutcome.STOPPED)
    trial_id = tested.add_test(engine, asset_id)
    anna = signed_in(engine)

    page = words(anna, "/tests")

    assert page.index("Running It has begun, and nothing is known yet.") < page.index("Stopped")
    links = re.findall(r'href="/t/(\d+)"', anna.get("/tests").text)
    assert links == [str(trial_id), str(ended)]
    assert re.findall(r'href="/t/(\d+)"', anna.get("/tests?state=ended").text) == [str(ended)]
