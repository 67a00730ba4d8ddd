"""Who may come in because an OpenID provider says who they are: known people, and whom it gives roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.errors import PermanentError
from worker.people import claims, people

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database.people import Person


class NotAdmitted(PermanentError):
    """Somebody showed who they are, and may not come in; the message tells them what to do."""


def take_over(session: Session, email: str, name: str, claim: object | None) -> None:
    """Let a person have the roles of a provider's claim, exactly; who has none there is not made a person.

    Args:
        session: any.
        email: which the provider has verified.
        name: as others are to see it.
        claim: its words; None: there is none, so that only roles from invitations are left.

    Raises:
        ClaimRefused: its words are no roles.
        EmailInvalid: the address is none.
    """
    grants = None if claim is None else claims.read(claim)
    person = people.find_or_create(session, email, name) if grants else people.find(session, email)
    if person is not None:
        session.refresh(person, with_for_update=True)
        claims.keep(session, person, grants)


def admitted(session: Session, email: str) -> Person:
    """Find the person who is to be signed in.

    Raises:
        NotAdmitted: they were never invited, may not sign in at present, or have no role.
    """
    person = people.find(session, email)
    if person is not None and person.disabled_at is not None:
        raise NotAdmitted(
            f"{email} may not sign in at present: ask an operator to run `thumbs people enable {email}`"
        )
    if person is None or not people.grants_of(session, person.id):
        raise NotAdmitted(
            f"{email} has no role here: ask an operator to run `thumbs invite {email}`, "
            "or for a role at your sign-in service"
        )
    return person
