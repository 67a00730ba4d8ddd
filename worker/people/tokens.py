"""Tokens of programs for the JSON interface of the pages. Only their SHA-256 is stored."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert

from worker.database.base import NOW, STATEMENT_BEGAN
from worker.database.people import ApiToken
from worker.errors import PermanentError
from worker.people import audit
from worker.people.roles import Actor, granted
from worker.people.sign_ins import TOKEN_BYTES, hashed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.people.roles import Grant

PREFIX = "thumbs_"  #: so that people and scanners of leaked secrets know what it is
USED_EVERY = timedelta(hours=1)  #: so that a request does not cost a write each time
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class TokenRefused(PermanentError):
    """A token cannot be made or ended as it was asked for."""


class Created(NamedTuple):
    """A token that was just made, and its text, which is stored nowhere."""

    row: ApiToken
    token: str


def read_name(text: str) -> str:
    """Read the name of a token.

    Raises:
        TokenRefused: it could be mistaken in a list.
    """
    if not _NAME.fullmatch(text):
        raise TokenRefused(f"{text!r} is no name of a token: write letters, digits and . _ -, as in cms")
    return text


def create(
    session: Session, actor: Actor, name: str, grants: Sequence[Grant], lifetime: timedelta | None = None
) -> Created:
    """Make a token for a program.

    Args:
        session: any.
        actor: who makes it.
        name: of the program. It is used once for good, as the history names the program by it.
        grants: what it may do.
        lifetime: how long it counts; None: until it is revoked.

    Raises:
        TokenRefused: there is or was one of this name, or it is no name.
        NotAllowed: `actor` is no operator there.
    """
    actor.require_giving(grants)
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    row = insert(ApiToken).values(
        name=read_name(name),
        token_sha256=hashed(token),
        grants=[list(one) for one in grants],
        created_by=actor.name,
        expires_at=None if lifetime is None else NOW + lifetime,
    )
    made = session.scalar(row.on_conflict_do_nothing(index_elements=[ApiToken.name]).returning(ApiToken))
    if made is None:
        raise TokenRefused(f"there is or was a token of the name {name}: take another, such as {name}-2")
    audit.note(session, actor, "create-token", name=name, roles=[one.word for one in grants])
    return Created(made, token)


def find(session: Session, token: str) -> Actor | None:
    """Find the program that shows this token; None where it means nothing, has ended or was revoked."""
    row = session.scalar(
        select(ApiToken).where(
            ApiToken.token_sha256 == hashed(token),
            ApiToken.revoked_at.is_(None),
            or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > STATEMENT_BEGAN),
        )
    )
    if row is None:
        return None
    is_old = or_(ApiToken.used_at.is_(None), ApiToken.used_at < STATEMENT_BEGAN - USED_EVERY)
    session.execute(update(ApiToken).where(ApiToken.id == row.id, is_old).values(used_at=NOW))
    return Actor(f"token {row.name}", "api", granted(row.grants))


def list_all(session: Session) -> list[ApiToken]:
    """List the tokens by their names, also those that ended: the history speaks of them."""
    return list(session.scalars(select(ApiToken).order_by(ApiToken.name)))


def revoke(session: Session, actor: Actor, name: str) -> ApiToken:
    """End a token at once; one that is revoked already stays so.

    Raises:
        TokenRefused: there is none of this name.
        NotAllowed: `actor` is no operator there.
    """
    row = session.scalar(select(ApiToken).where(ApiToken.name == name).with_for_update())
    if row is None:
        raise TokenRefused(f"there is no token of the name {name}; `thumbs tokens` lists all")
    actor.require_giving(granted(row.grants))
    if row.revoked_at is None:
        session.execute(update(ApiToken).where(ApiToken.id == row.id).values(revoked_at=NOW))
        audit.note(session, actor, "revoke-token", name=name)
    return row
