"""Invitations: a link that gives whoever opens it roles, once. Only the SHA-256 of its word is stored."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, update

from worker.database.base import NOW, STATEMENT_BEGAN
from worker.database.people import Invitation, Person
from worker.errors import PermanentError
from worker.people import audit, people
from worker.people.roles import Actor, granted
from worker.people.sign_ins import TOKEN_BYTES, hashed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from worker.people.roles import Grant

LIFETIME = timedelta(hours=24)
LOCAL_LIFETIME = timedelta(minutes=10)  #: of the link that `thumbs up` prints
_ASK = "ask whoever sent it for a new one"


class InvitationRefused(PermanentError):
    """An invitation cannot be accepted; the message tells the invited person what to do."""


class Invited(NamedTuple):
    """An invitation that was just made, and the word of its link, which is stored nowhere."""

    invitation: Invitation
    token: str


def path_of(token: str) -> str:
    """Write where the pages take an invitation: what comes after REVIEW_URL."""
    return f"/invitations/{token}"


def make(
    session: Session,
    actor: Actor,
    email: str,
    grants: Sequence[Grant],
    lifetime: timedelta = LIFETIME,
    *,
    is_local: bool = False,
) -> Invited:
    """Invite somebody.

    Args:
        session: any.
        actor: who invites.
        email: of whom; it need not belong to a person yet.
        grants: what they may do from then on.
        lifetime: how long the link opens.
        is_local: whether it opens from this machine only, as the one of `thumbs up`.

    Raises:
        EmailInvalid: it is no address.
        NotAllowed: `actor` is no operator there.
    """
    actor.require_giving(grants)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    invitation = Invitation(
        token_sha256=hashed(token),
        email=people.read_email(email),
        grants=[list(one) for one in grants],
        is_local=is_local,
        created_by=actor.name,
        expires_at=NOW + lifetime,
    )
    session.add(invitation)
    session.flush()
    session.refresh(invitation)
    audit.note(session, actor, "invite", email=invitation.email, roles=[one.word for one in grants])
    return Invited(invitation, token)


def look_up(session: Session, token: str) -> Invitation:
    """Find the invitation of a link, and leave it as it is.

    Raises:
        InvitationRefused: it cannot be accepted (any more).
    """
    return _find(session, token, is_locked=False)


def accept(session: Session, token: str) -> Person:
    """Use an invitation up, and return the person, who has its roles now; they are not signed in by that.

    Who comes second waits for the first one's transaction, and is refused.

    Raises:
        InvitationRefused: it cannot be accepted (any more).
    """
    invitation = _find(session, token, is_locked=True)
    grants = granted(invitation.grants)
    person = people.find_or_create(session, invitation.email)
    people.add_grants(session, person, grants)
    session.execute(update(Invitation).where(Invitation.id == invitation.id).values(used_at=NOW))
    actor = Actor(person.email, "page", grants)
    audit.note(session, actor, "accept", invited_by=invitation.created_by, roles=[one.word for one in grants])
    return person


def revoke(session: Session, actor: Actor, email: str) -> int:
    """Take back the open invitations to an address, and return how many there were."""
    open_ones = (Invitation.email == people.read_email(email), is_open())
    found = session.scalars(select(Invitation).where(*open_ones).with_for_update()).all()
    for invitation in found:
        actor.require_giving(granted(invitation.grants))
    ids = [invitation.id for invitation in found]
    session.execute(update(Invitation).where(Invitation.id.in_(ids)).values(revoked_at=NOW))
    if ids:
        audit.note(session, actor, "revoke-invitation", email=found[0].email)
    return len(ids)


def is_open() -> ColumnElement[bool]:
    """Build the condition that an invitation can be accepted."""
    is_over = Invitation.used_at.is_not(None) | Invitation.revoked_at.is_not(None)
    return ~is_over & (Invitation.expires_at > STATEMENT_BEGAN)


def _find(session: Session, token: str, *, is_locked: bool) -> Invitation:
    statement = (
        select(Invitation, is_open(), Person.disabled_at)
        .outerjoin(Person, Person.email == Invitation.email)
        .where(Invitation.token_sha256 == hashed(token))
    )
    if is_locked:
        statement = statement.with_for_update(of=Invitation)
    row = session.execute(statement).first()
    if row is None:
        raise InvitationRefused("no invitation has this address: open the link as it was sent, to its end")
    invitation, can_be_accepted, disabled_at = row
    if disabled_at is not None:
        remedy = f"ask an operator to run `thumbs people enable {invitation.email}`"
        raise InvitationRefused(f"{invitation.email} may not sign in at present: {remedy}")
    if not can_be_accepted:
        raise InvitationRefused(_why_over(invitation))
    return invitation


def _why_over(invitation: Invitation) -> str:
    remedy = _ASK
    if invitation.is_local:  # whoever opens it runs the service
        remedy = f"run `thumbs invite {invitation.email} --role operator` for a new one"
    if invitation.used_at is not None:
        return f"this invitation was used already, and opens once: {remedy}"
    if invitation.revoked_at is not None:
        return f"this invitation was taken back: {remedy}"
    return f"this invitation ended {invitation.expires_at:%Y-%m-%d %H:%M} UTC: {remedy}"
