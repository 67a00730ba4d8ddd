"""`thumbs accounts`, `pause` and `resume`: how accounts stand, and what an operator does to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.accounts import remedy_of_refusal
from worker.admin.accounts import MAX_COUNT, list_accounts, pause_account, resume_account
from worker.admin.assets import database_time, operator
from worker.cli.database import open_database
from worker.cli.doctor import report
from worker.cli.listing import Listing
from worker.cli.output import fields_of, print_answer
from worker.cli.parameters import json_option, why_option
from worker.database import transaction
from worker.doctor.accounts import examine_accounts
from worker.settings import get_settings
from worker.text import format_age, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from worker.admin.accounts import Standing

# Attributes of the row, under which names the JSON document has them.
_FIELDS = (
    "platform account paused_at paused_by paused_because refused_at failures failing_since closed_until error"
)
_STYLES = {
    "open": "green",
    "writes wait": "yellow",
    "paused": "yellow",
    "closed": "yellow",
    "asks": "yellow",
    "refused": "red",
    "unknown": "red",
}

name_argument = click.argument("name", metavar="PLATFORM/ACCOUNT")


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def accounts_group(ctx: click.Context, *, as_json: bool) -> None:
    """Show what waits for each account, and why.

    `check` asks the platforms.
    """
    if ctx.invoked_subcommand is not None:
        return
    with open_database() as engine, transaction(engine) as session:
        listed = list_accounts(session)
        now = database_time(session)
    print_answer(_document(listed), _table(listed, now), as_json=as_json)


@accounts_group.command()
@click.option("--platform", metavar="NAME", help="Only accounts at this platform, e.g. mux.")
@json_option
def check_command(platform: str | None, *, as_json: bool) -> None:
    """Ask the platforms whether our accounts are set up correctly.

    Says what is missing, and changes nothing at the platforms. The exit code is 1 if something failed;
    warnings do not count.
    """
    report(examine_accounts(get_settings(), platform), as_json=as_json)


@click.command()
@name_argument
@why_option
@json_option
def pause_command(name: str, why: str, *, as_json: bool) -> None:
    """Let the work on an account wait until you resume it.

    Webhooks are taken, and what is running ends normally.
    """
    with open_database() as engine:
        pause_account(engine, name, get_settings(), operator(), why)
    sentence = f"{printable(name)}: paused; `thumbs resume {printable(name)}` lets it go on"
    print_answer({"account": name, "state": "paused"}, [Text(sentence)], as_json=as_json)


@click.command()
@name_argument
@json_option
def resume_command(name: str, *, as_json: bool) -> None:
    """Let the work on an account go on at once.

    Where its platform refused the token or was down, one job asks first, and an answer lets all others go.
    """
    with open_database() as engine:
        resume_account(engine, name, get_settings(), operator())
    print_answer(
        {"account": name, "state": "resumed"}, [Text(f"{printable(name)}: resumed")], as_json=as_json
    )


def _document(listed: Sequence[Standing]) -> dict[str, Any]:
    return {
        "accounts": [
            fields_of(standing.account, _FIELDS)
            | {"state": _state(standing)}
            | fields_of(standing, "waiting running writes_waiting oldest_due_at")
            for standing in listed
        ]
    }


def _table(listed: Sequence[Standing], now: datetime) -> list[RenderableType]:
    table = Listing("account", "state", "waiting", "running", "writes", "oldest due", "says")
    for standing in listed:
        row, state = standing.account, _state(standing)
        table.add_row(
            printable(f"{row.platform}/{row.account}"),
            Text(state, style=_STYLES[state]),
            _number(standing.waiting),
            _number(standing.running),
            _number(standing.writes_waiting),
            f"{format_age(now - standing.oldest_due_at)} ago" if standing.oldest_due_at else "",
            printable(_news(standing, now)),
        )
    return [table if listed else Text("no account has had a video yet")]


def _number(count: int) -> str:
    return f"{count}+" if count >= MAX_COUNT else str(count)


def _state(standing: Standing) -> str:
    """Say in one word how an account stands; what an operator must act on goes first."""
    if standing.account.paused_at:
        return "paused"
    if standing.account.refused_at:
        return "unknown" if standing.account.is_unknown else "refused"
    if standing.only_writes_ail:
        return "writes wait"
    if standing.is_closed:
        return "closed"
    return "asks" if standing.is_ailing else "open"


def _news(standing: Standing, now: datetime) -> str:
    row = standing.account
    parts = []
    if row.paused_at:
        why = f": {row.paused_because}" if row.paused_because else ""
        parts.append(f"paused by {row.paused_by} {format_age(now - row.paused_at)} ago{why}")
    if row.is_unknown:
        name = f"{row.platform}/{row.account}"
        parts.append(f"not in the settings of the workers: add it, or `thumbs cancel --account {name}`")
    elif row.refused_at:
        parts.append(f"refused for {format_age(now - row.refused_at)}")
    if standing.is_closed and row.closed_until:
        parts.append(f"asked again {format_age(now - row.closed_until)}")
    if row.error and (standing.is_ailing or standing.is_closed):
        parts.append(row.error)
    if row.refused_at:
        parts.append(remedy_of_refusal(f"{row.platform}/{row.account}"))
    return "; ".join(parts)
