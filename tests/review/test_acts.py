"""What people do to one asset: who may, what is noted, and that nothing is done twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.review.decided import (
    ACCOUNT,
    configured,
    frame_at,
    look_anew,
    looked_at,
    pick_at,
    seen,
    somebody,
)
from tests.support.service import builders
from worker.admin.choose import Wish
from worker.admin.find import NotFound
from worker.choices import ChoiceRefused
from worker.choices.own_picture import OwnPicture
from worker.database import transaction
from worker.database.choices import Choice
from worker.database.models import JobLog
from worker.database.people import AuditEntry
from worker.database.states import Role
from worker.people.roles import NotAllowed
from worker.review import acts
from worker.review.acts import Conflict, RangesConflict
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from worker.admin.choose import Decision
    from worker.people.roles import Actor

ANNA, BOB = somebody(), somebody("bob@example.com")
OWN = OwnPicture.of_jpeg(builders.JPEG)


def choose(engine: Engine, asset_id: int, **wish: object) -> Decision:
    """Let Anna choose from a page that she has just opened."""
    return acts.choose(engine, ANNA, asset_id, Wish(**wish), seen(engine), "nicer", configured())  # type: ignore[arg-type]


def audited(engine: Engine) -> list[tuple[str, str, str]]:
    """List what is on record: who, by what way, and what."""
    return [(entry.who, entry.via, entry.act) for entry in builders.every(engine, AuditEntry)]


def test_a_choice_is_shown_and_carries_the_persons_name(engine: Engine) -> None:
    """In the choice, in the audit, and as a look that a person had at the asset."""
    asset_id = looked_at(engine)

    decision = choose(engine, asset_id, candidate_id=frame_at(engine, 5.0))

    assert decision.choice is not None
    assert (decision.choice.time_s, decision.choice.who) == (5.0, "anna@example.com")
    assert builders.publication_states(engine) == ["superseded", "pending"]
    assert audited(engine) == [("anna@example.com", "page", "choose")]
    assert builders.every(engine, AuditEntry)[0].detail["time_s"] == 5.0
    asset = builders.asset(engine)
    assert (asset.reviewed_by, asset.reviewed_at is None) == ("anna@example.com", False)


def test_a_pick_is_chosen_at_the_moment_of_its_still(engine: Engine) -> None:
    """Its thumbnail names it."""
    asset_id = looked_at(engine)

    decision = choose(engine, asset_id, thumbnail_id=pick_at(engine, 8.0))

    assert decision.choice is not None
    assert decision.choice.time_s == 8.0


def test_a_choice_needs_no_secret_of_the_account(engine: Engine) -> None:
    """The pages have none in a fleet: what the platform takes is known without it."""
    asset_id = looked_at(engine, "fastpix")

    made = acts.choose(engine, ANNA, asset_id, Wish(picture=OWN), seen(engine), "", Settings())

    assert made.thumbnail is not None
    assert made.thumbnail.jpeg == OWN.jpeg


def test_an_own_picture_that_was_replaced_is_chosen_once_more_by_its_thumbnail(engine: Engine) -> None:
    """So that an act can be undone."""
    asset_id = looked_at(engine, "fastpix")
    mine = choose(engine, asset_id, picture=OWN)
    assert mine.thumbnail is not None
    choose(engine, asset_id, time_s=5.0)

    again = choose(engine, asset_id, thumbnail_id=mine.thumbnail.id)

    assert again.choice is not None
    assert again.thumbnail is not None
    assert (again.choice.kind, again.thumbnail.sha256) == ("image", OWN.sha256)


def test_a_form_that_is_sent_twice_makes_one_choice(engine: Engine) -> None:
    """A double click is no conflict, and no second line in the history."""
    asset_id, before = looked_at(engine), seen(engine)

    first, second = (
        acts.choose(engine, ANNA, asset_id, Wish(time_s=5.0), before, "", configured()) for _ in range(2)
    )

    assert first.choice is not None
    assert second.choice is not None
    assert first.choice.id == second.choice.id
    assert len(builders.every(engine, Choice)) == 1
    assert len(audited(engine)) == 1


def test_a_release_that_is_sent_twice_is_done_once(engine: Engine) -> None:
    """The second finds nothing to end."""
    asset_id = looked_at(engine)
    choose(engine, asset_id, time_s=5.0)
    before = seen(engine)

    first, second = (acts.release(engine, BOB, asset_id, before, "") for _ in range(2))

    assert (first.choice is None, second.choice is None) == (False, True)
    assert audited(engine)[1:] == [("bob@example.com", "page", "release")]
    assert builders.asset(engine).reviewed_by == "bob@example.com"


def test_ranges_are_kept_and_the_video_is_looked_at_again(engine: Engine) -> None:
    """In the person's name."""
    asset_id = looked_at(engine)

    done = acts.set_options(engine, ANNA, asset_id, {"avoid": ["0-15"]}, "logo", configured())

    assert (done, builders.asset(engine).options) == ("queued", {"avoid": ["0-15"]})
    assert builders.every(engine, JobLog)[-1].actor == "anna@example.com"
    assert audited(engine) == [("anna@example.com", "page", "options")]


def test_a_range_that_is_none_changes_nothing(engine: Engine) -> None:
    """And says how to write one."""
    asset_id = looked_at(engine)

    with pytest.raises(ChoiceRefused, match="write START-END as 0-15"):
        acts.set_options(engine, ANNA, asset_id, {"avoid": ["the start"]}, "", configured())

    assert builders.job_states(engine) == ["completed"]


def test_a_look_is_asked_for_in_the_persons_name(engine: Engine) -> None:
    """The job's history and the audit tell it."""
    asset_id = looked_at(engine)

    acts.look_again(engine, ANNA, asset_id, "too dark", configured())

    line = builders.every(engine, JobLog)[-1]
    assert (line.actor, line.note) == ("anna@example.com", "requeued: too dark")
    assert audited(engine) == [("anna@example.com", "page", "look-again")]


def test_to_confirm_changes_nothing_but_that_somebody_looked(engine: Engine) -> None:
    """Twice is once."""
    asset_id = looked_at(engine)

    for _ in range(2):
        acts.confirm(engine, ANNA, asset_id)

    assert builders.asset(engine).reviewed_by == "anna@example.com"
    assert audited(engine) == [("anna@example.com", "page", "confirm")]
    assert builders.publication_states(engine) == ["pending"]


ACTS: dict[str, Callable[[Engine, Actor, int], object]] = {
    "choose": lambda engine, who, of: acts.choose(engine, who, of, Wish(time_s=5.0), None, "", configured()),
    "release": lambda engine, who, of: acts.release(engine, who, of, None, ""),
    "options": lambda engine, who, of: acts.set_options(engine, who, of, {}, "", configured()),
    "look-again": lambda engine, who, of: acts.look_again(engine, who, of, "", configured()),
    "confirm": acts.confirm,
}


@pytest.mark.parametrize("act", ACTS)
def test_who_may_only_look_may_not_act(engine: Engine, act: str) -> None:
    """Nor whoever edits another account; to them the asset is not there."""
    asset_id = looked_at(engine)
    viewer = somebody(role=Role.VIEWER)
    stranger = somebody(where=("mux", "other"))

    with pytest.raises(NotAllowed, match="takes the role editor for mux/main"):
        ACTS[act](engine, viewer, asset_id)
    with pytest.raises(NotFound, match="there is no such asset"):
        ACTS[act](engine, stranger, asset_id)
    for nothing in (0, asset_id + 1, 2**70):
        with pytest.raises(NotFound, match="there is no such asset"):
            ACTS[act](engine, ANNA, nothing)

    assert (audited(engine), builders.job_states(engine)) == ([], ["completed"])
    assert builders.every(engine, Choice) == []


def test_of_a_deleted_asset_nothing_is_chosen(engine: Engine) -> None:
    """The sentence says what is missing."""
    asset_id = looked_at(engine)
    builders.record(engine, builders.event(builders.EventKind.DELETED, minute=5))

    with pytest.raises(ChoiceRefused, match="deleted at its platform"):
        choose(engine, asset_id, time_s=5.0)


def test_a_frame_of_an_earlier_run_is_refused_whoever_insists(engine: Engine) -> None:
    """It is stored no longer."""
    asset_id = looked_at(engine)
    gone = frame_at(engine, 5.0)
    look_anew(engine, asset_id)

    with pytest.raises(ChoiceRefused, match=f"candidate {gone} is not of the newest run"):
        acts.choose(engine, ANNA, asset_id, Wish(candidate_id=gone), None, "", configured())


def test_ranges_that_somebody_else_set_meanwhile_are_not_overwritten(engine: Engine) -> None:
    """Both are told, and who insists sends what applies by now; two who agree meet nothing."""
    asset_id = looked_at(engine)
    annas, bobs = {"avoid": ["0-15"]}, {"prefer": ["10-20"]}
    acts.set_options(engine, ANNA, asset_id, annas, "", configured(), was={})

    with pytest.raises(RangesConflict) as caught:
        acts.set_options(engine, BOB, asset_id, bobs, "", configured(), was={})
    acts.set_options(engine, BOB, asset_id, annas, "", configured(), was={})

    assert (caught.value.wanted, caught.value.holding, caught.value.who) == (bobs, annas, ANNA.name)
    assert builders.asset(engine).options == annas
    acts.set_options(engine, BOB, asset_id, bobs, "", configured(), was=annas)
    assert builders.asset(engine).options == bobs


def test_the_accounts_ranges_go_on_beside_those_of_an_asset(engine: Engine) -> None:
    """They are not stored with it, so that a change of the account's still reaches it."""
    asset_id = looked_at(engine)
    settings = builders.make_settings(mux={"main": {**ACCOUNT, "avoid": "0-15"}})
    applied = {"avoid": ["0-15"]}

    acts.set_options(engine, ANNA, asset_id, {**applied, "prefer": ["50%-90%"]}, "", settings, was=applied)
    assert builders.asset(engine).options == {"prefer": ["50%-90%"]}

    acts.avoid_more(engine, ANNA, asset_id, ["30-40"], settings)
    assert builders.asset(engine).options == {"prefer": ["50%-90%"], "avoid": ["0-15", "30-40"]}


def test_nobody_confirms_what_they_have_not_seen(engine: Engine) -> None:
    """A newer run has another pick; the conflict tells which, and what to send for it."""
    asset_id, before = looked_at(engine), seen(engine)
    look_anew(engine, asset_id, picked_s=6.5)

    with pytest.raises(Conflict) as caught:
        acts.confirm(engine, BOB, asset_id, before)
    assert builders.asset(engine).reviewed_at is None

    assert caught.value.holding.picture is not None
    assert (caught.value.act, caught.value.holding.picture.time_s) == ("confirm", 6.5)
    assert acts.confirm(engine, BOB, asset_id, caught.value.seen).reviewed_by == BOB.name


def test_an_act_that_fails_leaves_no_record(engine: Engine) -> None:
    """The record and the act are one transaction."""
    asset_id = looked_at(engine)

    with pytest.raises(ChoiceRefused, match="takes no picture"):
        choose(engine, asset_id, picture=OWN)

    assert audited(engine) == []
    with transaction(engine) as session:
        assert session.query(Choice).count() == 0
