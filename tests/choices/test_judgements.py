"""What people choose is kept so that it can be learned from: the frame they took beside those they left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.review.decided import configured, somebody
from tests.support.service import builders, measured_run
from tests.support.service.chosen_asset import choose, claimed, publish, release
from tests.support.service.measured_run import embedding, look, look_after_edit, result
from worker import publications
from worker.admin.choose import Wish
from worker.choices import ChoiceRequest
from worker.choices.own_picture import OwnPicture
from worker.database import transaction
from worker.database.choices import Choice, Judgement
from worker.database.models import StoredCandidate, Thumbnail
from worker.review import acts
from worker.review.undo import UNDONE
from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from sqlalchemy import Engine

LOSER_S = 3.0
FAR_S = 12.4  #: of a frame that no run has looked at


@pytest.fixture
def seen(engine: Engine) -> Engine:
    """Return a database with one asset, whose first pick of three is published."""
    look(engine)
    publish(engine)
    return engine


def candidate_at(engine: Engine, time_s: float) -> ChoiceRequest:
    """Ask for the frame of the filmstrip at this moment."""
    (row,) = [row for row in builders.every(engine, StoredCandidate) if row.time_s == time_s]
    return ChoiceRequest(candidate_id=row.id)


def others_s(engine: Engine) -> list[float]:
    """Return the moments of the picks that were not taken, of all judgements."""
    return [row.other_time_s for row in builders.every(engine, Judgement)]


def test_a_chosen_frame_is_judged_better_than_each_pick(seen: Engine) -> None:
    """With what both were measured to be, and which of them people saw at the platform."""
    choose(seen, candidate_at(seen, LOSER_S))

    rows = builders.every(seen, Judgement)
    assert [(row.other_rank, row.other_time_s, row.was_shown) for row in rows] == [
        (1, 1.0, True),
        (2, 5.0, False),
        (3, 9.0, False),
    ]
    choice = builders.only(seen, Choice)
    for row in rows:
        assert (row.choice_id, row.kind, row.who, row.model) == (
            choice.id,
            "candidate",
            choice.who,
            measured_run.SIGHT,
        )
        assert (row.chosen_time_s, row.chosen_embedding) == (LOSER_S, embedding(LOSER_S))
        assert row.other_embedding == embedding(row.other_time_s)
        assert (row.chosen_score, row.other_score) == (10 - LOSER_S, 10 - row.other_time_s)
        assert row.chosen_cues == row.other_cues == {"sharpness": 0.5}


def test_a_choice_and_its_picture_say_what_they_were_measured_to_be(seen: Engine) -> None:
    """The candidate that told it goes with the next run."""
    choose(seen, candidate_at(seen, LOSER_S))

    choice = builders.only(seen, Choice)
    with transaction(seen) as session:
        shown = session.get_one(Thumbnail, choice.thumbnail_id)
    for row in (choice, shown):
        assert (row.embedding, row.model) == (embedding(LOSER_S), measured_run.SIGHT)
        assert (row.cues, row.hand_score) == ({"sharpness": 0.5}, 10 - LOSER_S)


def test_what_a_learned_head_said_of_a_chosen_frame_is_no_part_of_its_hand_score(engine: Engine) -> None:
    """Else the next head would learn from the last one."""
    found = result()
    for frame in found.candidates:
        frame.parts, frame.head_id = {"taste": 6.5, "learned": 0.5}, 7
    look(engine, found)

    choose(engine, candidate_at(engine, LOSER_S))

    choice = builders.only(engine, Choice)
    assert (choice.hand_score, choice.head_id) == (10 - LOSER_S - 0.5, 7)


def test_a_chosen_pick_is_compared_with_the_others_only(seen: Engine) -> None:
    """However it was asked for: a moment within reach of it shows the same."""
    choose(seen, ChoiceRequest(time_s=5.1))

    assert others_s(seen) == [1.0, 9.0]


def test_the_frame_behind_a_pick_is_not_compared_with_that_pick(engine: Engine) -> None:
    """The still of a pick may lie a blink beside the frame that was scored."""
    found = result()
    for pick in found.thumbnails[:2]:
        pick.time_s = 1.35
    look(engine, found)

    choose(engine, candidate_at(engine, 1.0))

    assert others_s(engine) == [5.0, 9.0]


def test_a_picture_of_ones_own_teaches_nothing_about_frames(seen: Engine) -> None:
    """It was taken somewhere else."""
    choose(seen, ChoiceRequest(picture=OwnPicture.of_jpeg(builders.SMALL_JPEG)))

    assert others_s(seen) == []
    assert builders.only(seen, Choice).embedding is None


@pytest.mark.parametrize("sight", [None, "ViT-B-32:openai #1 def"])
def test_picks_that_another_model_saw_are_not_compared(engine: Engine, sight: str | None) -> None:
    """Nor those of a version that kept nothing; the choice itself is measured all the same."""
    look(engine, result(sight=sight))

    choose(engine, candidate_at(engine, LOSER_S))

    assert others_s(engine) == []
    assert builders.only(engine, Choice).embedding == embedding(LOSER_S)


def test_no_pick_counts_as_shown_where_the_platform_shows_somebody_elses(engine: Engine) -> None:
    """Viewers have not seen it."""
    look(engine)
    claim = claimed(engine)
    with transaction(engine) as session:
        publications.yield_to(session, claim, "7.7")

    choose(engine, candidate_at(engine, LOSER_S))

    assert [row.was_shown for row in builders.every(engine, Judgement)] == [False, False, False]


def test_releasing_deletes_nothing(seen: Engine) -> None:
    """What was preferred once was preferred; a second choice is judged beside the first."""
    choose(seen, candidate_at(seen, LOSER_S))
    release(seen)
    choose(seen, candidate_at(seen, 7.0))

    assert [row.chosen_time_s for row in builders.every(seen, Judgement)] == [LOSER_S] * 3 + [7.0] * 3


def test_what_was_undone_teaches_nothing(seen: Engine) -> None:
    """Nor does what is brought back teach it twice."""
    anna, settings = somebody(), configured()

    def chosen_s() -> list[float]:
        return sorted({row.chosen_time_s for row in builders.every(seen, Judgement)})

    def do(time_s: float, why: str) -> None:
        acts.choose(seen, anna, builders.asset(seen).id, Wish(time_s=time_s), None, why, settings)

    do(LOSER_S, "nicer")
    do(7.0, "nicer")
    assert chosen_s() == [LOSER_S, 7.0]
    do(LOSER_S, UNDONE)
    assert chosen_s() == [LOSER_S]
    assert others_s(seen) == [1.0, 5.0, 9.0]

    acts.choose(seen, anna, builders.asset(seen).id, Wish(time_s=7.0), None, "", settings)
    acts.release(seen, anna, builders.asset(seen).id, None, UNDONE)
    assert chosen_s() == [LOSER_S]


def test_a_moment_that_nothing_was_measured_near_is_judged_by_the_run_that_measures_it(seen: Engine) -> None:
    """Beside the picks that the person saw, once, and not beside those of the later runs."""
    choose(seen, ChoiceRequest(time_s=FAR_S))
    assert builders.only(seen, Choice).embedding is None
    assert others_s(seen) == []
    publish(seen)

    look(seen, result(picks_s=(2.0, 6.0, 8.0), cut_s=FAR_S), minute=1)
    look(seen, result(picks_s=(2.5, 6.5, 8.5), cut_s=FAR_S), minute=2)

    assert builders.only(seen, Choice).embedding == embedding(FAR_S)
    rows = builders.every(seen, Judgement)
    assert [(row.other_time_s, row.was_shown) for row in rows] == [(1.0, True), (5.0, False), (9.0, False)]
    assert {row.chosen_embedding for row in rows} == {embedding(FAR_S)}


def test_a_moment_is_judged_later_through_an_edit_that_is_known(seen: Engine) -> None:
    """It shows what it showed, at another time."""
    choose(seen, ChoiceRequest(time_s=FAR_S))

    look_after_edit(seen, Timeline.of([Range(10.0, 70.0)]), cut_s=builders.only(seen, Choice).time_s - 10.0)

    assert others_s(seen) == [1.0, 5.0, 9.0]


def test_a_moment_is_not_judged_where_nobody_knows_what_an_edit_did(seen: Engine) -> None:
    """It may show something else than what the person preferred."""
    choose(seen, ChoiceRequest(time_s=FAR_S))

    look_after_edit(seen, None, cut_s=FAR_S)
    look(seen, result("f2", cut_s=FAR_S), minute=2)

    assert builders.only(seen, Choice).embedding is not None
    assert others_s(seen) == []


def test_a_choice_before_the_first_look_is_measured_and_judged_beside_nothing(engine: Engine) -> None:
    """The person has seen no pick."""
    builders.record(engine, builders.event())
    choose(engine, ChoiceRequest(time_s=FAR_S))

    look(engine, result(cut_s=FAR_S))

    assert builders.only(engine, Choice).embedding == embedding(FAR_S)
    assert others_s(engine) == []
