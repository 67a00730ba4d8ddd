"""A decision that meets another one, or a newer run, is told, and neither is lost."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.review.decided import configured, frame_at, look_anew, looked_at, pick_at, seen, somebody
from tests.support.service import builders
from worker.admin.choose import Wish
from worker.choices import ChoiceRefused
from worker.choices.own_picture import OwnPicture
from worker.database import transaction
from worker.database.choices import Choice
from worker.database.models import Asset, Thumbnail
from worker.inbox import erasure
from worker.review import acts
from worker.review.acts import Conflict

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.admin.choose import Decision
    from worker.people.roles import Actor
    from worker.review.seen import Seen

ANNA, BOB = somebody(), somebody("bob@example.com")
OWN = OwnPicture.of_jpeg(builders.JPEG)


def choose(engine: Engine, who: Actor, asset_id: int, wish: Wish, before: Seen | None) -> Decision:
    """Let somebody choose from a page that showed `before`."""
    return acts.choose(engine, who, asset_id, wish, before, "", configured())


def conflict_of(engine: Engine, asset_id: int, wish: Wish, before: Seen) -> Conflict:
    """Return the conflict that Anna's wish meets."""
    with pytest.raises(Conflict) as caught:
        choose(engine, ANNA, asset_id, wish, before)
    return caught.value


def test_somebody_elses_choice_is_told_with_both_pictures(engine: Engine) -> None:
    """And holds until the first person decides anew."""
    asset_id, before = looked_at(engine), seen(engine)
    choose(engine, BOB, asset_id, Wish(time_s=3.0), before)

    conflict = conflict_of(engine, asset_id, Wish(thumbnail_id=pick_at(engine, 8.0)), before)

    assert (conflict.holding.how, conflict.holding.who) == ("chosen", "bob@example.com")
    assert conflict.holding.picture is not None
    assert conflict.holding.picture.time_s == 3.0
    assert conflict.wanted is not None
    assert conflict.wanted.picture is not None
    assert conflict.wanted.picture.thumbnail_id == pick_at(engine, 8.0)
    (choice,) = builders.every(engine, Choice)
    assert (choice.who, choice.released_at) == ("bob@example.com", None)


def test_who_insists_sends_what_was_told_and_is_obeyed(engine: Engine) -> None:
    """Unless somebody was quicker once more."""
    asset_id, before = looked_at(engine), seen(engine)
    wish = Wish(time_s=5.0)
    choose(engine, BOB, asset_id, Wish(time_s=3.0), before)
    told = conflict_of(engine, asset_id, wish, before).seen
    choose(engine, BOB, asset_id, Wish(time_s=7.6), told)

    told_again = conflict_of(engine, asset_id, wish, told).seen
    mine = choose(engine, ANNA, asset_id, wish, told_again)

    assert mine.choice is not None
    assert (mine.choice.who, mine.choice.time_s) == ("anna@example.com", 5.0)


def test_two_people_who_agree_meet_no_conflict(engine: Engine) -> None:
    """One choice does for both; a moment crosses a form in milliseconds, rounded up."""
    asset_id, before = looked_at(engine), seen(engine)
    choose(engine, BOB, asset_id, Wish(time_s=4.9994), before)

    mine = choose(engine, ANNA, asset_id, Wish(time_s=5.0), before)

    assert mine.choice is not None
    assert mine.choice.who == "bob@example.com"
    assert len(builders.every(engine, Choice)) == 1


def test_a_release_by_somebody_else_is_a_decision_too(engine: Engine) -> None:
    """Who chooses over it is told who wanted the best pick back."""
    asset_id = looked_at(engine)
    choose(engine, ANNA, asset_id, Wish(time_s=3.0), None)
    before = seen(engine)
    acts.release(engine, BOB, asset_id, before, "")

    conflict = conflict_of(engine, asset_id, Wish(time_s=5.0), before)

    assert (conflict.holding.how, conflict.holding.who) == ("released", "bob@example.com")
    assert conflict.holding.picture is not None
    assert conflict.holding.picture.time_s == 1.5


def test_a_newer_run_may_have_moved_the_moment(engine: Engine) -> None:
    """So the person looks at both; a frame of the earlier run is gone."""
    asset_id, before = looked_at(engine), seen(engine)
    gone = frame_at(engine, 5.0)
    look_anew(engine, asset_id, picked_s=6.5)

    by_time = conflict_of(engine, asset_id, Wish(time_s=5.0), before)
    by_frame = conflict_of(engine, asset_id, Wish(candidate_id=gone), before)

    assert (by_time.holding.how, by_time.holding.who) == ("picked", None)
    assert by_time.holding.picture is not None
    assert by_time.holding.picture.time_s == 6.5
    assert by_time.wanted is not None
    assert by_time.wanted.picture is not None
    assert by_time.wanted.picture.candidate_id == frame_at(engine, 5.0)
    assert by_frame.wanted is None


def test_a_pick_of_an_earlier_run_is_what_the_video_has_at_its_moment_now(engine: Engine) -> None:
    """What is shown as theirs is what they get by insisting; the old picture itself is not to be had."""
    asset_id, before = looked_at(engine, "fastpix"), seen(engine)
    old = Wish(thumbnail_id=pick_at(engine, 8.0))
    look_anew(engine, asset_id, picked_s=6.5)

    conflict = conflict_of(engine, asset_id, old, before)
    with pytest.raises(ChoiceRefused, match="of an earlier run"):
        choose(engine, ANNA, asset_id, old, None)

    wanted = conflict.wanted
    assert wanted is not None
    assert wanted.picture is not None
    assert (wanted.wish, wanted.is_anew) == (Wish(time_s=8.0), True)
    assert wanted.picture.candidate_id == frame_at(engine, 7.6)
    mine = choose(engine, ANNA, asset_id, wanted.wish, conflict.seen)
    assert mine.choice is not None
    assert mine.choice.time_s == 8.0


def test_an_own_picture_means_the_same_after_any_run(engine: Engine) -> None:
    """Only another decision is in its way, and then the picture need not be sent again."""
    asset_id, before = looked_at(engine, "fastpix"), seen(engine)
    look_anew(engine, asset_id)
    choose(engine, ANNA, asset_id, Wish(picture=OWN), before)

    conflict = conflict_of(engine, asset_id, Wish(time_s=5.0), before)
    other = OwnPicture.of_jpeg(builders.SMALL_JPEG)
    kept = conflict_of(engine, asset_id, Wish(picture=other), before)

    assert conflict.holding.picture is not None
    assert conflict.holding.picture.time_s is None
    assert kept.wanted is not None
    mine = choose(engine, ANNA, asset_id, kept.wanted.wish, kept.seen)
    assert mine.thumbnail is not None
    assert (mine.thumbnail.sha256, mine.thumbnail.outdated_at) == (other.sha256, None)
    (offered,) = [row for row in builders.every(engine, Thumbnail) if row.reasons == ["offered"]]
    assert offered.outdated_at is not None, "retention removes it"


def test_nothing_is_stored_of_an_asset_that_was_erased(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither from a page of before, nor where it goes while a picture meets a conflict."""
    asset_id, before = looked_at(engine, "fastpix"), seen(engine)
    choose(engine, BOB, asset_id, Wish(picture=OwnPicture.of_jpeg(builders.SMALL_JPEG)), before)

    keep = acts._kept  # noqa: SLF001 - between two transactions there is no other place to step in

    def erase_and_keep(*given: object) -> object:
        with transaction(engine) as session:
            erasure.erase(session, session.get_one(Asset, asset_id, with_for_update=True), "bob", "")
        return keep(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(acts, "_kept", erase_and_keep)
    with pytest.raises(ChoiceRefused, match="deleted"):
        choose(engine, ANNA, asset_id, Wish(picture=OWN), before)
    monkeypatch.undo()
    with pytest.raises(ChoiceRefused, match="deleted"):
        choose(engine, ANNA, asset_id, Wish(picture=OWN), before)

    assert builders.every(engine, Thumbnail) == []


def test_nobody_releases_a_choice_that_they_have_not_seen(engine: Engine) -> None:
    """It may be exactly what they would want."""
    asset_id = looked_at(engine)
    choose(engine, ANNA, asset_id, Wish(time_s=3.0), None)
    before = seen(engine)
    choose(engine, BOB, asset_id, Wish(time_s=5.0), before)

    with pytest.raises(Conflict) as caught:
        acts.release(engine, ANNA, asset_id, before, "")

    assert (caught.value.act, caught.value.holding.who) == ("release", "bob@example.com")
    assert builders.every(engine, Choice)[-1].released_at is None


def test_of_two_people_at_the_same_time_one_is_told(engine: Engine) -> None:
    """Each may be first; the other finds out."""
    asset_id, before = looked_at(engine), seen(engine)
    told: list[str] = []
    start = threading.Barrier(2)

    def decide(who: Actor, time_s: float) -> None:
        start.wait()
        try:
            choose(engine, who, asset_id, Wish(time_s=time_s), before)
        except Conflict as conflict:
            told.append(str(conflict.holding.who))

    people = [threading.Thread(target=decide, args=one) for one in ((ANNA, 3.0), (BOB, 5.0))]
    for person in people:
        person.start()
    for person in people:
        person.join()

    (choice,) = builders.every(engine, Choice)
    assert told == [choice.who]
