"""`thumbs picks`: what the customer's own systems were told, and sending it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.assets import database_time
from worker.admin.resend import Resent, ToldFilters, check_addresses, find_told, resend
from worker.cli.database import open_database, require_known
from worker.cli.listing import Listing
from worker.cli.output import coloured, fields_of, print_answer
from worker.cli.parameters import Timestamp, account_option, json_option, platform_option, split_account
from worker.database import transaction
from worker.local import terminal
from worker.settings import get_settings
from worker.text import clock, format_age, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from worker.admin.resend import NewestMessage

# Attributes, under which names the JSON document has them: fields may be added, none renamed.
_FIELDS = "asset state at time_s outcome"


@click.command()
@click.argument("names", metavar="[ASSET|JOB]...", nargs=-1)
@click.option("--resend", "is_resent", is_flag=True, help="Send them again; without it they are only listed.")
@click.option(
    "--since",
    type=Timestamp(),
    metavar="TIME",
    help="Only those told from this time on: 2026-11-28T03:00Z, or 26h for so long ago.",
)
@platform_option
@account_option
@click.option("--dry-run", is_flag=True, help="Only say what would be sent again.")
@json_option
def picks_command(
    names: tuple[str, ...],
    since: datetime | None,
    platform: str | None,
    account: str | None,
    *,
    is_resent: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """List what your own systems were told of picks; send it again.

    That is what PICKS_URL and PICTURES_URL get: the newest pick of each video that no platform takes a
    thumbnail for. It is sent under the id that it had, so who has it knows it; workers send it as soon as
    they have nothing newer to send.
    """
    platform, account = split_account(platform, account)
    wanted = ToldFilters(since, platform, account, names)
    if is_resent and wanted == ToldFilters():
        raise click.UsageError("name assets or jobs, or choose them by --since, --platform or --account")
    settings = get_settings()
    check_addresses(settings)
    with open_database() as engine:
        with transaction(engine) as session:
            require_known(session, platform, account)
        with terminal.counting("messages") as on_progress:
            found = list(find_told(engine, wanted, settings, on_progress))
        if is_resent and not dry_run:
            with terminal.counting("sent again") as on_progress:
                for number, told in enumerate(found, start=1):
                    found[number - 1] = resend(engine, told)
                    on_progress(number, len(found))
        with transaction(engine) as session:
            now = database_time(session)
    print_answer(_document(found), _parts(found, now, is_resent=is_resent), as_json=as_json)
    raise SystemExit(not found)


def _document(found: Sequence[NewestMessage]) -> dict[str, Any]:
    """Write for a program; the outcome is null where nothing was sent again."""
    return {"picks": [fields_of(told, _FIELDS) for told in found]}


def _parts(found: Sequence[NewestMessage], now: datetime, *, is_resent: bool) -> list[RenderableType]:
    if not found:
        return [Text("nothing was told that matches")]
    table = Listing("asset", "shown", "state", "ago", *(["says"] if is_resent else []))
    for told in found:
        would = Resent.WAITING if told.is_open else "would be sent again"
        says = [told.outcome or would] if is_resent else []
        state = coloured(told.state)
        age = format_age(now - told.at)
        table.add_row(printable(told.asset), clock(told.time_s), state, age, *says)
    return [table]
