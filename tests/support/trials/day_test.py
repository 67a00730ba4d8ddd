"""A test by whole days of an asset's pictures, and a clock that can be moved."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from tests.support.service import builders
from worker import publications
from worker.database import NOW, transaction
from worker.database.models import Asset, Publication, Thumbnail
from worker.database.states import TrialKind, TrialMetric
from worker.database.trials import Slot, Trial, Variant
from worker.trials.slots.drawing import begin_slots
from worker.trials.slots.turning import turn_due

if TYPE_CHECKING:
    from sqlalchemy import Engine

SALT = "0000000000000007"  # two pictures: 1 0, 0 1, 0 1, 1 0
MINUTE = timedelta(minutes=1)


def begun(
    engine: Engine, platform: str = "mux", variants: int = 2, days: int = 28, timezone: str = "UTC"
) -> int:
    """Start a test of an asset's pick against other pictures from tomorrow on, and return its id."""
    builders.record(engine, builders.event(platform=platform))
    builders.completed(engine)
    write(engine)
    with transaction(engine) as session:
        (pick,) = session.scalars(select(Thumbnail)).all()
        pictures = [pick, *(_other(pick, number) for number in range(1, variants))]
        session.add_all(pictures[1:])
        now = session.scalars(select(NOW)).one()
        trial = Trial(
            asset_id=pick.asset_id,
            fingerprint="f1",
            aspect="16:9",
            kind=TrialKind.SLOTS,
            metric=TrialMetric.PLAYS,
            salt=SALT,
            timezone=timezone,
            alpha=0.05,
            tau=0.2,
            started_at=now,
            ends_at=now + timedelta(days=days),
            started_by="anna",
        )
        session.add(trial)
        session.flush()
        for number, picture in enumerate(pictures):
            session.add(_variant(trial, number, picture))
        session.flush()
        begin_slots(session, trial)
        return trial.id


def _other(pick: Thumbnail, number: int) -> Thumbnail:
    columns = {column.key: getattr(pick, column.key) for column in Thumbnail.__table__.columns}
    changed = {"rank": number + 1, "time_s": pick.time_s + number, "sha256": f"{number:064x}"}
    return Thumbnail(**{name: value for name, value in {**columns, **changed}.items() if name != "id"})


def _variant(trial: Trial, number: int, picture: Thumbnail) -> Variant:
    told = {
        "sha256": picture.sha256,
        "time_s": picture.time_s,
        "model": "lite",
        "bucket_from": 0,
        "bucket_to": 0,
    }
    return Variant(trial_id=trial.id, number=number, thumbnail_id=picture.id, **told)


def write(engine: Engine) -> float:
    """Let a worker write what waits, and return the moment that is shown from now on."""
    with transaction(engine) as session:
        (hint,) = publications.announce(session, rehint_s=60.0)
    with transaction(engine) as session:
        claim = publications.claim(session, hint.id, "test:1:publish", 30.0)
        assert claim is not None
        publications.confirm(session, claim, str(claim.time_s))
    return claim.time_s


def slots(engine: Engine) -> list[Slot]:
    """All days of all tests."""
    with transaction(engine) as session:
        return list(session.scalars(select(Slot).order_by(Slot.trial_id, Slot.number)))


def slot(engine: Engine, number: int) -> Slot:
    """One day of the only test."""
    return slots(engine)[number]


def first_day(engine: Engine) -> date:
    """The first day of the only test, in UTC."""
    return slot(engine, 0).from_at.astimezone(UTC).date()


def pass_time(engine: Engine, by: timedelta) -> None:
    """Let everything be so much longer ago."""
    moved = {
        Slot: ("from_at", "to_at", "shown_at", "ask_at", "counted_at"),
        Trial: ("started_at", "ends_at"),
        Publication: ("confirmed_at", "sent_at", "created_at", "scheduled_at"),
    }
    with transaction(engine) as session:
        for table, columns in moved.items():
            values = {name: getattr(table, name) - by for name in columns}
            session.execute(update(table).values(values).execution_options(synchronize_session=False))


def come_to(engine: Engine, number: int, after: timedelta = MINUTE) -> None:
    """Let it be so long after the beginning of a day."""
    with transaction(engine) as session:
        now = session.scalars(select(NOW)).one()
    wanted: datetime = slot(engine, number).from_at + after
    pass_time(engine, wanted - now)


def show_day(engine: Engine, number: int) -> None:
    """Let a day of the test come, and its picture be shown in time."""
    come_to(engine, number)
    turn_due(engine)
    if builders.publication_states(engine)[-1] == "pending":
        write(engine)
    turn_due(engine)


def shown_s(engine: Engine) -> str | None:
    """What the platform shows because of us."""
    asset: Asset = builders.asset(engine)
    return asset.written
