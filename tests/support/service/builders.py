"""Rows for tests of the service, made through the public functions wherever there is one."""

from __future__ import annotations

import io
import os
import pickle
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from PIL import Image
from sqlalchemy import select

from worker import jobs
from worker.database import transaction
from worker.database.models import Asset, Job, Publication, StoredCandidate, Thumbnail
from worker.inbox import record as inbox
from worker.platforms.event import Event, EventKind
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
OWNER = "test:1:analyze"
LEASE_S = 30.0


def _jpeg(width_px: int, height_px: int) -> bytes:
    encoded = io.BytesIO()
    Image.new("RGB", (width_px, height_px), "teal").save(encoded, "JPEG")
    return encoded.getvalue()


JPEG, SMALL_JPEG = _jpeg(16, 9), _jpeg(8, 4)


_MADE: dict[bytes, Settings] = {}


def make_settings(**values: Any) -> Settings:
    """Return settings that a test can do without an environment.

    The same ones are made once, as tests ask for them thousands of times, and each takes a core 20 ms.
    """
    variables = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    key = pickle.dumps((variables, values))
    if key not in _MADE or "SECRETS_DIR" in variables:  # whose files may have changed
        _MADE[key] = Settings(**{"debounce_s": 0.0, **values})
    return _MADE[key]


def event(kind: EventKind = EventKind.READY, *, minute: int = 0, **values: Any) -> Event:
    """Return an event of asset `a1`, `minute` minutes after noon."""
    given: dict[str, Any] = {"asset_id": "a1", "happened_at": NOON + timedelta(minutes=minute), **values}
    delivery = given.pop("delivery_id", f"{given['asset_id']}-{kind}-{minute}")
    platform, account = given.pop("platform", "mux"), given.pop("account", "main")
    return Event(platform, account, delivery, f"video.asset.{kind}", kind, payload={"k": 1}, **given)


def record(engine: Engine, *events: Event, settings: Settings | None = None) -> list[inbox.Receipt]:
    """Record events in one delivery."""
    with transaction(engine) as session:
        return inbox.record(session, events, settings or make_settings())


def only(engine: Engine, table: type[Any]) -> Any:
    """Return the one row of a table."""
    with transaction(engine) as session:
        return session.scalars(select(table)).one()


def every(engine: Engine, table: type[Any]) -> list[Any]:
    """Return a table's rows, the oldest first."""
    with transaction(engine) as session:
        return list(session.scalars(select(table).order_by(table.id)))


def claim_next(engine: Engine, owner: str = OWNER, lease_s: float = LEASE_S) -> jobs.JobClaim | None:
    """Announce what is due and claim the first of it."""
    with transaction(engine) as session:
        hints = jobs.announce(session, rehint_s=60.0)
    if not hints:
        return None
    with transaction(engine) as session:
        return jobs.claim(session, hints[0].id, owner, lease_s)


def claimed(engine: Engine, **values: Any) -> jobs.JobClaim:
    """Claim the job that must be due."""
    claim = claim_next(engine, **values)
    assert claim is not None
    return claim


def fail(engine: Engine, claim: jobs.JobClaim, error: Exception) -> str:
    """End a claim with an error, and return the job's state."""
    with transaction(engine) as session:
        return jobs.fail(session, claim, error)


def result(fingerprint: str = "f1", time_s: float = 1.5) -> jobs.Result:
    """Return what a job found: one thumbnail, one candidate."""
    thumbnail = Thumbnail(
        rank=1,
        aspect="16:9",
        time_s=time_s,
        score=2.5,
        parts={"appeal": 1.0},
        reasons=["sharp"],
        faces=[],
        box=[0, 0, 16, 9],
        width_px=16,
        height_px=9,
        jpeg=JPEG,
        sha256="ab" * 32,
        model="lite",
    )
    candidate = StoredCandidate(time_s=time_s, shot=0, score=2.5, parts={}, jpeg=SMALL_JPEG)
    return jobs.Result(fingerprint, [thumbnail], [candidate], thumbnail, {"scan": 0.5})


def completed(engine: Engine, fingerprint: str = "f1") -> jobs.JobClaim:
    """Claim the due job and complete it."""
    claim = claimed(engine)
    with transaction(engine) as session:
        jobs.complete(session, claim, result(fingerprint))
    return claim


def asset(engine: Engine) -> Asset:
    """Return the only asset."""
    found: Asset = only(engine, Asset)
    return found


def job_states(engine: Engine) -> list[str]:
    """Return the state of every job, the oldest first."""
    return [job.state for job in every(engine, Job)]


def publication_states(engine: Engine) -> list[str]:
    """Return the state of every publication, the oldest first."""
    return [publication.state for publication in every(engine, Publication)]


def completed_now(engine: Engine) -> None:
    """Complete the job that somebody else has announced."""
    (job,) = [job for job in every(engine, Job) if job.state == "available"]
    with transaction(engine) as session:
        claim = jobs.claim(session, job.id, OWNER, LEASE_S)
        assert claim is not None
        jobs.complete(session, claim, result())


def published_picks(engine: Engine) -> dict[tuple[str, str], Thumbnail]:
    """Return the best pick of every asset whose newest generation is published, by platform and id there."""
    published = Asset.published_generation == Asset.generation
    newest = (Thumbnail.generation == Asset.generation, Thumbnail.rank == 1)
    best = select(Asset.platform, Asset.external_id, Thumbnail).join(
        Thumbnail, Thumbnail.asset_id == Asset.id
    )
    with transaction(engine) as session:
        found = session.execute(best.where(published, *newest)).all()
        session.expunge_all()
    return {(platform, external_id): pick for platform, external_id, pick in found}
