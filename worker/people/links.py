"""Links that open one asset for whoever has them. Only the SHA-256 of their word is stored."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, update

from worker.database.base import NOW, STATEMENT_BEGAN
from worker.database.models import Asset
from worker.database.people import AssetLink
from worker.database.states import Role
from worker.errors import PermanentError
from worker.people import audit
from worker.people.roles import Actor, Grant
from worker.people.sign_ins import TOKEN_BYTES, hashed

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

LIFETIME = timedelta(days=7)
ROLES = (Role.VIEWER, Role.EDITOR)  #: a link can be passed on, so it gives no more


class LinkRefused(PermanentError):
    """A link cannot be made or ended as it was asked for."""


class Linked(NamedTuple):
    """A link that was just made, and its word, which is stored nowhere."""

    link: AssetLink
    token: str


def path_of(token: str) -> str:
    """Write where the pages take a link: what comes after REVIEW_URL."""
    return f"/s/{token}"


def make(
    session: Session, actor: Actor, asset: Asset, role: Role = Role.VIEWER, lifetime: timedelta = LIFETIME
) -> Linked:
    """Make a link that opens one asset.

    Args:
        session: any.
        actor: who makes it; they need the role themselves.
        asset: that it opens.
        role: VIEWER or EDITOR.
        lifetime: how long it opens.

    Raises:
        NotAllowed: `actor` does not have this role.
        LinkRefused: nothing of the asset is left.
        ValueError: no link gives this role.
    """
    if role not in ROLES:
        raise ValueError(f"a link gives no role {role}")
    actor.require(role, asset)
    if asset.erased_at is not None:
        raise LinkRefused("this asset was erased: there is nothing left that a link could open")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    link = AssetLink(
        token_sha256=hashed(token),
        asset_id=asset.id,
        role=role,
        created_by=actor.name,
        expires_at=NOW + lifetime,
    )
    session.add(link)
    session.flush()
    session.refresh(link)
    audit.note(session, actor, "create-link", asset.id, link=link.id, role=role)
    return Linked(link, token)


def find(session: Session, token: str) -> Actor | None:
    """Find what a link lets its holder do; None where it means nothing, has ended or was revoked."""
    row = session.execute(
        select(AssetLink, Asset)
        .join(Asset, Asset.id == AssetLink.asset_id)
        .where(AssetLink.token_sha256 == hashed(token), is_open(), Asset.erased_at.is_(None))
    ).first()
    if row is None:
        return None
    link, asset = row
    grant = Grant(Role(link.role), asset.platform, asset.account)
    return Actor(f"link {link.id} of {link.created_by}", "link", (grant,), asset.id)


def list_open(session: Session, limit: int, asset_id: int | None = None) -> list[tuple[AssetLink, Asset]]:
    """List the links that open an asset, or those of all assets; the newest first."""
    wanted = select(AssetLink, Asset).join(Asset, Asset.id == AssetLink.asset_id).where(is_open())
    if asset_id is not None:
        wanted = wanted.where(AssetLink.asset_id == asset_id)
    return [
        (link, asset) for link, asset in session.execute(wanted.order_by(AssetLink.id.desc()).limit(limit))
    ]


def revoke(session: Session, actor: Actor, link_id: int) -> AssetLink:
    """End a link at once; one that is revoked already stays so.

    Raises:
        LinkRefused: there is none of this number.
        NotAllowed: `actor` does not have the link's role.
    """
    link = session.get(AssetLink, link_id, with_for_update=True)
    if link is None:
        raise LinkRefused(f"there is no link {link_id}; `thumbs link --list` lists those that open")
    actor.require(Role(link.role), session.get_one(Asset, link.asset_id))
    if link.revoked_at is None:
        session.execute(update(AssetLink).where(AssetLink.id == link.id).values(revoked_at=NOW))
        audit.note(session, actor, "revoke-link", link.asset_id, link=link.id)
    return link


def is_open() -> ColumnElement[bool]:
    """Build the condition that a link opens."""
    return AssetLink.revoked_at.is_(None) & (AssetLink.expires_at > STATEMENT_BEGAN)
