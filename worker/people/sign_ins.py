"""Who is signed in, in which browser. The browser has a random word, and the database its SHA-256."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, update

from worker.database.base import NOW, STATEMENT_BEGAN
from worker.database.people import Person, SignIn
from worker.people import people
from worker.people.roles import Actor

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TOKEN_BYTES = 32
SEEN_EVERY_S = 60.0  #: so that a page does not cost a write each time


class SignedIn(NamedTuple):
    """A person in a browser, or whoever came by the link of one asset."""

    actor: Actor
    person_id: int | None  #: None: came by a link
    has_single_keys: bool


def hashed(token: str) -> str:
    """Hash a random word, in hex; it has so many bits that a plain SHA-256 keeps it."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(session: Session, person: Person) -> str:
    """Sign a person in, and return the word that the browser is to show from now on."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.add(SignIn(person_id=person.id, token_sha256=hashed(token)))
    return token


def find(
    session: Session, token: str, idle_s: float, lifetime_s: float, *, is_use: bool = True
) -> SignedIn | None:
    """Find who shows this word; None where it means nothing, or the sign-in is over.

    Args:
        session: any.
        token: that `begin` returned.
        idle_s: after which it is over where nobody uses it.
        lifetime_s: after which it is over in any case.
        is_use: whether this is a use; not where a page asks by itself.
    """
    row = session.execute(
        select(SignIn, Person)
        .join(Person, Person.id == SignIn.person_id)
        .where(
            SignIn.token_sha256 == hashed(token),
            SignIn.ended_at.is_(None),
            SignIn.seen_at > STATEMENT_BEGAN - timedelta(seconds=idle_s),
            SignIn.at > STATEMENT_BEGAN - timedelta(seconds=lifetime_s),
            Person.disabled_at.is_(None),
        )
    ).first()
    if row is None:
        return None
    sign_in, person = row
    unseen = SignIn.seen_at < STATEMENT_BEGAN - timedelta(seconds=SEEN_EVERY_S)
    if is_use:
        session.execute(update(SignIn).where(SignIn.id == sign_in.id, unseen).values(seen_at=NOW))
    actor = Actor(person.email, "page", people.grants_of(session, person.id))
    return SignedIn(actor, person.id, person.has_single_keys)


def end(session: Session, token: str) -> None:
    """Sign out the browser that shows this word."""
    session.execute(
        update(SignIn)
        .where(SignIn.token_sha256 == hashed(token), SignIn.ended_at.is_(None))
        .values(ended_at=NOW)
    )


def end_all(session: Session, person_id: int) -> None:
    """Sign a person out everywhere."""
    session.execute(
        update(SignIn).where(SignIn.person_id == person_id, SignIn.ended_at.is_(None)).values(ended_at=NOW)
    )
