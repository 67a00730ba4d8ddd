"""`thumbs show` tells what a judge said of an asset's frames, how much that counts, and how it came about."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.review.judged import HOSTILE, MODEL, judge, said
from tests.support.review.looked_at import looked_at
from tests.support.service.commands import answer
from worker.database import transaction
from worker.database.learning import JudgeCheck, JudgeVerdict
from worker.database.models import Thumbnail
from worker.judge.documents import as_document
from worker.pipeline.judging.verdict import Description, Fault, Say, Verdict

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.service.commands import Run

PICK_1_S, PICK_2_S, LOSER_S = 6.5, 2.0, 1.0
KEY = f"{1:08x}{0:056x}"  #: draws that the pictures 0, 2, 1 are shown, and then the reverse
ANSWERS = (
    '{"pictures": [\n {"picture": "A", "subject": "\x1b[31ma player\u202e"}]}',
    '{"order": ["C", "B", "A"]}',
    '{"order": ["A", "B", "C"]}',
)
VERDICT = Verdict(
    say=Say.LEAD,
    model=MODEL,
    prompt_version="3",
    descriptions=(
        Description(frozenset({Fault.TEXT, Fault.EYES_CLOSED}), "a player turns away"),
        Description(subject="a crowd cheers"),
        Description(subject="a goalkeeper dives"),
    ),
    places=(0.0, 1.0, 0.5),
    readings=2,
    requests=3,
    prompt_tokens=9123,
    answer_tokens=812,
    took_s=4.21,
    answers=ANSWERS,
)


@pytest.fixture(autouse=True)
def asset(engine: Engine) -> None:
    """Let a judge have been shown both picks of an asset, and another frame."""
    looked_at(engine)
    found = {
        PICK_1_S: said("a goalkeeper dives", place=2),
        PICK_2_S: said("a crowd cheers"),
        LOSER_S: said("a player turns away", place=None, faults=["eyes_closed", "text"]),
    }
    judge(engine, 1, found)


def check(engine: Engine, because: str, at: datetime | None = None, **changes: str) -> None:
    """Store a check of the judge, as it was made for the model that scores."""
    with transaction(engine) as session:
        first = session.query(Thumbnail).filter_by(rank=1).first()
        known = {"model": MODEL, "sight": first.model, "prompt_version": "3"} | changes
        about = {"url": "http://judge.test/v1", "pictures": 12, "readings": 6, "who": "ada@host"}
        session.add(
            JudgeCheck(**known, **about, say="lead", report={"says": because}, at=at or first.created_at)
        )


def keep(engine: Engine) -> None:
    """Keep the verdict as the service does."""
    row = JudgeVerdict(asset_id=1, key=KEY, model=MODEL, prompt_version="3", verdict=as_document(VERDICT))
    with transaction(engine) as session:
        session.add(row)


def test_it_lists_what_the_judge_was_shown_in_its_order(thumbs: Run) -> None:
    """By the numbers of picks and frames, with place, faults as words, and subject."""
    lines = thumbs("show", "a1").stdout.partition("\njudge\n")[2].splitlines()

    assert lines[0].startswith(f"{MODEL} was shown 3 pictures; its order counts before the score")
    assert [re.split(r"  +", line.strip()) for line in lines[3:6]] == [
        ["2", "00:02.000", "1st of 3", "-", "a crowd cheers"],
        ["1", "00:06.500", "2nd of 3", "-", "a goalkeeper dives"],
        ["3", "00:01.000", "-", "eyes closed, text over the picture", "a player turns away"],
    ]


def test_it_says_what_the_judges_say_rests_on(engine: Engine, thumbs: Run) -> None:
    """The newest check of this model before it judged; not a later one, nor one of another model."""
    assert "Nobody has measured what it is worth" in thumbs("show", "a1").stdout

    keep(engine)
    check(engine, "too old")
    check(engine, "+6.1 % of pairs: surely better")
    check(engine, "of another one", model="other")
    check(engine, "of another prompt", prompt_version="4")
    check(engine, "of later", at=datetime.now(UTC) + timedelta(days=1))

    assert "ago by ada@host: +6.1 % of pairs: surely better\n" in thumbs("show", "a1").stdout
    told = answer(thumbs("show", "a1", "--json"))["judge"]
    assert (told["model"], told["say"], told["check"]["url"]) == (MODEL, "lead", "http://judge.test/v1")


def test_programs_get_what_it_said_of_each_picture(thumbs: Run) -> None:
    """Beside its score; null of those that it was not shown."""
    sheet = answer(thumbs("show", "a1", "--json"))

    places = [(one["rank"], one["by_judge"]["place"]) for one in sheet["picks"]]
    assert places == [(1, 2), (1, 2), (2, 1), (2, 1)]
    by_time = {one["time_s"]: one["by_judge"] for one in sheet["candidates"]}
    assert by_time[LOSER_S]["faults"] == ["eyes_closed", "text"]
    assert by_time[2.5] is None


def test_it_tells_how_the_judge_came_to_its_verdict(engine: Engine, thumbs: Run) -> None:
    """What it cost and answered, as it came; for programs always, for people where they ask."""
    keep(engine)

    whole, short = thumbs("show", "a1", "--judge").stdout, thumbs("show", "a1").stdout

    assert f"{MODEL}, prompt 3: 3 requests, 9,123 + 812 tokens, 4.2 s\n" in whole
    assert (
        "what it sees, where A is 3, B is 2, C is 1\n"
        '  {"pictures": [\n'
        '   {"picture": "A", "subject": "\N{REPLACEMENT CHARACTER}[31ma player\N{REPLACEMENT CHARACTER}"}]}\n'
        "reading 1, where A is 3, B is 1, C is 2\n"
        "  best first: 2, 1, 3\n"
        '  {"order": ["C", "B", "A"]}\n'
        "reading 2, where A is 2, B is 1, C is 3\n"
        "  best first: 2, 1, 3\n"
        '  {"order": ["A", "B", "C"]}\n'
    ) in whole
    assert "tokens" not in short
    told = answer(thumbs("show", "a1", "--json"))["judge"]
    assert told["verdict"]["verdict"] == as_document(VERDICT)
    assert told["answers"][1] == {"shown": [3, 1, 2], "best_first": [2, 1, 3], "raw": ANSWERS[1]}


def test_a_verdict_of_an_earlier_run_numbers_its_pictures_in_order_of_time(
    engine: Engine, thumbs: Run
) -> None:
    """The newest run was judged otherwise, or not at all, so that its frames have other numbers."""
    keep(engine)
    judge(engine, 1, dict.fromkeys((PICK_1_S, PICK_2_S, LOSER_S)))

    assert "reading 1, where A is 1, B is 3, C is 2\n" in thumbs("show", "a1", "--judge").stdout
    assert "judge" not in thumbs("show", "a1").stdout


def test_what_the_model_wrote_steers_no_terminal(engine: Engine, thumbs: Run) -> None:
    """Neither as a subject nor in its raw answers."""
    keep(engine)
    judge(engine, 1, {PICK_1_S: said(HOSTILE, model="\x1b[2J", faults=["\u202e"])})

    text = thumbs("show", "a1", "--judge").stdout

    assert "a player\N{REPLACEMENT CHARACTER}" in text
    assert "<img src=x" in text
    assert not {"\x1b", "\u202e"} & set(text)


def test_of_an_asset_without_a_judge_nothing_is_said(engine: Engine, thumbs: Run) -> None:
    """But to who asks for it."""
    looked_at(engine, asset_id="a2")

    assert "judge" not in thumbs("show", "a2").stdout
    assert "no judge has given a verdict" in thumbs("show", "a2", "--judge").stdout
    assert answer(thumbs("show", "a2", "--json"))["judge"] is None
