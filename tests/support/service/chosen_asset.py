"""An asset whose best pick is published, and what people and edits do to it then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.service import builders
from worker import choices, publications
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.choices import Choice
from worker.database.models import Asset
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.timeline import Timeline

PICKED_S = 1.5
CHOSEN_S = 12.4
WHO = "ada@host"


def pick(engine: Engine) -> Engine:
    """Publish the best pick of one asset, at 1.5 s."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    assert publish(engine) == PICKED_S
    return engine


def choose(engine: Engine, request: ChoiceRequest | None = None) -> choices.ChoiceMade:
    """Choose for the only asset."""
    with transaction(engine) as session:
        asset = session.get_one(Asset, builders.asset(engine).id, with_for_update=True)
        return choices.choose(
            session, asset, request or ChoiceRequest(time_s=CHOSEN_S), WHO, "the boss likes it"
        )


def release(engine: Engine) -> Choice | None:
    """Release what is chosen for the only asset."""
    with transaction(engine) as session:
        asset = session.get_one(Asset, builders.asset(engine).id, with_for_update=True)
        return choices.release(session, asset, "bob@host", "back to normal")


def publish(engine: Engine) -> float:
    """Write what is due, as the publisher does, and return its moment."""
    claim = claimed(engine)
    with transaction(engine) as session:
        publications.begin_write(session, claim)
    with transaction(engine) as session:
        publications.confirm(session, claim, str(claim.time_s))
    return claim.time_s


def claimed(engine: Engine) -> publications.PublicationClaim:
    """Claim the write that must be due."""
    with transaction(engine) as session:
        hints = publications.announce(session, rehint_s=60.0)
    with transaction(engine) as session:
        claim = publications.claim(session, hints[-1].id, "test:1:publish", builders.LEASE_S)
    assert claim is not None
    return claim


def edit(engine: Engine, minute: int, fingerprint: str, time_s: float = 1.5) -> None:
    """Let an edit be told and looked at."""
    builders.record(engine, builders.event(EventKind.EDITED, minute=minute))
    claim = builders.claimed(engine)
    with transaction(engine) as session:
        builders.jobs.complete(session, claim, builders.result(fingerprint, time_s))


def after_edit(engine: Engine, timeline: Timeline | None, duration_s: float | None = None) -> Choice:
    """Let a run store other content, of which this is known."""
    builders.record(engine, builders.event(EventKind.EDITED, minute=1))
    claim = builders.claimed(engine)
    with transaction(engine) as session:
        result = replace(builders.result("f2", 2.5), timeline=timeline, duration_s=duration_s)
        builders.jobs.complete(session, claim, result)
    choice: Choice = builders.only(engine, Choice)
    return choice
