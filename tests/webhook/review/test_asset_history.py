"""The history of an asset, as its page tells it: what people did, what came of it, and how it is undone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.support.review.decided import configured, somebody
from tests.support.review.looked_at import looked_at
from tests.support.review.signed_in import client_of, person, review_app, signed_in
from tests.support.service import builders, chosen_asset
from tests.support.service.chosen_asset import claimed
from worker import choices, jobs, publications
from worker.admin.choose import Wish
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.choices import Choice
from worker.database.models import Asset, Job
from worker.database.states import JobState
from worker.people import audit
from worker.people.roles import Actor
from worker.platforms.event import EventKind
from worker.review import acts

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

ANNA = somebody()


def write(engine: Engine, minute: int) -> None:
    """Write what is due, and hear of it: the platform's event may come before its answer is noted."""
    claim = claimed(engine)
    with transaction(engine) as session:
        publications.begin_write(session, claim)
    builders.record(engine, builders.event(EventKind.UPDATED, minute=minute))
    with transaction(engine) as session:
        publications.confirm(session, claim, str(claim.time_s))
    look = builders.claimed(engine)
    with transaction(engine) as session:
        jobs.complete_unchanged(session, look, str(claim.time_s))


def change_one_s_mind(engine: Engine, minute: int = 1) -> None:
    """Choose another thumbnail, and take it back, as a person does with two clicks."""
    acts.choose(engine, ANNA, 1, Wish(time_s=2.0), None, "she laughs", configured())
    write(engine, minute)
    acts.release(engine, ANNA, 1, None, "undone")
    write(engine, minute + 1)


def told(engine: Engine) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """Return who did what, and the words to it, as the page shows it: what is open, and what is folded."""
    history = signed_in(engine).get("/a/1").text.partition('id="history"')[2]
    line = (
        r'<li>.*?"who">(.*?)</span><span class="what">(.*?)</span>(?:<span class="says">(.*?)</span>)?</li>'
    )
    plain = [
        [tuple(re.sub(r"<[^>]*>", "", word) for word in found) for found in re.findall(line, part)]
        for part in history.split("<details>")
    ]
    return plain[0], [one for part in plain[1:] for one in part]  # type: ignore[return-value,misc]


def test_a_choice_and_an_undo_are_not_hidden_by_what_our_writes_cause(engine: Engine) -> None:
    """Neither the platform's events of them nor the looks that find nothing new are told."""
    looked_at(engine)
    write(engine, 1)
    change_one_s_mind(engine, 2)

    shown, folded = told(engine)

    assert shown == [
        ("", "write 3 confirmed", "we wrote 6.5"),
        ("", "write 3 requested", "00:06.500, the best pick"),
        ("anna@example.com", "choice 1 released", "undone"),
        ("", "write 2 confirmed", "we wrote 2.0"),
        ("", "write 2 requested", "00:02.000, choice 1"),
        ("anna@example.com", "choice 1 chosen", "00:02.000: she laughs"),
        ("", "write 1 confirmed", "we wrote 6.5"),
        ("", "write 1 requested", "00:06.500, the best pick"),
    ]
    assert [what for _, what, _ in folded] == [
        "job 1 completed",
        "job 1 running",
        "job 1 requested",
        "event applied",
    ]


def test_what_people_did_is_never_folded(engine: Engine) -> None:
    """However much programs did since; and each step is told once."""
    looked_at(engine)
    write(engine, 1)
    acts.look_again(engine, ANNA, 1, "too dark", configured())
    for minute in range(2, 8, 2):
        change_one_s_mind(engine, minute)

    shown, folded = told(engine)

    people = [(who, what) for who, what, _ in shown if who]
    assert people == [
        (ANNA.name, f"choice {n} {did}") for n in (3, 2, 1) for did in ("released", "chosen")
    ] + [(ANNA.name, "page look again")]
    assert ANNA.name not in {who for who, what, _ in folded if not what.startswith("job")}


def test_a_look_that_found_something_or_has_not_ended_is_told(engine: Engine) -> None:
    """An event that said no more than that something changed is not."""
    looked_at(engine)
    builders.record(engine, builders.event(EventKind.UPDATED, minute=1))
    builders.claimed(engine)

    shown, _ = told(engine)

    assert [what for _, what, _ in shown[:3]] == ["job 2 running", "job 2 requested", "write 1 requested"]


def test_how_it_stands_is_told_of_the_newest_look_also_of_one_without_news(engine: Engine) -> None:
    """A look that failed before is mended by it."""
    looked_at(engine)
    builders.record(engine, builders.event(EventKind.UPDATED, minute=1))
    builders.claimed(engine)
    failed = signed_in(engine)
    with transaction(engine) as session:
        session.execute(update(Job).where(Job.id == 2).values(state=JobState.DISCARDED, lease_until=None))
    assert "The look at the video failed" in failed.get("/a/1").text

    builders.record(engine, builders.event(EventKind.UPDATED, minute=2))
    look = builders.claimed(engine)
    with transaction(engine) as session:
        jobs.complete_unchanged(session, look, None)

    assert "The look at the video failed" not in failed.get("/a/1").text


def test_an_act_is_told_with_its_way_and_its_words(engine: Engine) -> None:
    """A choice tells more of itself than the audit does, so it is told once."""
    looked_at(engine)
    acts.choose(engine, ANNA, 1, Wish(time_s=2.0), None, "", configured())
    with transaction(engine) as session:
        audit.note(session, Actor("bob@host", "cli", ()), "create-link", 1, role="editor", days=7)

    shown, _ = told(engine)

    assert [(who, what) for who, what, _ in shown if who and "job" not in what] == [
        ("bob@host", "cli create link"),
        ("anna@example.com", "choice 1 chosen"),
        ("mux", "event applied"),
    ]
    assert shown[0][2] == "days 7; role editor"


def choose_moment(engine: Engine, time_s: float, who: str = ANNA.name) -> None:
    """Choose a moment."""
    with transaction(engine) as session:
        asset = session.get_one(Asset, 1, with_for_update=True)
        choices.choose(session, asset, ChoiceRequest(time_s=time_s), who, "")


def undo_of(engine: Engine) -> tuple[str, dict[str, str]] | None:
    """Return where the form leads that Anna is offered, and its fields; None where she is offered none."""
    app = review_app(engine)
    page = client_of(app, engine, person(engine, ANNA.name)).get("/a/1").text
    form = re.search(r'<form class="undo".*?</form>', page, re.DOTALL)
    if form is None:
        return None
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0])
    (act,) = re.findall(r'action="/a/1/([^"]*)"', form[0])
    return act, {name: value for name, value in found if name not in {"csrf_token", "generation", "why"}}


def test_a_first_choice_is_released(engine: Engine) -> None:
    """The best pick is what was shown before."""
    looked_at(engine)
    choose_moment(engine, 2.0)

    assert undo_of(engine) == ("release", {"choice": "1"})


def test_a_choice_that_replaced_another_gives_way_to_it(engine: Engine) -> None:
    """Also where that was somebody else's."""
    looked_at(engine)
    choose_moment(engine, 2.0, "ada@host")
    choose_moment(engine, 6.5)

    assert undo_of(engine) == ("choose", {"choice": "2", "time": "00:02.000"})


def test_a_released_choice_is_chosen_again(engine: Engine) -> None:
    """By whoever released it."""
    looked_at(engine)
    choose_moment(engine, 2.0)
    with transaction(engine) as session:
        choices.release(session, session.get_one(Asset, 1, with_for_update=True), ANNA.name, "")

    assert undo_of(engine) == ("choose", {"choice": "", "time": "00:02.000"})


@pytest.mark.parametrize("is_same", [True, False])
def test_a_moment_is_brought_back_in_the_content_in_which_it_was_chosen(
    engine: Engine, *, is_same: bool
) -> None:
    """In another one it shows something else; another look at the same one changes nothing."""
    looked_at(engine)
    choose_moment(engine, 2.0, "ada@host")
    choose_moment(engine, 6.5)
    with transaction(engine) as session:
        known = session.get_one(Asset, 1).fingerprint or ""
        jobs.requeue(session, 1, "test", "", configured())
    claim = builders.claimed(engine)
    with transaction(engine) as session:
        jobs.complete(session, claim, builders.result(known if is_same else "other content", 1.5))

    assert (undo_of(engine) is not None) == is_same


def test_what_others_decided_is_not_offered_to_be_undone(engine: Engine) -> None:
    """They may have had their reasons; it can be released as ever."""
    looked_at(engine)
    choose_moment(engine, 2.0, "ada@host")

    assert undo_of(engine) is None


def test_what_was_decided_long_ago_is_not_offered_either(engine: Engine) -> None:
    """Nobody remembers what "Undo" would undo."""
    looked_at(engine)
    choose_moment(engine, 2.0)
    with transaction(engine) as session:
        choice = session.get_one(Choice, 1)
        choice.made_at = builders.NOON

    assert undo_of(engine) is None


def said_of(anna: FlaskClient) -> str:
    """Return what the line of the form says that Anna is offered."""
    (says,) = re.findall(r'<form class="undo".*?<p>(.*?)</p>', anna.get("/a/1").text, re.DOTALL)
    return str(says)


def test_what_an_undo_undoes_is_named_also_under_the_message_of_another_act(engine: Engine) -> None:
    """It takes back the choice, and neither the look nor the confirmation that came after it."""
    looked_at(engine)
    anna = client_of(review_app(engine), engine, person(engine, ANNA.name))
    anna.post("/a/1/choose", data={"time": "00:02.0", "generation": "1", "choice": "", "why": ""})

    seen = {"generation": "1", "choice": "1"}
    page = anna.post("/a/1/confirm", data=seen, follow_redirects=True).text

    assert "Noted that this thumbnail is fine." in page
    titles = "this thumbnail is fine. · A day &lt;at&gt; the sea · Thumbnails</title>"
    assert titles in page  # for screen readers
    assert "<p>You chose this thumbnail.</p>" in page


def test_an_undo_says_where_it_cannot_bring_back_what_somebody_set_at_the_platform(engine: Engine) -> None:
    """Until the choice is written theirs is there, and an undo leaves it there; later it is lost."""
    looked_at(engine)
    anna = client_of(review_app(engine), engine, person(engine, ANNA.name))
    claim = claimed(engine)
    with transaction(engine) as session:
        publications.yield_to(session, claim, "theirs")
    choose_moment(engine, 2.0)
    assert said_of(anna) == "You chose this thumbnail."

    chosen_asset.publish(engine)

    beyond = "what was set at Mux before cannot be brought back."
    assert said_of(anna) == f"You chose this thumbnail. An undo shows the best pick: {beyond}"
