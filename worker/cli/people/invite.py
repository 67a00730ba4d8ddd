"""`thumbs invite`: a link by which somebody comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.cli.database import open_database
from worker.cli.output import print_answer
from worker.cli.parameters import json_option
from worker.cli.people.parameters import (
    accounts_option,
    as_lifetime,
    days_option,
    email_argument,
    operator,
    page_parts,
    page_url,
    read_grants,
    role_option,
    words,
)
from worker.database import transaction
from worker.people import invitations
from worker.people.roles import granted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.people.invitations import Invited


@click.command()
@email_argument
@role_option
@accounts_option
@days_option(1, 30, "The link opens")
@click.option("--revoke", "is_revoked", is_flag=True, help="Take back what was sent to this address.")
@json_option
def invite_command(
    email: str, role: str, accounts: Sequence[str], days: int, *, is_revoked: bool, as_json: bool
) -> None:
    """Print a link by which somebody comes to the pages.

    It opens once, and whoever opens it has the role from then on, besides those that they have already.
    """
    with open_database() as engine, transaction(engine) as session:
        if is_revoked:
            count = invitations.revoke(session, operator(), email)
        else:
            grants = read_grants(session, role, accounts)
            made = invitations.make(session, operator(), email, grants, as_lifetime(days))
    if is_revoked:
        says = f"taken back: {count}" if count else "there is no open invitation; nothing was done"
        print_answer({"email": email, "revoked": count}, [Text(f"{email}: {says}")], as_json=as_json)
    else:
        print_answer(_document(made), _parts(made), as_json=as_json)


def _document(made: Invited) -> dict[str, Any]:
    return {
        "email": made.invitation.email,
        "roles": words(granted(made.invitation.grants)),
        "url": page_url(invitations.path_of(made.token)),
        "expires_at": made.invitation.expires_at,
    }


def _parts(made: Invited) -> list[Text]:
    row = made.invitation
    until = f"opens once, until {row.expires_at:%Y-%m-%d %H:%M} UTC; send it to nobody else"
    return [
        Text(f"{row.email} is invited as {', '.join(words(granted(row.grants)))}"),
        *page_parts(invitations.path_of(made.token), until),
    ]
