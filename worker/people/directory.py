"""The list of people and of those who are invited, as operators see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from worker.database.people import Invitation, Person, RoleGrant, SignIn
from worker.people import invitations
from worker.people.roles import granted

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from worker.people.roles import Grant


class Listed(NamedTuple):
    """An address, and who stands behind it."""

    email: str
    person: Person | None  #: None: invited, and never here
    grants: tuple[Grant, ...]  #: what they may do now
    invited_to: tuple[Grant, ...]  #: what open invitations would add
    invited_until: datetime | None  #: when the last of them ends; None: there is none
    seen_at: datetime | None  #: a minute late at most; None: not as far back as sign-ins are kept


def list_people(session: Session) -> list[Listed]:
    """List people and open invitations by their addresses, in four statements however many there are."""
    persons = {person.email: person for person in session.scalars(select(Person))}
    roles: dict[int, list[list[str]]] = {}
    columns = (RoleGrant.person_id, RoleGrant.role, RoleGrant.platform, RoleGrant.account)
    for person_id, *grant in session.execute(
        select(*columns).order_by(RoleGrant.platform, RoleGrant.account)
    ):
        roles.setdefault(person_id, []).append(grant)
    last = select(SignIn.person_id, func.max(SignIn.seen_at)).group_by(SignIn.person_id)
    seen: dict[int, datetime] = dict(iter(session.execute(last)))
    invited: dict[str, list[Invitation]] = {}
    for invitation in session.scalars(select(Invitation).where(invitations.is_open())):
        invited.setdefault(invitation.email, []).append(invitation)
    listed = []
    for email in sorted(persons.keys() | invited.keys()):
        person, own = persons.get(email), invited.get(email, [])
        listed.append(
            Listed(
                email,
                person,
                granted(roles.get(person.id, [])) if person else (),
                tuple(dict.fromkeys(grant for one in own for grant in granted(one.grants))),
                max((one.expires_at for one in own), default=None),
                seen.get(person.id) if person else None,
            )
        )
    return listed


def without_role(session: Session, limit: int) -> list[str]:
    """List addresses of people who could sign in, and may do nothing."""
    has_role = select(RoleGrant.id).where(RoleGrant.person_id == Person.id).exists()
    wanted = select(Person.email).where(Person.disabled_at.is_(None), ~has_role).order_by(Person.email)
    return list(session.scalars(wanted.limit(limit)))
