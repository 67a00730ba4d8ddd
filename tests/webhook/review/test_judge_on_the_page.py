"""What a judge said, on the page of an asset: there for whoever asks, and folded for whoever can choose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.review.judged import HOSTILE, judge, said
from tests.support.review.looked_at import looked_at
from tests.support.review.signed_in import client_of, person, review_app
from tests.support.review.statements import counted
from tests.support.service import builders
from worker.database.models import StoredCandidate
from worker.database.states import Role

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

PICK_1_S, PICK_2_S, LOSER_S = 6.5, 2.0, 1.0


@pytest.fixture(autouse=True)
def asset(engine: Engine) -> None:
    """Let an asset have been looked at, with picks at 6.5 s and 2 s."""
    looked_at(engine)


def client(engine: Engine, role: Role = Role.EDITOR) -> FlaskClient:
    """Return the browser of somebody with a role."""
    return client_of(review_app(engine), engine, person(engine, f"{role}@example.com", role))


def words(html: str) -> str:
    """Return what somebody reads of a piece of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)).strip()


def folded(page: str) -> list[str]:
    """Return the parts of a page that tell of the judge, with their tags."""
    return re.findall(r'<details class="judge".*?</details>', page, re.DOTALL)


def judged(engine: Engine) -> None:
    """Let a judge have said something of both picks and of another frame."""
    judge(
        engine,
        1,
        {
            PICK_1_S: said("a goalkeeper dives", place=2),
            PICK_2_S: said("a crowd cheers"),
            LOSER_S: said("a player turns away", place=None, faults=["eyes_closed", "text"]),
        },
    )


def test_the_page_tells_what_the_judge_said_of_each_frame(engine: Engine) -> None:
    """In its order, with place, subject and faults as words, each leading to its frame."""
    judged(engine)

    (part,) = folded(client(engine).get("/a/1").text)

    assert [words(line) for line in re.findall(r"<li>.*?</li>", part, re.DOTALL)] == [
        "Pick 2 1st of 3 a crowd cheers",
        "Pick 1 2nd of 3 a goalkeeper dives",
        "0:01.0 not ordered a player turns away eyes closed, text over the picture",
    ]
    assert re.search(r'href="/a/1\?frame=\d+#frame"', part)


@pytest.mark.parametrize(
    ("say", "explained"),
    [
        ("lead", "its order counts before the score."),
        ("ties", "decide between frames of nearly the same score."),
        ("veto", "and orders nothing."),
    ],
)
def test_it_says_how_much_the_judge_may_decide(engine: Engine, say: str, explained: str) -> None:
    """And who it is."""
    judge(engine, 1, {PICK_1_S: said(say=say)})

    (part,) = folded(client(engine).get("/a/1").text)

    assert "some-vl-8b" in part
    assert explained in part


@pytest.mark.parametrize(("role", "is_open"), [(Role.VIEWER, True), (Role.EDITOR, False)])
def test_who_can_choose_sees_the_pictures_first(engine: Engine, role: Role, *, is_open: bool) -> None:
    """Their choice is learned from, so that it must not repeat what a model says."""
    judged(engine)
    frame = next(row.id for row in builders.every(engine, StoredCandidate) if row.time_s == LOSER_S)

    page = client(engine, role).get(f"/a/1?frame={frame}").text

    assert [" open>" in part for part in folded(page)] == [is_open, is_open]
    outside = words(re.sub(r'<details class="judge".*?</details>', "", page, flags=re.DOTALL))
    assert "1st of 3" not in outside
    assert "a crowd cheers" not in outside


def test_a_frame_that_is_looked_at_tells_it_too(engine: Engine) -> None:
    """Also as a piece of the page, which a script asks for."""
    judged(engine)
    frame = next(row.id for row in builders.every(engine, StoredCandidate) if row.time_s == LOSER_S)

    piece = client(engine).get(f"/a/1?frame={frame}", headers={"HX-Request": "true"}).text

    assert "a player turns away eyes closed, text over the picture" in words(folded(piece)[0])


def test_frames_that_it_did_not_tell_apart_share_a_place(engine: Engine) -> None:
    """A judge that names whatever comes first has no best one."""
    judge(engine, 1, {PICK_1_S: said(), PICK_2_S: said(), LOSER_S: said(place=3)})

    (part,) = folded(client(engine).get("/a/1").text)

    assert re.findall(r'class="place">(.*?)<', part) == ["1st of 3, with others"] * 2 + ["3rd of 3"]


def test_what_the_model_wrote_is_only_text(engine: Engine) -> None:
    """Of one line and 80 letters, whatever stood in the pictures that it read."""
    judge(engine, 1, {PICK_1_S: said(HOSTILE, model="<b>x</b>", faults=["<i>"], say="<u>")})

    page = client(engine).get("/a/1").text

    (shown,) = re.findall(r"<i><bdi>(.*?)</bdi>", page, re.DOTALL)
    assert shown.startswith("&lt;img src=x onerror=&#34;alert(1)&#34;&gt; [31m gnp.exe very long")
    assert shown.endswith("...")
    assert "<b>x</b>" not in page
    assert "<u>" not in page


def test_where_no_judge_was_nothing_is_said_of_one(engine: Engine) -> None:
    """It is optional, and off by default."""
    page = client(engine).get("/a/1").text

    assert folded(page) == []
    assert "judge" not in words(page)


def test_it_costs_no_statement(engine: Engine) -> None:
    """It comes with the rows of the picks and the frames."""
    browser = client(engine)
    with counted(engine) as without:
        browser.get("/a/1")

    judged(engine)
    with counted(engine) as with_judge:
        browser.get("/a/1")

    assert len(with_judge) == len(without)
