"""The record of who did what; rows are only added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from worker.database.people import AuditEntry

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.people.roles import Actor


def note(session: Session, actor: Actor, act: str, asset_id: int | None = None, **detail: Any) -> None:
    """Note that somebody did something, in the transaction in which it is done.

    Args:
        session: of that transaction.
        actor: who.
        act: a verb: "choose", "release", "invite" ...
        asset_id: what it was done to, where that is an asset.
        **detail: what else is worth knowing, as JSON takes it.
    """
    session.add(AuditEntry(who=actor.name, via=actor.via, act=act, asset_id=asset_id, detail=detail))


def of_asset(session: Session, asset_id: int, limit: int) -> list[AuditEntry]:
    """List what was done to an asset, the newest first."""
    newest = select(AuditEntry).where(AuditEntry.asset_id == asset_id).order_by(AuditEntry.id.desc())
    return list(session.scalars(newest.limit(limit)))
