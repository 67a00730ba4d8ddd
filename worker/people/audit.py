"""What people and programs did. A row is added with each act, in its transaction, and none is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from worker.database.people import AuditEntry

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.people.roles import Actor


def note(session: Session, actor: Actor, act: str, asset_id: int | None = None, **detail: Any) -> None:
    """Note that somebody did something.

    Args:
        session: of the act itself, so that neither is stored without the other.
        actor: who acts.
        act: a verb, such as "choose".
        asset_id: of the asset that it was done to, if there is one.
        detail: what else there is to know of it, for a JSON document; never a secret.
    """
    session.add(AuditEntry(who=actor.name, via=actor.via, act=act, asset_id=asset_id, detail=detail))


def of_asset(session: Session, asset_id: int, limit: int) -> list[AuditEntry]:
    """List what was done to an asset, the newest first."""
    return newest(session, limit, asset_id=asset_id)


def newest(
    session: Session,
    limit: int,
    *,
    asset_id: int | None = None,
    who: str | None = None,
    before_id: int | None = None,
) -> list[AuditEntry]:
    """List what was done, the newest first; each way to narrow it has an index.

    Args:
        session: any.
        limit: the most rows.
        asset_id: only what was done to this asset.
        who: only what was done in this name.
        before_id: only what comes after the row of this id in the list: the next page.
    """
    wanted = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if asset_id is not None:
        wanted = wanted.where(AuditEntry.asset_id == asset_id)
    if who is not None:
        wanted = wanted.where(AuditEntry.who == who)
    if before_id is not None:
        wanted = wanted.where(AuditEntry.id < before_id)
    return list(session.scalars(wanted))
