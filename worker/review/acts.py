"""What people do to one asset. Each act is one transaction: the role, the act, its line in the audit."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from worker import jobs
from worker.choices import ChoiceRefused
from worker.database import NOW, transaction
from worker.database.models import Asset
from worker.database.people import AuditEntry
from worker.database.states import Role
from worker.time_ranges import read_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.people.roles import Actor
    from worker.settings import Settings


def confirm(engine: Engine, actor: Actor, asset_id: int) -> None:
    """Note that a person looked at an asset and found it good. Raises NotAllowed."""
    with _locked(engine, actor, asset_id, "confirm") as (_, asset):
        asset.reviewed_at, asset.reviewed_by = NOW, actor.name


def look_again(engine: Engine, actor: Actor, asset_id: int, why: str, settings: Settings) -> jobs.Requeued:
    """Look at the video again, at once. Raises NotAllowed."""
    with _locked(engine, actor, asset_id, "look again") as (session, asset):
        return jobs.requeue(session, asset.id, actor.name, why, settings)


def set_options(
    engine: Engine,
    actor: Actor,
    asset_id: int,
    options: Mapping[str, list[str]],
    why: str,
    settings: Settings,
) -> jobs.Requeued:
    """Say which parts of the video to avoid or to prefer, and look at it again.

    Raises:
        NotAllowed: they have not the role of an editor.
        ChoiceRefused: a range cannot be read; the message shows how to write one.
    """
    try:
        read = read_options(dict(options))
    except ValueError as error:
        raise ChoiceRefused(str(error)) from error
    with _locked(engine, actor, asset_id, "options") as (session, asset):
        asset.options = read or None
        return jobs.requeue(session, asset.id, actor.name, why, settings, keeps_model=True)


@contextmanager
def _locked(engine: Engine, actor: Actor, asset_id: int, act: str) -> Iterator[tuple[Session, Asset]]:
    with transaction(engine) as session:
        asset = session.get_one(Asset, asset_id, with_for_update=True)
        actor.require(Role.EDITOR, asset)
        yield session, asset
        session.add(AuditEntry(who=actor.name, via=actor.via, act=act, asset_id=asset_id))
