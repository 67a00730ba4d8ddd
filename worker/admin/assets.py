"""What operators ask of assets, jobs and events; who they are; and `migrate`.

Nothing here prints; `worker.cli` does.
"""

from __future__ import annotations

import getpass
import os
import socket
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import defer

from worker.admin.find import find
from worker.database import NOW, make_engine, migrate
from worker.database.base import STATEMENT_BEGAN
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset
from worker.database.states import Role
from worker.people.roles import Actor, Grant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

    from worker import jobs


class EventLine(NamedTuple):
    """An event, and the asset that it is about; None where it is about none."""

    event: WebhookEvent
    asset: Asset | None


class Requeueing(NamedTuple):
    """What an operator's request did to one asset."""

    asset: Asset
    outcome: jobs.Requeued | None  #: None: nothing, it was only asked what would be done
    model: str | None = None  #: which has to judge now, because somebody asks for it
    lifted: str | None = None  #: the model that was asked for earlier, and no longer has to


class Migration(NamedTuple):
    """Revisions of the database's tables before and after `thumbs migrate`."""

    before: str  #: empty: there were none
    after: str


def database_time(session: Session) -> datetime:
    """Read the time by the database's clock, by which all times in the rows are written."""
    now: datetime = session.scalars(select(NOW)).one()
    return now


def list_events(
    session: Session,
    platform: str | None,
    since: timedelta | None,
    outcomes: Sequence[str],
    asset_id: int | None,
    limit: int,
    *,
    types: Sequence[str] = (),
) -> list[EventLine]:
    """List webhooks as they were recorded, the newest first; their payloads are not read."""
    statement = (
        select(WebhookEvent, Asset)
        .outerjoin(Asset, WebhookEvent.asset_id == Asset.id)
        .options(defer(WebhookEvent.payload))
        .order_by(WebhookEvent.id.desc())
        .limit(limit)
    )
    if platform:
        statement = statement.where(WebhookEvent.platform == platform)
    if since is not None:
        statement = statement.where(WebhookEvent.received_at >= STATEMENT_BEGAN - since)
    if outcomes:
        statement = statement.where(WebhookEvent.outcome.in_(outcomes))
    if asset_id is not None:
        statement = statement.where(WebhookEvent.asset_id == asset_id)
    if types:
        statement = statement.where(WebhookEvent.type.in_(types))
    return [EventLine(*row) for row in session.execute(statement)]


def assets_named(session: Session, words: Sequence[str]) -> list[Asset]:
    """List the assets that an operator's words mean, each once. Raises NotFound as `find`."""
    ids = dict.fromkeys(find(session, word).asset_id for word in words)
    return [session.get_one(Asset, asset_id) for asset_id in ids]


def migrate_tables(address: str) -> Migration:
    """Bring the tables of the database at this address up to date, however long that takes."""
    engine = make_engine(address, statement_timeout_ms=0)
    try:
        before = migrate.current(engine)
        migrate.upgrade(engine)
        return Migration(before, migrate.current(engine))
    finally:
        engine.dispose()


def operator_name() -> str:
    """Name who acts in a terminal, as the history and the audit do: user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # the user of a container may have a number and no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def operator() -> Actor:
    """Make the Actor of a terminal: who has the database's password may do everything."""
    return Actor(operator_name(), "cli", (Grant(Role.OPERATOR),))
