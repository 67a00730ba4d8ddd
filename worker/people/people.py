"""Who people are, by their addresses, and what each of them may do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from worker.database.people import Person, RoleGrant
from worker.errors import PermanentError
from worker.people import audit
from worker.people.roles import ANY, granted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

    from worker.people.roles import Actor, Grant

# Whether mail arrives there is not known before it does; this keeps out what would confuse a list or a log.
_EMAIL = re.compile(r"""[^\s@<>()\[\],;:"']+@[^\W_]([\w.-]*[^\W_])?""")
_MAX_EMAIL = 254  # characters: https://www.rfc-editor.org/errata/eid1690


class EmailInvalid(PermanentError):
    """A text is no address of mail."""


class PersonUnknown(PermanentError):
    """Nobody has this address."""


def read_email(text: str) -> str:
    """Read an address of mail, and return it as rows have it: in lower case.

    Raises:
        EmailInvalid: it is none.
    """
    email = text.strip().lower()
    if len(email) > _MAX_EMAIL or not email.isprintable() or not _EMAIL.fullmatch(email):
        raise EmailInvalid(f"{text!r} is no address of mail: write one like anna@example.com")
    return email


def find(session: Session, email: str) -> Person | None:
    """Find the person of an address, however it is capitalised."""
    return session.scalar(select(Person).where(Person.email == email.strip().lower()))


def known(session: Session, email: str) -> Person:
    """Find the person of an address.

    Raises:
        PersonUnknown: there is none.
    """
    person = find(session, email)
    if person is None:
        raise PersonUnknown(f"nobody has the address {email}; `thumbs people` lists all")
    return person


def find_or_create(session: Session, email: str, name: str = "") -> Person:
    """Find the person of an address, or make them; their row is locked, and they have no role yet.

    Args:
        session: any.
        email: their address.
        name: as others are to see it; kept where they have one already.

    Raises:
        EmailInvalid: it is no address.
    """
    email = read_email(email)
    session.execute(insert(Person).values(email=email, name=name).on_conflict_do_nothing())
    person = session.scalars(select(Person).where(Person.email == email).with_for_update()).one()
    person.name = person.name or name
    return person


def grants_of(session: Session, person_id: int) -> tuple[Grant, ...]:
    """Read what a person may do."""
    columns = (RoleGrant.role, RoleGrant.platform, RoleGrant.account)
    rows = session.execute(
        select(*columns)
        .where(RoleGrant.person_id == person_id)
        .order_by(RoleGrant.platform, RoleGrant.account)
    )
    return granted(rows)


def add_grants(session: Session, person: Person, grants: Iterable[Grant]) -> None:
    """Add to what a person may do; a role that is lower than theirs changes nothing. Their row is locked."""
    held = {one[1:]: one for one in grants_of(session, person.id)}
    for grant in grants:
        own = held.get(grant[1:])
        if own is None or grant.allows(own.role):  # one that is as high is theirs without the claim, too
            _store(session, person, grant)


def replace_claimed(session: Session, person: Person, grants: Sequence[Grant] | None) -> None:
    """Let a person do exactly what a provider's claim says. Their row is locked.

    Args:
        session: any.
        person: whose provider it is.
        grants: by the claim; None: there is none, which ends what earlier ones gave, and nothing else.
    """
    others = delete(RoleGrant).where(RoleGrant.person_id == person.id)
    session.execute(others if grants is not None else others.where(RoleGrant.is_claimed))
    for grant in grants or ():
        if all(grant.allows(other.role) for other in grants or () if other[1:] == grant[1:]):
            _store(session, person, grant, is_claimed=True)


def give(session: Session, actor: Actor, email: str, grants: Sequence[Grant]) -> Person:
    """Give a person more roles.

    Raises:
        PersonUnknown: they were never here; invite them.
        NotAllowed: `actor` is no operator there.
    """
    actor.require_giving(grants)
    person = known(session, email)
    session.refresh(person, with_for_update=True)
    add_grants(session, person, grants)
    audit.note(session, actor, "give", email=person.email, roles=[one.word for one in grants])
    return person


def take(session: Session, actor: Actor, email: str, platform: str = ANY, account: str = ANY) -> list[Grant]:
    """Take from a person their role for an account, or all roles where both are `ANY`.

    Returns:
        What they may still do: a role for all accounts covers this one, too.

    Raises:
        PersonUnknown: nobody has this address.
        NotAllowed: `actor` is no operator there.
    """
    person = known(session, email)
    held = grants_of(session, person.id)
    taken = [one for one in held if platform in {ANY, one.platform} and account in {ANY, one.account}]
    actor.require_giving(taken)
    for one in taken:
        where = (RoleGrant.platform == one.platform, RoleGrant.account == one.account)
        session.execute(delete(RoleGrant).where(RoleGrant.person_id == person.id, *where))
    audit.note(session, actor, "take", email=person.email, roles=[one.word for one in taken])
    return [one for one in held if one not in taken]


def _store(session: Session, person: Person, grant: Grant, *, is_claimed: bool = False) -> None:
    role, platform, account = grant
    given = {"role": role, "is_claimed": is_claimed}
    row = insert(RoleGrant).values(person_id=person.id, platform=platform, account=account, **given)
    unique = (RoleGrant.person_id, RoleGrant.platform, RoleGrant.account)
    session.execute(row.on_conflict_do_update(index_elements=unique, set_=given))
