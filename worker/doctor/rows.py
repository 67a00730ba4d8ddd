"""Check the rows for what no program can settle by itself: foreign thumbnails, and models that nobody has."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from worker import partitions
from worker.database import NOW, identity
from worker.database.models import Asset, Job
from worker.database.states import WAITING
from worker.doctor.finding import Finding, State
from worker.doctor.servers import ask_database
from worker.errors import ModelElsewhere

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from worker.settings import Settings

# Beyond this many, it is not worth the time to count on.
MAX_COUNTED = 10_000
# The rows do not tell whether `thumbs adopt` was run, so it is asked for as long as that may still help.
TOLD_OF_RESTORE = timedelta(days=7)
# Less than this ahead, the dispatcher has not made any for weeks.
SOON = timedelta(weeks=1)
_ADOPT = "`thumbs adopt --since TIME --dry-run`, TIME being when the backup was made"


def check_rows(settings: Settings) -> Iterator[Finding]:
    """Look for assets and jobs that wait for an operator; nothing is said where there are none."""
    yield from ask_database(settings, "restored", _restored)
    yield from ask_database(settings, "foreign", _yielded)
    yield from ask_database(settings, "wanted model", _wanted_models)
    yield from ask_database(settings, "partitions", _partitions)


def _restored(session: Session) -> Iterator[Finding]:
    restored = identity.look(session)
    if restored is None:
        return
    says = f"the database was restored from a backup, or was moved; first met {restored:%Y-%m-%d %H:%M} UTC"
    if session.scalars(select(NOW)).one() - restored > TOLD_OF_RESTORE:
        yield Finding("restored", State.OK, says)
        return
    # Before a write is left out because of a thumbnail that may be ours.
    yield Finding("restored", State.WARNING, says, f"run once: {_ADOPT}")


def _yielded(session: Session) -> Iterator[Finding]:
    is_foreign = Asset.foreign_thumbnail.is_not(None)
    count = _count(session, is_foreign)
    if not count:
        return
    says = f"assets whose thumbnail somebody else set at the platform, where it stays: {_many(count)}"
    restored = identity.look(session)
    since = 0 if restored is None else _count(session, is_foreign, Asset.foreign_at >= restored)
    if restored is None or not since:
        yield Finding("foreign", State.OK, says)
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


def _partitions(session: Session) -> Iterator[Finding]:
    """Tell where partitions run out, or did; nothing where all is well."""
    until = partitions.made_until(session)
    if until is None or until - session.scalars(select(NOW)).one() < SOON:
        says = "there are none" if until is None else f"there are some until {until:%Y-%m-%d} only"
        remedy = "start the dispatcher, which makes them ahead; its log says what hinders it"
        yield Finding("partitions", State.WARNING, f"{says}, for webhooks, histories and filmstrips", remedy)
    if strays := ", ".join(partitions.tables_with_strays(session)):
        says = f"rows of weeks that have no partition are in the default one of: {strays}"
        remedy = (
            "nothing is lost, and they go when they are old; see docs/operate.md, Old rows and partitions"
        )
        yield Finding("partitions", State.WARNING, says, remedy)


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    some = select(Asset.id).where(*conditions).limit(MAX_COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _many(count: int) -> str:
    return f"{count} or more" if count == MAX_COUNTED else str(count)
