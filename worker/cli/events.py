"""`thumbs events`: list webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.assets import database_time, list_events
from worker.admin.find import asset_name, find
from worker.cli.database import open_database, require_known
from worker.cli.listing import Listing
from worker.cli.output import coloured, fields_of, print_answer
from worker.cli.parameters import asset_option, json_option, limit_option, platform_option, since_option
from worker.database import transaction
from worker.database.states import EventOutcome
from worker.text import format_age, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from rich.console import RenderableType

    from worker.admin.assets import EventLine

# Attributes of the row, under which names the JSON document has them: fields may be added, none renamed.
_EVENT_FIELDS = "id platform account type kind delivery_id happened_at received_at outcome detail"


@click.command()
@platform_option
@since_option
@click.option(
    "--outcome",
    "outcomes",
    type=click.Choice([outcome.value for outcome in EventOutcome]),
    multiple=True,
    help="May be given several times.",
)
@click.option(
    "--type",
    "types",
    metavar="TYPE",
    multiple=True,
    help="As the platform names it, e.g. video.asset.ready; erasures are thumbs.erased. May be given often.",
)
@asset_option
@limit_option
@json_option
def events_command(
    platform: str | None,
    since: timedelta | None,
    outcomes: tuple[str, ...],
    types: tuple[str, ...],
    asset: str | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """List the received webhooks, newest first."""
    with open_database() as engine, transaction(engine) as session:
        require_known(session, platform)
        asset_id = find(session, asset).asset_id if asset else None
        events = list_events(session, platform, since, outcomes, asset_id, limit, types=types)
        now = database_time(session)
    print_answer(_document(events), _table(events, now), as_json=as_json)


def _document(lines: Sequence[EventLine]) -> dict[str, Any]:
    return {
        "events": [
            {"asset": asset_name(asset) if asset else None} | fields_of(event, _EVENT_FIELDS)
            for event, asset in lines
        ]
    }


def _table(lines: Sequence[EventLine], now: datetime) -> list[RenderableType]:
    table = Listing("event", "came", "type", "asset", "outcome", "says")
    for event, asset in lines:
        table.add_row(
            str(event.id),
            f"{format_age(now - event.received_at)} ago",
            printable(event.type),
            printable(asset_name(asset)) if asset else f"{event.platform}/{event.account}",
            coloured(event.outcome),
            printable(event.detail),
        )
    return [table if lines else Text("no such events")]
