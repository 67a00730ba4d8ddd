"""What a person chose is shown, whatever is picked, requeued or delivered again, until they release it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders
from tests.support.service.chosen_asset import CHOSEN_S, WHO, choose, claimed, edit, pick, publish, release
from worker import publications
from worker.choices import ChoiceRefused, ChoiceRequest
from worker.choices.own_picture import OwnPicture
from worker.database import transaction
from worker.database.choices import Choice
from worker.database.models import Asset, Publication, StoredCandidate
from worker.errors import Overtaken
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture
def picked(engine: Engine) -> Engine:
    """Return a database with one asset, whose best pick at 1.5 s is published."""
    return pick(engine)


def test_a_choice_is_published_at_once(picked: Engine) -> None:
    """Without another look at the video; it says who chose and why."""
    choose(picked)

    assert publish(picked) == CHOSEN_S
    assert builders.job_states(picked) == ["completed"]
    choice = builders.only(picked, Choice)
    assert (choice.kind, choice.time_s, choice.who, choice.why) == (
        "time",
        CHOSEN_S,
        WHO,
        "the boss likes it",
    )


def test_a_moment_between_the_picks_shows_the_nearest_frame_meanwhile(picked: Engine) -> None:
    """Small as it is; a pick's own still where it is of that moment."""
    assert not choose(picked).is_exact
    assert claimed(picked).jpeg == builders.SMALL_JPEG

    near = choose(picked, ChoiceRequest(time_s=1.6))

    assert near.is_exact
    assert near.thumbnail is not None
    assert (near.thumbnail.jpeg, near.thumbnail.aspect, near.thumbnail.time_s) == (builders.JPEG, "16:9", 1.6)


def test_a_choice_survives_every_run(picked: Engine) -> None:
    """An edit, a requeue, a redelivery: each run picks, and publishes what was chosen."""
    choose(picked)
    assert publish(picked) == CHOSEN_S

    edit(picked, 1, "f2", time_s=2.5)
    assert publish(picked) == CHOSEN_S
    with transaction(picked) as session:
        builders.jobs.requeue(session, 1, "eve@host", "", builders.make_settings())
    builders.completed(picked, "f2")
    assert publish(picked) == CHOSEN_S
    builders.record(picked, builders.event(EventKind.EDITED, minute=1))  # delivered again

    assert builders.claim_next(picked) is None
    assert builders.asset(picked).published_generation == builders.asset(picked).generation


def test_a_choice_made_while_a_run_is_on_its_way_wins(picked: Engine) -> None:
    """The run stores its picks, and publishes the choice."""
    builders.record(picked, builders.event(EventKind.EDITED, minute=1))
    claim = builders.claimed(picked)
    choose(picked)
    with transaction(picked) as session:
        builders.jobs.complete(session, claim, builders.result("f2", 2.5))

    assert publish(picked) == CHOSEN_S


def test_a_pick_that_is_being_written_makes_way(engine: Engine) -> None:
    """It writes nothing any more, if it has not begun; the choice follows in any case."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    pick = claimed(engine)
    choose(engine)

    with pytest.raises(Overtaken) as overtaken, transaction(engine) as session:
        publications.begin_write(session, pick)
    with transaction(engine) as session:
        publications.fail(session, pick, overtaken.value)

    assert publish(engine) == CHOSEN_S
    assert builders.publication_states(engine) == ["superseded", "confirmed"]


def test_a_pick_whose_write_has_begun_is_written_over(engine: Engine) -> None:
    """The choice waits for it, and comes last."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    pick = claimed(engine)
    with transaction(engine) as session:
        publications.begin_write(session, pick)
    choose(engine)
    with transaction(engine) as session:
        assert publications.announce(session, rehint_s=60.0) != []
        assert publications.claim(session, builders.every(engine, Publication)[-1].id, "other", 30.0) is None
    with transaction(engine) as session:
        publications.confirm(session, pick, "1.5")

    assert publish(engine) == CHOSEN_S


def test_a_choice_before_the_first_look_is_published_with_it(engine: Engine) -> None:
    """There is no picture of it yet."""
    builders.record(engine, builders.event())
    made = choose(engine)
    assert made.thumbnail is None

    builders.completed(engine)

    assert publish(engine) == CHOSEN_S
    assert builders.only(engine, Choice).note == ""


def test_releasing_publishes_the_best_pick_again(picked: Engine) -> None:
    """And the record says who did it and why; doing it twice does nothing."""
    choose(picked)
    publish(picked)

    assert release(picked) is not None
    assert release(picked) is None

    assert publish(picked) == 1.5
    choice = builders.only(picked, Choice)
    assert (choice.released_by, choice.released_because) == ("bob@host", "back to normal")


def test_the_last_choice_counts(picked: Engine) -> None:
    """The earlier one stays on record."""
    choose(picked)
    choose(picked, ChoiceRequest(time_s=3.0))

    assert publish(picked) == 3.0
    first, second = builders.every(picked, Choice)
    assert (first.released_because, second.released_at) == ("replaced by another choice", None)


def test_a_frame_of_the_filmstrip_can_be_chosen(picked: Engine) -> None:
    """By its number; one of another asset, or of an older run, is refused."""
    candidate = builders.only(picked, StoredCandidate)
    choose(picked, ChoiceRequest(candidate_id=candidate.id))
    assert publish(picked) == candidate.time_s

    for number in (99, 0, 10**30):
        with pytest.raises(ChoiceRefused, match=f"candidate {number} is not of the newest run"):
            choose(picked, ChoiceRequest(candidate_id=number))


def test_a_picture_of_ones_own_stays_through_every_edit(picked: Engine) -> None:
    """It is of no moment, so nothing can cut it away."""
    choose(picked, ChoiceRequest(picture=OwnPicture.of_jpeg(builders.SMALL_JPEG)))
    edit(picked, 1, "f2")

    claim = claimed(picked)

    assert (claim.jpeg, claim.is_image) == (builders.SMALL_JPEG, True)
    assert builders.only(picked, Choice).lost_at is None


@pytest.mark.parametrize("time_s", [-0.1, 30.0, float("nan")])
def test_a_moment_outside_the_video_is_refused(picked: Engine, time_s: float) -> None:
    """And what was chosen before stays."""
    choose(picked)
    with transaction(picked) as session:
        session.get_one(Asset, 1).duration_s = 30.0

    with pytest.raises(ChoiceRefused, match=r"the video ends at 30\.000 s"):
        choose(picked, ChoiceRequest(time_s=time_s))

    assert builders.only(picked, Choice).released_at is None


@pytest.mark.parametrize("time_s", [1e300, float("inf"), float("nan")])
def test_a_moment_that_no_video_has_is_refused(picked: Engine, time_s: float) -> None:
    """Also where nobody knows how long the video is."""
    with pytest.raises(ChoiceRefused, match="a time must be"):
        choose(picked, ChoiceRequest(time_s=time_s))
