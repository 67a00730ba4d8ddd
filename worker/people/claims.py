"""Roles that an OpenID provider gives: read from the words of a claim, and kept at each sign-in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from worker.database.states import Role
from worker.errors import PermanentError
from worker.people import audit, people, sign_ins
from worker.people.roles import Actor, Grant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.database.people import Person

_WHERE = re.compile(r"([a-z0-9]+(?:_[a-z0-9]+)*)/([a-z0-9]+(?:_[a-z0-9]+)*)")
_TOLD_CHARACTERS = 60
_HOW = "write viewer, editor or operator, or with an account, as in editor:mux/main"


class ClaimRefused(PermanentError):
    """The words of a claim are no roles; the message names the first that is none."""


def read(claim: object) -> tuple[Grant, ...]:
    """Read a claim's words as grants.

    A word is a role, or a role and an account: `editor`, `editor:mux/main`. One that is anything else is a
    mistake of whoever set the provider up, and is told: to pass over it would leave somebody without a role,
    and nobody would know why.

    Args:
        claim: a list of words, or one text with spaces between them.

    Raises:
        ClaimRefused: it holds something else.
    """
    words = claim.split() if isinstance(claim, str) else claim
    if not isinstance(words, list):
        raise ClaimRefused(f"the roles from your sign-in service are no list of words: {_HOW}")
    return tuple(dict.fromkeys(_grant(word) for word in words))


def keep(session: Session, person: Person, grants: Sequence[Grant] | None) -> None:
    """Let a person do exactly what their provider says, as it knows best who left a team.

    Roles from invitations go as well, and an empty list leaves none. Where something is taken from them, they
    are signed out in all browsers.

    Args:
        session: any.
        person: whose row is locked.
        grants: as `read` returns them. None: there is no claim. Providers leave it out where they have
            nothing to say in it, so the roles of earlier ones end; those from invitations stay.
    """
    before = people.grants_of(session, person.id)
    people.replace_claimed(session, person, grants)
    after = people.grants_of(session, person.id)
    if set(after) == set(before):
        return
    if not all(any(own.covers(*one[1:]) and own.allows(one.role) for own in after) for one in before):
        sign_ins.end_all(session, person.id)
    actor = Actor(person.email, "page", after)
    audit.note(session, actor, "take-over-roles", roles=[one.word for one in after])


def _grant(word: object) -> Grant:
    role, colon, where = word.partition(":") if isinstance(word, str) else ("", "", "")
    account = _WHERE.fullmatch(where)
    if role not in set(Role) or (colon and not account):
        raise ClaimRefused(f"{str(word)[:_TOLD_CHARACTERS]!r} from your sign-in service is no role: {_HOW}")
    return Grant(Role(role), *account.groups()) if account else Grant(Role(role))
