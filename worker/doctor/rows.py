"""Check the rows for what no program can settle by itself: foreign thumbnails, and models that nobody has."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from worker.database import NOW, make_engine
from worker.database.identity import restored_at
from worker.database.models import Asset, Job
from worker.database.states import WAITING
from worker.doctor.finding import Finding, State
from worker.errors import ModelElsewhere
from worker.standalone import servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from worker.settings import Settings

# Beyond this many, it is not worth the time to count on.
MAX_COUNTED = 10_000
# The rows do not tell whether `thumbs adopt` was run, so it is asked for as long as that may still help.
TOLD_OF_RESTORE = timedelta(days=7)
_ADOPT = "`thumbs adopt --since TIME --dry-run`, TIME being when the backup was made"


def check_rows(settings: Settings) -> Iterator[Finding]:
    """Look for assets and jobs that wait for an operator; nothing is said where there are none."""
    address = settings.database_address or servers.running_postgres(settings.data_dir / "postgres")
    if address is None:
        return  # `check_database` says so
    engine = make_engine(address)
    try:
        with Session(engine) as session:
            yield from _yielded(session)
            yield from _wanted_models(session)
    except SQLAlchemyError:
        return  # as above: the database does not answer, or its tables are not those of this version
    finally:
        engine.dispose()


def _yielded(session: Session) -> Iterator[Finding]:
    restored = restored_at(session)  # it may be us who notice; what that notes is not kept
    is_foreign = Asset.foreign_thumbnail.is_not(None)
    count = _count(session, is_foreign)
    if not count:
        yield from _restored(session, restored)
        return
    says = f"assets whose thumbnail somebody else set at the platform, where it stays: {_many(count)}"
    since = 0 if restored is None else _count(session, is_foreign, Asset.foreign_at >= restored)
    if restored is None or not since:
        yield Finding("foreign", State.OK, says)
        yield from _restored(session, restored)
        return
    says += f"; found after the database was restored ({restored:%Y-%m-%d %H:%M} UTC): {_many(since)}"
    yield Finding("foreign", State.WARNING, says, f"they may be ours: {_ADOPT}")


def _wanted_models(session: Session) -> Iterator[Finding]:
    wanted = (Job.model.is_not(None), Job.state.in_(WAITING), Job.error_class == ModelElsewhere.__name__)
    some = select(Job.model).where(*wanted).limit(MAX_COUNTED).subquery()
    counts = select(some.c.model, func.count()).group_by(some.c.model).order_by(some.c.model)
    for model, count in session.execute(counts):
        says = f"jobs that wait for {model}, which the workers that took them do not have: {_many(count)}"
        remedy = f"start a worker with MODEL={model}, or `thumbs requeue ASSET` without --force-model"
        yield Finding("wanted model", State.WARNING, says, remedy)


def _restored(session: Session, restored: datetime | None) -> Iterator[Finding]:
    """Ask for `thumbs adopt` before a write is not made because of a thumbnail that may be ours."""
    if restored is None or session.execute(select(NOW)).scalar_one() - restored > TOLD_OF_RESTORE:
        return
    says = f"restored ({restored:%Y-%m-%d %H:%M} UTC): what was written after the backup is not known"
    yield Finding("database rows", State.WARNING, says, f"run once: {_ADOPT}")


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    some = select(Asset.id).where(*conditions).limit(MAX_COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _many(count: int) -> str:
    return f"{count} or more" if count == MAX_COUNTED else str(count)
