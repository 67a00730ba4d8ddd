"""`thumbs tokens`: the tokens of programs that use the pages' JSON interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.assets import database_time
from worker.cli.database import open_database
from worker.cli.listing import Listing
from worker.cli.output import fields_of, print_answer
from worker.cli.parameters import json_option
from worker.cli.people.parameters import (
    accounts_option,
    as_lifetime,
    days_option,
    operator,
    read_grants,
    role_option,
    token_argument,
    words,
)
from worker.database import transaction
from worker.people import tokens
from worker.people.roles import granted
from worker.text import format_age, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from worker.database.people import ApiToken

_FIELDS = "name created_at created_by expires_at used_at revoked_at"
_STYLES = {"counts": "green", "ended": "yellow", "revoked": "red"}


@click.group("tokens", invoke_without_command=True)
@json_option
@click.pass_context
def tokens_group(ctx: click.Context, *, as_json: bool) -> None:
    """List the tokens of programs that use the pages.

    With another word, it makes or ends one.
    """
    if ctx.invoked_subcommand is None:
        _print_list(as_json=as_json)


@tokens_group.command("list")
@json_option
def list_command(*, as_json: bool) -> None:
    """List the tokens, as `thumbs tokens` does; those that ended as well."""
    _print_list(as_json=as_json)


@tokens_group.command("create")
@token_argument
@role_option
@accounts_option
@days_option(None, 3650, "It counts only")
@json_option
def create_command(name: str, role: str, accounts: Sequence[str], days: int | None, *, as_json: bool) -> None:
    """Make a token, and print it, once.

    NAME is the program's, as the history has it. Programs send the token as `Authorization: Bearer TOKEN`.
    """
    lifetime = None if days is None else as_lifetime(days)
    with open_database() as engine, transaction(engine) as session:
        grants = read_grants(session, role, accounts)
        made = tokens.create(session, operator(), name, grants, lifetime)
        now = database_time(session)
    document = {"token": made.token} | _document(made.row, now)
    ends = f"{made.row.expires_at:%Y-%m-%d %H:%M} UTC" if made.row.expires_at else "it is revoked"
    lines = [
        Text(f"token {name}: {', '.join(words(grants))}, until {ends}"),
        Text(made.token, "bold"),
        Text("it is not shown again: keep it where the program keeps its secrets"),
    ]
    print_answer(document, lines, as_json=as_json)


@tokens_group.command("revoke")
@token_argument
@json_option
def revoke_command(name: str, *, as_json: bool) -> None:
    """End a token at once."""
    with open_database() as engine, transaction(engine) as session:
        tokens.revoke(session, operator(), name)
    print_answer({"name": name, "state": "revoked"}, [Text(f"token {name}: revoked")], as_json=as_json)


def _print_list(*, as_json: bool) -> None:
    with open_database() as engine, transaction(engine) as session:
        rows, now = tokens.list_all(session), database_time(session)
    print_answer({"tokens": [_document(row, now) for row in rows]}, _parts(rows, now), as_json=as_json)


def _document(row: ApiToken, now: datetime) -> dict[str, Any]:
    """Write for a program; the token itself is stored nowhere."""
    return fields_of(row, _FIELDS) | {"state": _state(row, now), "roles": words(granted(row.grants))}


def _parts(rows: Sequence[ApiToken], now: datetime) -> list[RenderableType]:
    table = Listing("token", "state", "used", "roles", "says")
    for row in rows:
        state = _state(row, now)
        table.add_row(
            row.name,
            Text(state, _STYLES[state]),
            f"{format_age(now - row.used_at)} ago" if row.used_at else "never",
            ", ".join(words(granted(row.grants))),
            _news(row, now),
        )
    return [table if rows else Text("no token yet; `thumbs tokens create NAME` makes one")]


def _state(row: ApiToken, now: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "ended" if row.expires_at is not None and row.expires_at <= now else "counts"


def _news(row: ApiToken, now: datetime) -> str:
    made = f"made by {printable(row.created_by)} {format_age(now - row.created_at)} ago"
    if row.expires_at is None or _state(row, now) != "counts":
        return made
    return f"{made}, ends {format_age(now - row.expires_at)}"
