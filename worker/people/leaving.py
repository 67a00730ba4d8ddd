"""What ends when somebody leaves: their sign-ins, and every other way in that they have or made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, update

from worker.database.base import NOW
from worker.database.people import ApiToken, AssetLink, Invitation, Person
from worker.people import audit, people, sign_ins

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.people.roles import Actor


def sign_out(session: Session, actor: Actor, email: str) -> Person:
    """Sign a person out in every browser; they may sign in again.

    Raises:
        PersonUnknown: nobody has this address.
    """
    person = people.known(session, email)
    sign_ins.end_all(session, person.id)
    audit.note(session, actor, "sign-out", email=person.email)
    return person


def disable(session: Session, actor: Actor, email: str) -> Person:
    """Let a person do nothing until they are enabled again; they keep their roles.

    Raises:
        PersonUnknown: nobody has this address.
    """
    person = people.known(session, email)
    session.execute(
        update(Person).where(Person.id == person.id, Person.disabled_at.is_(None)).values(disabled_at=NOW)
    )
    _close(session, person)
    audit.note(session, actor, "disable", email=person.email)
    return person


def enable(session: Session, actor: Actor, email: str) -> Person:
    """Let a person sign in again, with the roles that they had.

    Raises:
        PersonUnknown: nobody has this address.
    """
    person = people.known(session, email)
    session.execute(update(Person).where(Person.id == person.id).values(disabled_at=None))
    audit.note(session, actor, "enable", email=person.email)
    return person


def remove(session: Session, actor: Actor, email: str) -> Person:
    """Forget a person and their roles; what they did stays in the history, in their name.

    Raises:
        PersonUnknown: nobody has this address.
    """
    person = people.known(session, email)
    _close(session, person)
    session.execute(delete(Person).where(Person.id == person.id))
    audit.note(session, actor, "remove", email=person.email)
    return person


def _close(session: Session, person: Person) -> None:
    """End their sign-ins, the invitations to them and by them, and the tokens and links that they made."""
    sign_ins.end_all(session, person.id)
    session.execute(
        update(Invitation)
        .where(
            (Invitation.email == person.email) | (Invitation.created_by == person.email),
            Invitation.used_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .values(revoked_at=NOW)
    )
    for table in (ApiToken, AssetLink):
        made = (table.created_by == person.email, table.revoked_at.is_(None))
        session.execute(update(table).where(*made).values(revoked_at=NOW))
