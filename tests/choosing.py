"""An asset whose best pick is published, and what people and edits do to it then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests import rows
from worker import choices, publications
from worker.choices import Wish
from worker.database import transaction
from worker.events import EventKind
from worker.models import Asset, Choice

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.timeline import Timeline

PICKED_S = 1.5
CHOSEN_S = 12.4
WHO = "ada@host"


def pick(engine: Engine) -> Engine:
    """Publish the best pick of one asset, at 1.5 s."""
    rows.record(engine, rows.event())
    rows.completed(engine)
    assert publish(engine) == PICKED_S
    return engine


def choose(engine: Engine, wish: Wish | None = None) -> choices.Made:
    """Choose for the only asset."""
    with transaction(engine) as session:
        asset = session.get_one(Asset, rows.asset(engine).id, with_for_update=True)
        return choices.choose(session, asset, wish or Wish(time_s=CHOSEN_S), WHO, "the boss likes it")


def release(engine: Engine) -> Choice | None:
    """Release what is chosen for the only asset."""
    with transaction(engine) as session:
        asset = session.get_one(Asset, rows.asset(engine).id, with_for_update=True)
        return choices.release(session, asset, "bob@host", "back to normal")


def publish(engine: Engine) -> float:
    """Write what is due, as the publisher does, and return its moment."""
    claim = claimed(engine)
    with transaction(engine) as session:
        publications.begin_write(session, claim)
    with transaction(engine) as session:
        publications.confirm(session, claim, str(claim.time_s))
    return claim.time_s


def claimed(engine: Engine) -> publications.Claim:
    """Claim the write that must be due."""
    with transaction(engine) as session:
        hints = publications.announce(session, rehint_s=60.0)
    with transaction(engine) as session:
        claim = publications.claim(session, hints[-1].id, "test:1:publish", rows.LEASE_S)
    assert claim is not None
    return claim


def edit(engine: Engine, minute: int, fingerprint: str, time_s: float = 1.5) -> None:
    """Let an edit be told and looked at."""
    rows.record(engine, rows.event(EventKind.EDITED, minute=minute))
    claim = rows.claimed(engine)
    with transaction(engine) as session:
        rows.jobs.complete(session, claim, rows.result(fingerprint, time_s))


def after_edit(engine: Engine, timeline: Timeline | None, duration_s: float | None = None) -> Choice:
    """Let a run store other content, of which this is known."""
    rows.record(engine, rows.event(EventKind.EDITED, minute=1))
    claim = rows.claimed(engine)
    with transaction(engine) as session:
        result = replace(rows.result("f2", 2.5), timeline=timeline, duration_s=duration_s)
        rows.jobs.complete(session, claim, result)
    choice: Choice = rows.only(engine, Choice)
    return choice
