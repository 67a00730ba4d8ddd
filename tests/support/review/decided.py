"""An asset that was looked at, and people who decide about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, select

from tests.support.review.signed_in import URL
from tests.support.service import builders
from worker import jobs
from worker.database import transaction
from worker.database.models import StoredCandidate, Thumbnail
from worker.database.states import Role
from worker.people.roles import ANY, Actor, Grant
from worker.review.seen import Seen, read_seen

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.settings import Settings

ACCOUNT = {"webhook_secret": "c2VjcmV0", "token_id": "id", "token_secret": "secret"}
FRAMES_S = (3.0, 7.6, 5.0)


def configured() -> Settings:
    """Return settings with an account of a platform that shows a time, and one that shows no picture."""
    accounts: dict[str, Any] = {"mux": {"main": ACCOUNT}, "fastpix": {"main": ACCOUNT}}
    return builders.make_settings(review_url=URL, **accounts)


def somebody(
    name: str = "anna@example.com", role: Role = Role.EDITOR, where: tuple[str, str] = (ANY, ANY)
) -> Actor:
    """Return a person with a role."""
    return Actor(name, "page", (Grant(role, *where),))


def looked_at(engine: Engine, platform: str = "mux") -> int:
    """Let an asset be picked at 1.5 s and 8 s, beside three other frames; return its id."""
    builders.record(engine, builders.event(platform=platform))
    builders.completed(engine)
    with transaction(engine) as session:
        first = session.scalars(select(Thumbnail)).one()
        columns = {column.key: getattr(first, column.key) for column in inspect(Thumbnail).column_attrs}
        session.add(Thumbnail(**(columns | {"id": None, "rank": 2, "time_s": 8.0})))
        add_frames(session, first.asset_id, generation=1)
        return first.asset_id


def look_anew(engine: Engine, asset_id: int, *, picked_s: float = 6.5) -> None:
    """Let a run of other content have another pick, and other frames."""
    with transaction(engine) as session:
        jobs.requeue(session, asset_id, "test", "", configured())
    claim = builders.claimed(engine)
    with transaction(engine) as session:
        jobs.complete(session, claim, builders.result("other content", picked_s))
        add_frames(session, asset_id, claim.generation)


def add_frames(session: Session, asset_id: int, generation: int) -> None:
    """Store the frames that were no picks."""
    for time_s in FRAMES_S:
        session.add(
            StoredCandidate(
                asset_id=asset_id,
                generation=generation,
                time_s=time_s,
                shot=0,
                score=1.0,
                parts={},
                lost_because="outscored",
                jpeg=builders.SMALL_JPEG,
            )
        )


def frame_at(engine: Engine, time_s: float) -> int:
    """Return the id of the frame at this moment."""
    return next(row.id for row in builders.every(engine, StoredCandidate) if row.time_s == time_s)


def pick_at(engine: Engine, time_s: float) -> int:
    """Return the id of the newest thumbnail of this moment."""
    return next(row.id for row in reversed(builders.every(engine, Thumbnail)) if row.time_s == time_s)


def seen(engine: Engine) -> Seen:
    """Return what a page of the only asset shows now."""
    with transaction(engine) as session:
        return read_seen(session, builders.asset(engine))
