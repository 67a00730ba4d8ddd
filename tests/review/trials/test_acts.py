"""What people do with tests: start, stop, and show one of the pictures; each is noted, and meets no other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.support.review import tested
from tests.support.review.decided import configured, look_anew, pick_at, seen, somebody
from tests.support.service import builders
from worker.admin.find import NotFound
from worker.database import transaction
from worker.database.models import Asset
from worker.database.people import AuditEntry
from worker.database.states import Role, TrialOutcome, TrialState
from worker.database.trials import Trial
from worker.people.roles import Actor, Grant, NotAllowed
from worker.review import bulk
from worker.review.acts import require
from worker.review.bulk import BulkAct
from worker.review.trials import acts
from worker.review.trials.acts import Beginning, TrialConflict
from worker.trials.refused import TrialRefused

if TYPE_CHECKING:
    from sqlalchemy import Engine

ANNA, BEN = somebody("anna@example.com"), somebody("ben@example.com")


@pytest.fixture
def asset_id(engine: Engine) -> int:
    """Return an asset with two picks."""
    return tested.with_two_pictures(engine)


def start(engine: Engine, asset_id: int, who: object = ANNA, **beginning: object) -> Trial:
    """Start a test of what is shown now."""
    wanted = Beginning(**beginning)  # type: ignore[arg-type]
    return acts.start(engine, who, asset_id, wanted, seen(engine), "curious", configured())  # type: ignore[arg-type]


def noted(engine: Engine) -> list[tuple[str, str, int | None]]:
    """List what was noted: who, what, and with which asset."""
    return [(one.who, one.act, one.asset_id) for one in builders.every(engine, AuditEntry)]


def test_a_test_is_started_and_noted(engine: Engine, asset_id: int) -> None:
    """In one transaction, with the pictures that were wanted."""
    ids = (pick_at(engine, 1.5), pick_at(engine, 8.0))

    trial = start(engine, asset_id, thumbnail_ids=ids, days=14)

    assert (trial.state, trial.started_by) == (TrialState.RUNNING, "anna@example.com")
    assert round((trial.ends_at - trial.started_at).total_seconds() / 86_400) == 14
    assert noted(engine) == [("anna@example.com", "start-test", asset_id)]


def test_a_form_that_was_sent_twice_starts_one_test(engine: Engine, asset_id: int) -> None:
    """And somebody else learns who started one."""
    trial = start(engine, asset_id)

    assert start(engine, asset_id).id == trial.id
    with pytest.raises(TrialConflict, match=r"was started by anna@example.com .* ago") as met:
        start(engine, asset_id, BEN)
    assert met.value.trial_id == trial.id
    assert len(noted(engine)) == 1


def test_who_came_by_a_link_learns_no_address_of_others(engine: Engine, asset_id: int) -> None:
    """They may be from outside; nor are they led to a page that their link does not open."""
    start(engine, asset_id)
    guest = Actor("link 7 of ben@example.com", "link", (Grant(Role.EDITOR),), asset_id)

    with pytest.raises(TrialConflict, match="was started by an editor") as met:
        start(engine, asset_id, guest)
    assert met.value.trial_id is None


def test_what_changed_since_the_page_was_opened_is_not_tested(engine: Engine, asset_id: int) -> None:
    """Nobody has seen the new pictures."""
    known = seen(engine)
    look_anew(engine, asset_id)

    with pytest.raises(TrialConflict, match="other pictures"):
        acts.start(engine, ANNA, asset_id, Beginning(), known, "", configured())
    assert builders.every(engine, Trial) == []


def test_an_act_decides_by_what_holds_when_its_turn_comes(
    engine: Engine, asset_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by what it had read before a run, whose commit it waited for."""
    trial = start(engine, asset_id)

    def require_later(*args: object, **how: object) -> object:
        with transaction(engine) as session:
            session.execute(update(Asset).values(fingerprint="other content"))
        return require(*args, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(acts, "require", require_later)

    with pytest.raises(TrialRefused, match="other content"):
        acts.apply(engine, ANNA, trial.id, 1, "", was_running=True)


def test_only_editors_of_the_account_act(engine: Engine, asset_id: int) -> None:
    """Others may look, or do not even learn that there is one."""
    trial = start(engine, asset_id)
    viewer, stranger = somebody(role=Role.VIEWER), somebody(where=("mux", "other"))

    for act in (
        lambda who: start(engine, asset_id, who),
        lambda who: acts.stop(engine, who, trial.id, ""),
        lambda who: acts.apply(engine, who, trial.id, 1, ""),
    ):
        with pytest.raises(NotAllowed):
            act(viewer)
        with pytest.raises(NotFound):
            act(stranger)
    assert builders.every(engine, Trial)[0].state == TrialState.RUNNING


def test_a_test_is_stopped_once(engine: Engine, asset_id: int) -> None:
    """By a form sent twice as well; another person learns that it has ended, and by whom."""
    trial = start(engine, asset_id)

    assert acts.stop(engine, ANNA, trial.id, "enough").outcome == TrialOutcome.STOPPED
    assert acts.stop(engine, ANNA, trial.id, "enough").outcome == TrialOutcome.STOPPED
    with pytest.raises(TrialConflict, match=r"by anna@example.com: stopped"):
        acts.stop(engine, BEN, trial.id, "")
    assert [act for _, act, _ in noted(engine)] == ["start-test", "stop-test"]


def test_one_of_the_pictures_is_shown_and_the_test_ends(engine: Engine, asset_id: int) -> None:
    """The row says which; of a test that had ended meanwhile, a person decides anew."""
    trial = start(engine, asset_id)

    acts.apply(engine, ANNA, trial.id, 1, "", was_running=True)

    assert builders.every(engine, Trial)[0].state == TrialState.ENDED
    assert noted(engine)[-1] == ("anna@example.com", "show-variant", asset_id)
    with pytest.raises(TrialConflict, match="ended"):
        acts.apply(engine, BEN, trial.id, 0, "", was_running=True)


def test_a_video_with_one_picture_is_not_tested(engine: Engine, asset_id: int) -> None:
    """The sentence says what helps."""
    with pytest.raises(TrialRefused, match="look"):
        start(engine, asset_id, pictures=4)


def test_of_many_videos_those_that_are_seen_too_rarely_are_left(
    engine: Engine, asset_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever starts a single test has read why it had better not be, and may start it anyway."""
    monkeypatch.setattr(acts, "prospect", lambda *_, **__: SimpleNamespace(objection="it is seen too rarely"))

    outcome = bulk.do(engine, ANNA, BulkAct.TEST, {asset_id: None}, [], configured())

    assert (outcome.done, dict(outcome.left)) == (0, {"it is seen too rarely": 1})
    assert start(engine, asset_id).state == TrialState.RUNNING


def test_a_test_that_is_not_there_is_unknown(engine: Engine) -> None:
    """Whatever its number is."""
    for trial_id in (0, 7, 2**63):
        with pytest.raises(NotFound):
            acts.stop(engine, ANNA, trial_id, "")


def test_an_ended_test_is_not_in_the_way_of_a_new_one(engine: Engine, asset_id: int) -> None:
    """One runs at a time."""
    tested.add_test(engine, asset_id, outcome=TrialOutcome.STOPPED)

    assert start(engine, asset_id).state == TrialState.RUNNING
    with transaction(engine) as session:
        assert session.query(Trial).count() == 2
