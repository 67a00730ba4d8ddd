"""A mistake costs one click."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.review.looked_at import looked_at
from tests.support.review.signed_in import client_of, person, review_app
from tests.support.service import builders, chosen_asset
from worker import choices, publications
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.choices import Choice
from worker.database.models import Asset

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

ANNA = "anna@example.com"


def choose(engine: Engine, time_s: float, who: str = ANNA) -> None:
    """Choose a moment."""
    with transaction(engine) as session:
        asset = session.get_one(Asset, 1, with_for_update=True)
        choices.choose(session, asset, ChoiceRequest(time_s=time_s), who, "")


def said_of(anna: FlaskClient) -> str:
    """Return what the line of the form says that Anna is offered."""
    (says,) = re.findall(r'<form class="undo".*?<p>(.*?)</p>', anna.get("/a/1").text, re.DOTALL)
    return str(says)


def undo_of(engine: Engine) -> tuple[str, dict[str, str]] | None:
    """Return where the form leads that Anna is offered, and its fields; None where she is offered none."""
    app = review_app(engine)
    page = client_of(app, engine, person(engine, ANNA)).get("/a/1").text
    form = re.search(r'<form class="undo".*?</form>', page, re.DOTALL)
    if form is None:
        return None
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0])
    (act,) = re.findall(r'action="/a/1/([^"]*)"', form[0])
    return act, {name: value for name, value in found if name not in {"csrf_token", "generation", "why"}}


def test_a_first_choice_is_released(engine: Engine) -> None:
    """The best pick is what was shown before."""
    looked_at(engine)
    choose(engine, 2.0)

    assert undo_of(engine) == ("release", {"choice": "1"})


def test_a_choice_that_replaced_another_gives_way_to_it(engine: Engine) -> None:
    """Also where that was somebody else's."""
    looked_at(engine)
    choose(engine, 2.0, "ada@host")
    choose(engine, 6.5)

    assert undo_of(engine) == ("choose", {"choice": "2", "time": "00:02.000"})


def test_a_released_choice_is_chosen_again(engine: Engine) -> None:
    """By whoever released it."""
    looked_at(engine)
    choose(engine, 2.0)
    with transaction(engine) as session:
        choices.release(session, session.get_one(Asset, 1, with_for_update=True), ANNA, "")

    assert undo_of(engine) == ("choose", {"choice": "", "time": "00:02.000"})


def test_what_others_decided_is_not_offered_to_be_undone(engine: Engine) -> None:
    """They may have had their reasons; it can be released as ever."""
    looked_at(engine)
    choose(engine, 2.0, "ada@host")

    assert undo_of(engine) is None


def test_what_was_decided_long_ago_is_not_offered_either(engine: Engine) -> None:
    """Nobody remembers what "Undo" would undo."""
    looked_at(engine)
    choose(engine, 2.0)
    with transaction(engine) as session:
        choice = session.get_one(Choice, 1)
        choice.made_at = builders.NOON

    assert undo_of(engine) is None


def test_what_an_undo_undoes_is_named_also_under_the_message_of_another_act(engine: Engine) -> None:
    """It takes back the choice, and neither the look nor the confirmation that came after it."""
    looked_at(engine)
    anna = client_of(review_app(engine), engine, person(engine, ANNA))
    anna.post("/a/1/choose", data={"time": "00:02.0", "generation": "1", "choice": "", "why": ""})

    page = anna.post("/a/1/confirm", follow_redirects=True).text

    assert "Noted that this thumbnail is fine." in page
    assert (
        "this thumbnail is fine. · A day &lt;at&gt; the sea · Thumbnails</title>" in page
    )  # for screen readers
    assert "<p>You chose this thumbnail.</p>" in page


def test_an_undo_says_where_it_cannot_bring_back_what_somebody_set_at_the_platform(engine: Engine) -> None:
    """Until the choice is written theirs is there, and an undo leaves it there; later it is lost."""
    looked_at(engine)
    anna = client_of(review_app(engine), engine, person(engine, ANNA))
    claim = chosen_asset.claimed(engine)
    with transaction(engine) as session:
        publications.yield_to(session, claim, "theirs")
    choose(engine, 2.0)
    assert said_of(anna) == "You chose this thumbnail."

    chosen_asset.publish(engine)

    beyond = "what was set at Mux before cannot be brought back."
    assert said_of(anna) == f"You chose this thumbnail. An undo shows the best pick: {beyond}"
