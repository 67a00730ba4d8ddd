"""The tables of people: who they are, what they may do, how they come in, and what they did.

Of everything secret only the SHA-256 is stored. Only `worker.people` writes here.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations when the program runs
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from worker.database.base import NOW, Base
from worker.database.states import Role, is_one_of


class Person(Base):
    """Somebody who may sign in."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)  #: in lower case
    name: Mapped[str] = mapped_column(server_default="")
    #: Whether a single letter is a command on the pages (WCAG 2.1.4).
    has_single_keys: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    disabled_at: Mapped[datetime | None]  #: since when they may do nothing


class RoleGrant(Base):
    """What a person may do with an account, or with all."""

    __tablename__ = "role_grants"
    __table_args__ = (
        UniqueConstraint("person_id", "platform", "account"),
        CheckConstraint(is_one_of("role", Role), name="role"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    platform: Mapped[str]  #: "*": all
    account: Mapped[str]  #: "*": all
    role: Mapped[str]
    #: From the claim of an OpenID provider, which ends with it; else from an operator or an invitation.
    is_claimed: Mapped[bool] = mapped_column(server_default=false())


class Invitation(Base):
    """A link that makes a person, once."""

    __tablename__ = "invitations"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str]
    grants: Mapped[list[Any]]  #: [role, platform, account] of each
    is_local: Mapped[bool] = mapped_column(server_default=false())  #: opens from this machine only
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    created_by: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SignIn(Base):
    """A browser in which a person is signed in."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index(None, "person_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    token_sha256: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    seen_at: Mapped[datetime] = mapped_column(server_default=NOW)  #: a minute late at most
    ended_at: Mapped[datetime | None]


class ApiToken(Base):
    """A program's right to the JSON interface of the pages."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    grants: Mapped[list[Any]]  #: [role, platform, account] of each
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    created_by: Mapped[str]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]  #: last; an hour late at most
    revoked_at: Mapped[datetime | None]


class AssetLink(Base):
    """A link that opens one asset, for whoever has it."""

    __tablename__ = "asset_links"
    __table_args__ = (Index(None, "asset_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"))
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    created_by: Mapped[str]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class AuditEntry(Base):
    """That somebody did something; rows are only added."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_asset", "asset_id", "id", postgresql_where=text("asset_id IS NOT NULL")),
        Index("ix_audit_who", "who", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    who: Mapped[str]  #: an address, "token NAME", "link 7 of ADDRESS" or USER@HOST
    via: Mapped[str]  #: "page", "api", "link" or "cli"
    act: Mapped[str]  #: a verb: "choose", "release", "invite" ...
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"))
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
