"""`thumbs people`: who may use the pages, and what an operator changes about that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.assets import database_time
from worker.cli.database import open_database
from worker.cli.listing import Listing
from worker.cli.output import print_answer
from worker.cli.parameters import confirm, json_option, yes_option
from worker.cli.people.parameters import (
    accounts_option,
    email_argument,
    operator,
    read_account,
    read_grants,
    role_option,
    words,
)
from worker.database import transaction
from worker.people import directory, leaving, people
from worker.people.roles import ANY
from worker.text import format_age, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from worker.database.people import Person
    from worker.people.directory import Listed

_STYLES = {"active": "green", "invited": "yellow", "no role": "yellow", "disabled": "red"}


@click.group("people", invoke_without_command=True)
@json_option
@click.pass_context
def people_group(ctx: click.Context, *, as_json: bool) -> None:
    """List who may use the pages, and what they may do.

    With another word, it changes that; `thumbs invite` lets somebody in.
    """
    if ctx.invoked_subcommand is None:
        _print_list(as_json=as_json)


@people_group.command("list")
@json_option
def list_command(*, as_json: bool) -> None:
    """List people and open invitations, as `thumbs people` does."""
    _print_list(as_json=as_json)


@people_group.command("give")
@email_argument
@role_option
@accounts_option
@json_option
def give_command(email: str, role: str, accounts: Sequence[str], *, as_json: bool) -> None:
    """Give a person another role, besides those that they have."""
    with open_database() as engine, transaction(engine) as session:
        person = people.give(session, operator(), email, read_grants(session, role, accounts))
        held = words(people.grants_of(session, person.id))
    _print_roles(email, held, as_json=as_json)


@people_group.command("take")
@email_argument
@click.option(
    "--account",
    "accounts",
    metavar="PLATFORM/ACCOUNT",
    multiple=True,
    help="Only the role for it; may be given several times. Without it: all roles.",
)
@json_option
def take_command(email: str, accounts: Sequence[str], *, as_json: bool) -> None:
    """Take roles from a person.

    A role for everywhere counts for each account, and goes only with all the others.
    """
    with open_database() as engine, transaction(engine) as session:
        for where in [read_account(session, name) for name in accounts] or [(ANY, ANY)]:
            held = people.take(session, operator(), email, *where)
    _print_roles(email, words(held), as_json=as_json)


@people_group.command("sign-out")
@email_argument
@json_option
def sign_out_command(email: str, *, as_json: bool) -> None:
    """Sign a person out in every browser."""
    _change(leaving.sign_out, email, "signed out everywhere; they may sign in again", as_json=as_json)


@people_group.command("disable")
@email_argument
@json_option
def disable_command(email: str, *, as_json: bool) -> None:
    """Let a person do nothing until they are enabled again.

    They are signed out, and the links, tokens and invitations that they made end.
    """
    _change(leaving.disable, email, "disabled; `thumbs people enable` lets them in again", as_json=as_json)


@people_group.command("enable")
@email_argument
@json_option
def enable_command(email: str, *, as_json: bool) -> None:
    """Let a person sign in again, with the roles that they had."""
    _change(leaving.enable, email, "may sign in again", as_json=as_json)


@people_group.command("remove")
@email_argument
@yes_option
@json_option
def remove_command(email: str, *, is_sure: bool, as_json: bool) -> None:
    """Forget a person and their roles.

    They are signed out, and the links, tokens and invitations that they made end. What they did stays in
    `thumbs audit`, in their name.
    """
    confirm(f"remove {email}?", is_sure=is_sure)
    _change(leaving.remove, email, "removed", as_json=as_json)


def _change(change: Callable[..., Person], email: str, says: str, *, as_json: bool) -> None:
    with open_database() as engine, transaction(engine) as session:
        change(session, operator(), email)
    print_answer({"email": email, "outcome": says}, [Text(f"{email}: {says}")], as_json=as_json)


def _print_roles(email: str, held: list[str], *, as_json: bool) -> None:
    says = ", ".join(held) or "no role any more: `thumbs people remove` forgets them"
    print_answer({"email": email, "roles": held}, [Text(f"{email}: {says}")], as_json=as_json)


def _print_list(*, as_json: bool) -> None:
    with open_database() as engine, transaction(engine) as session:
        listed, now = directory.list_people(session), database_time(session)
    print_answer({"people": [_document(one) for one in listed]}, _parts(listed, now), as_json=as_json)


def _document(one: Listed) -> dict[str, Any]:
    """Write for a program; the times are null where there is none."""
    return {
        "email": one.email,
        "name": one.person.name if one.person else "",
        "state": _state(one),
        "roles": words(one.grants),
        "seen_at": one.seen_at,
        "disabled_at": one.person.disabled_at if one.person else None,
        "invited_to": words(one.invited_to),
        "invited_until": one.invited_until,
    }


def _parts(listed: Sequence[Listed], now: datetime) -> list[RenderableType]:
    table = Listing("person", "state", "seen", "roles", "says")
    for one in listed:
        state = _state(one)
        table.add_row(
            printable(one.email),
            Text(state, _STYLES[state]),
            f"{format_age(now - one.seen_at)} ago" if one.seen_at else "",
            ", ".join(words(one.grants)),
            _news(one, now),
        )
    return [table if listed else Text("nobody yet; `thumbs invite EMAIL` lets somebody in")]


def _state(one: Listed) -> str:
    if one.person is None:
        return "invited"
    if one.person.disabled_at is not None:
        return "disabled"
    return "active" if one.grants else "no role"


def _news(one: Listed, now: datetime) -> str:
    if one.invited_until is None:
        return ""
    return (
        f"invited as {', '.join(words(one.invited_to))}; the link ends {format_age(now - one.invited_until)}"
    )
