"""Writes of a backfill wait for those of new videos, as its runs do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.service import builders
from tests.support.service.chosen_asset import choose
from worker import jobs
from worker.database import transaction
from worker.database.models import Publication
from worker.database.states import Priority
from worker.inbox import record
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.platforms.event import Event


def hear(engine: Engine, event: Event, priority: Priority) -> None:
    """Record an event as of a backfill, or as a platform sends it."""
    with transaction(engine) as session:
        record.record(session, [event], builders.make_settings(), priority=priority)


def priorities(engine: Engine) -> list[int]:
    """Return the priority of every write, the oldest first."""
    return [row.priority for row in builders.every(engine, Publication)]


def test_a_write_has_the_priority_of_its_run(engine: Engine) -> None:
    """So a new video's goes first."""
    hear(engine, builders.event(asset_id="old"), Priority.BACKFILL)
    builders.completed(engine)
    hear(engine, builders.event(asset_id="new"), Priority.LIVE)
    builders.completed(engine)

    assert priorities(engine) == [Priority.BACKFILL, Priority.LIVE]


def test_a_persons_choice_never_waits_for_a_backfill(engine: Engine) -> None:
    """Though the video is of one."""
    hear(engine, builders.event(), Priority.BACKFILL)
    builders.completed(engine)
    choose(engine)

    assert priorities(engine) == [Priority.BACKFILL, Priority.LIVE]


def test_a_write_that_takes_an_urgent_ones_place_is_urgent(engine: Engine) -> None:
    """A backfill must not delay what somebody waits for."""
    hear(engine, builders.event(), Priority.LIVE)
    builders.completed(engine)
    hear(engine, builders.event(EventKind.EDITED, minute=1), Priority.BACKFILL)
    builders.completed(engine, "f2")

    assert priorities(engine) == [Priority.LIVE, Priority.LIVE]


def test_a_write_that_is_looked_at_again_has_the_priority_of_the_look(engine: Engine) -> None:
    """A sync of everything looks at many."""
    hear(engine, builders.event(), Priority.LIVE)
    builders.completed(engine)
    with transaction(engine) as session:
        session.query(Publication).update({"state": "confirmed", "confirmed_at": builders.NOON})
    hear(engine, builders.event(EventKind.UPDATED, minute=1), Priority.BACKFILL)
    claim = builders.claimed(engine)
    with transaction(engine) as session:
        jobs.complete_unchanged(session, claim, "7.0")

    row = builders.only(engine, Publication)
    assert (row.state, row.priority) == ("pending", Priority.BACKFILL)
