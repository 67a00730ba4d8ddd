"""The page of what was learned: how much there is to learn from, how each head was judged, and two acts."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from tests.support.review import shelf, tested
from tests.support.review.signed_in import client_of, person, review_app, signed_in
from tests.support.review.statements import counted
from tests.support.service import builders
from worker.database.learning import Head
from worker.database.states import HeadState, Role

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine


def words(client: FlaskClient) -> str:
    """Return what the page says, without its tags."""
    text = re.sub(r"<[^>]*>", " ", client.get("/heads").text.partition("<main")[2])
    return " ".join(html.unescape(text).split())


def test_without_heads_the_page_says_how_much_is_missing(engine: Engine) -> None:
    """And that pictures are picked as before."""
    page = words(signed_in(engine))

    assert re.search(r"\d+ of about [\d,]+ videos", page)
    assert "None: pictures are picked by the score alone." in page


def test_each_rule_of_the_gate_is_told_with_its_number_and_its_demand(engine: Engine) -> None:
    """The head in use comes first."""
    tested.add_head(engine, HeadState.REFUSED, report={"says": "not enough: 63 of about 400 videos"})
    tested.add_head(engine, HeadState.SHIPPED)

    page = words(signed_in(engine))

    assert "value +6.8 %, at least +2.1 %, over 122 videos the lower 99 % bound is above 0" in page
    assert "✓ yes calibration the slope is 0.91 the slope is from 0.5 to 2 ✕ no" in page
    assert page.index("In use Better than what is in use") < page.index("Refused Not enough: 63 of about")


def test_the_nearest_frames_are_those_that_are_there_and_that_one_may_see(engine: Engine) -> None:
    """A newer run may have others, and other accounts' videos are not for everybody."""
    mine, others = shelf.add(engine, "mine")[0], shelf.add(engine, "others", account="other")[0]
    frame, hidden = shelf.add_frame(engine, mine, 1.0), shelf.add_frame(engine, others, 1.0)
    nearest = {"liked": [hidden, frame, 99_999], "disliked": [frame]}
    tested.add_head(engine, HeadState.SHIPPED, report={**tested.REPORT, "nearest": nearest})

    page = signed_in(engine, where=("mux", "main")).get("/heads").text

    assert re.findall(r"/frames/(\d+)\.jpg", page) == [str(frame), str(frame)]


def test_an_account_of_others_has_no_heads_here(engine: Engine) -> None:
    """What was learned for it is as its videos."""
    tested.add_head(engine, platform="mux", account="other")

    assert "Head 1" not in words(signed_in(engine, where=("mux", "main")))


def test_an_operator_ships_a_head_with_a_reason(engine: Engine) -> None:
    """Without one nothing is done; an editor does not even see the button."""
    head_id = tested.add_head(engine)
    editor = signed_in(engine, where=("mux", "main"))
    assert 'class="head-act"' not in editor.get("/heads").text
    assert editor.post(f"/heads/{head_id}/ship", data={"why": "x"}).status_code == 403

    operator = client_of(review_app(engine), engine, person(engine, "ops@example.com", Role.OPERATOR))
    assert operator.post(f"/heads/{head_id}/ship", data={"why": " "}).status_code == 422
    answer = operator.post(f"/heads/{head_id}/ship", data={"why": "proved"})

    assert (answer.status_code, answer.location) == (303, "/heads")
    assert f"picked with head {head_id}" in words(operator)
    assert builders.every(engine, Head)[0].state == HeadState.SHIPPED


def test_a_head_that_is_no_longer_in_use_is_not_rolled_back(engine: Engine) -> None:
    """The page says what holds."""
    head_id = tested.add_head(engine, HeadState.RETIRED, retired_because="the rules: viewers liked it less")

    answer = signed_in(engine, Role.OPERATOR).post(f"/heads/{head_id}/roll-back", data={"why": "worse"})

    assert answer.status_code == 409
    assert "out of use by now: the rules: viewers liked it less" in answer.text


def test_the_page_costs_the_same_statements_however_many_heads_there_are(engine: Engine) -> None:
    """And never reads what they are made of."""
    client = signed_in(engine)
    with counted(engine) as few:
        client.get("/heads")
    for _ in range(5):
        tested.add_head(engine)
    with counted(engine) as many:
        client.get("/heads")

    assert len(many) <= len(few) + 1
    assert not any("heads.arrays" in statement for statement in many)
