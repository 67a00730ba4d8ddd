"""Each day shows its picture, and a day on which anything else was shown does not count."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from tests.support.service import builders
from tests.support.trials.day_test import begun, come_to, show_day, shown_s, slot, slots, write
from worker import jobs, publications
from worker.database import transaction
from worker.database.models import Asset, Publication, Thumbnail
from worker.database.states import TrialOutcome
from worker.database.trials import Trial
from worker.platforms.event import EventKind
from worker.trials import stopping
from worker.trials.carrying import kept_picture
from worker.trials.slots import turning
from worker.trials.slots.turning import turn_due

if TYPE_CHECKING:
    import pytest
    from sqlalchemy import Engine

DAY = timedelta(days=1)
FIRST_S, SECOND_S = 1.5, 2.5  # of the pictures; the days show 1 0 0 1


def test_nothing_happens_before_the_first_day(engine: Engine) -> None:
    """The day on which a person starts a test is not a whole one."""
    begun(engine)

    assert turn_due(engine) == 0
    assert builders.publication_states(engine) == ["confirmed"]


def test_each_day_shows_its_picture(engine: Engine) -> None:
    """As ordinary writes; and there is none where the same picture goes on."""
    begun(engine)
    shown = []
    for number in range(4):
        show_day(engine, number)
        shown.append(shown_s(engine))

    assert shown == [str(at) for at in (SECOND_S, FIRST_S, FIRST_S, SECOND_S)]
    assert len(builders.publication_states(engine)) == 1 + 3
    assert [one.shown_at is not None for one in slots(engine)[:5]] == [True] * 4 + [False]


def test_a_day_is_written_once(engine: Engine) -> None:
    """However often the dispatchers look."""
    begun(engine)
    come_to(engine, 0)
    for _ in range(3):
        turn_due(engine)

    assert builders.publication_states(engine) == ["confirmed", "pending"]


def test_a_day_that_is_over_is_counted_three_days_later(engine: Engine) -> None:
    """Platforms tell late."""
    begun(engine)
    show_day(engine, 0)
    assert slot(engine, 0).ask_at is None

    show_day(engine, 1)

    assert slot(engine, 0).ask_at == slot(engine, 0).to_at + 3 * DAY
    assert not slot(engine, 0).is_void


def test_a_picture_that_comes_too_late_voids_its_pair(engine: Engine) -> None:
    """After a tenth of the day, what is counted is of two pictures."""
    begun(engine)
    come_to(engine, 0)
    turn_due(engine)
    come_to(engine, 0, DAY * 0.1 + timedelta(seconds=1))
    turn_due(engine)

    assert [one.is_void for one in slots(engine)[:4]] == [True, True, False, False]
    assert "its picture was not shown in time" in slot(engine, 0).why
    assert slot(engine, 1).why == slot(engine, 0).why


def test_a_picture_that_comes_in_time_does_not(engine: Engine) -> None:
    """Nor where nobody looked for the rest of the tenth."""
    begun(engine)
    come_to(engine, 0)
    turn_due(engine)
    write(engine)
    come_to(engine, 0, DAY / 2)
    turn_due(engine)

    assert slot(engine, 0).shown_at is not None
    assert not slot(engine, 0).is_void


def test_a_dispatcher_that_slept_shows_nothing_late(engine: Engine) -> None:
    """The pair does not count, so people are not shown another picture for nothing."""
    begun(engine)
    come_to(engine, 0, DAY / 2)
    turn_due(engine)

    assert "the dispatcher did not run" in slot(engine, 0).why
    assert builders.publication_states(engine) == ["confirmed"]


def test_another_picture_meanwhile_voids_the_pair(engine: Engine) -> None:
    """As after a run that picked anew."""
    begun(engine)
    show_day(engine, 0)
    with transaction(engine) as session:
        asset = session.scalars(select(Asset)).one()
        first = session.scalars(select(Thumbnail).order_by(Thumbnail.id)).first()
        assert first is not None
        publications.request(session, asset, first)
    write(engine)
    show_day(engine, 1)

    assert "another picture was shown meanwhile" in slot(engine, 0).why
    assert slot(engine, 1).is_void


def test_a_write_whose_answer_was_lost_voids_the_pair_too(engine: Engine) -> None:
    """It may have been shown."""
    begun(engine)
    show_day(engine, 0)
    with transaction(engine) as session:
        lost = update(Publication).where(
            Publication.thumbnail_id == select(Thumbnail.id).limit(1).scalar_subquery()
        )
        session.execute(lost.values(sent_at=slot(engine, 0).from_at + DAY / 3))
    show_day(engine, 1)

    assert "another picture was shown meanwhile" in slot(engine, 0).why


def test_a_picture_that_did_not_stay_voids_the_pair(engine: Engine) -> None:
    """Somebody at the platform set another, and the next look found it."""
    begun(engine)
    show_day(engine, 0)
    with transaction(engine) as session:
        session.execute(
            update(Publication)
            .where(Publication.id == slot(engine, 0).publication_id)
            .values(state="yielded")
        )
    come_to(engine, 1)
    turn_due(engine)

    assert "did not stay for the whole day" in slot(engine, 0).why


def test_a_picture_that_is_gone_voids_the_pair(engine: Engine) -> None:
    """It cannot be shown."""
    begun(engine)
    with transaction(engine) as session:
        for thumbnail in session.scalars(select(Thumbnail).where(Thumbnail.rank == 2)):
            session.delete(thumbnail)
    come_to(engine, 0)
    turn_due(engine)

    assert "not stored any more" in slot(engine, 0).why


def test_what_ends_a_test_ends_the_turns(engine: Engine) -> None:
    """A foreign thumbnail stays, and so does a person's choice: nothing is written over them."""
    begun(engine)
    with transaction(engine) as session:
        session.execute(update(Asset).values(foreign_thumbnail="9.9"))
    come_to(engine, 0)
    turn_due(engine)

    assert builders.publication_states(engine) == ["confirmed"]
    assert not slot(engine, 0).is_void


def test_a_new_run_goes_on_with_the_picture_of_the_day(engine: Engine) -> None:
    """Variant 1 is shown on the first day, so that is what a run with the same content has to keep."""
    begun(engine)
    show_day(engine, 0)
    with transaction(engine) as session:
        thumbnail = kept_picture(session, session.scalars(select(Asset)).one())

    assert thumbnail is not None
    assert thumbnail.time_s == SECOND_S


def test_a_run_that_ends_before_the_write_arrives_costs_no_day(engine: Engine) -> None:
    """It asks for the same picture anew, and that is what is shown."""
    begun(engine)
    come_to(engine, 0)
    turn_due(engine)
    builders.record(engine, builders.event(EventKind.EDITED, minute=1))
    with transaction(engine) as session:
        jobs.complete(session, builders.claimed(engine), builders.result("f1"))
    assert builders.publication_states(engine)[-2:] == ["superseded", "pending"]

    assert write(engine) == SECOND_S
    turn_due(engine)

    assert slot(engine, 0).shown_at is not None


def test_the_end_of_a_test_shows_what_would_be_shown_without_it(engine: Engine) -> None:
    """As any other test; no day of it begins afterwards."""
    begun(engine)
    show_day(engine, 0)
    with transaction(engine) as session:
        stopping.end(session, session.scalars(select(Trial)).one(), TrialOutcome.UNDECIDED, "")

    assert builders.publication_states(engine)[-2:] == ["confirmed", "pending"]
    assert write(engine) == FIRST_S
    come_to(engine, 3)
    assert turn_due(engine) == 0


def test_one_test_does_not_hold_up_another(engine: Engine) -> None:
    """A dispatcher that stops leaves the rest to the next."""
    begun(engine)
    builders.record(engine, builders.event(EventKind.READY, asset_id="a2"))
    come_to(engine, 0)

    assert turn_due(engine, lambda: True) == 0
    assert turn_due(engine) == 1


def test_an_error_in_one_test_does_not_stop_the_others(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is in the log, and the next round tries it again."""
    begun(engine)
    come_to(engine, 0)
    monkeypatch.setattr(turning, "turn", lambda *_: 1 / 0)

    assert turn_due(engine) == 1
    assert "the days of test 1 could not be looked at" in caplog.text


def test_a_test_that_was_erased_meanwhile_is_passed_over(engine: Engine) -> None:
    """Between finding what is due and its turn."""
    with transaction(engine) as session:
        turning.turn(session, 7)
