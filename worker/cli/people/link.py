"""`thumbs link`: a link that opens one asset on the pages, for whoever has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.assets import database_time
from worker.admin.find import asset_name, find
from worker.cli.database import open_database
from worker.cli.listing import Listing
from worker.cli.output import fields_of, print_answer
from worker.cli.parameters import json_option, limit_option
from worker.cli.people.parameters import as_lifetime, days_option, operator, page_parts, page_url
from worker.database import transaction
from worker.database.models import Asset
from worker.database.states import Role
from worker.people import links
from worker.text import format_age, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from worker.database.people import AssetLink
    from worker.people.links import Linked

_FIELDS = "id role created_at created_by expires_at"


@click.command("link")
@click.argument("name", metavar="[ASSET]", required=False)
@click.option(
    "--role",
    type=click.Choice([role.value for role in links.ROLES]),
    default=Role.VIEWER.value,
    show_default=True,
    help="editor: whoever has the link may choose, too.",
)
@days_option(links.LIFETIME.days, 365, "The link opens")
@click.option("--list", "is_listed", is_flag=True, help="List the links that open it, or any asset.")
@click.option("--revoke", "number", type=click.IntRange(min=1), metavar="NUMBER", help="End this link.")
@limit_option
@json_option
def link_command(
    name: str | None, role: str, days: int, number: int | None, limit: int, *, is_listed: bool, as_json: bool
) -> None:
    """Print a link that opens one asset, without a sign-in.

    Whoever has it sees that asset's page and no other.
    """
    if number is not None and (name or is_listed):
        raise click.UsageError("`--revoke NUMBER` stands alone: it names the link already")
    if number is not None:
        _revoke(number, as_json=as_json)
    elif is_listed:
        _print_list(name, limit, as_json=as_json)
    elif name is None:
        raise click.UsageError("name the asset that the link is to open, or write --list or --revoke NUMBER")
    else:
        _make(name, Role(role), days, as_json=as_json)


def _make(name: str, role: Role, days: int, *, as_json: bool) -> None:
    with open_database() as engine, transaction(engine) as session:
        asset = session.get_one(Asset, find(session, name).asset_id)
        made = links.make(session, operator(), asset, role, as_lifetime(days))
    print_answer(_made_document(made, asset), _made_parts(made, asset), as_json=as_json)


def _revoke(number: int, *, as_json: bool) -> None:
    with open_database() as engine, transaction(engine) as session:
        links.revoke(session, operator(), number)
    print_answer({"id": number, "state": "revoked"}, [Text(f"link {number}: revoked")], as_json=as_json)


def _print_list(name: str | None, limit: int, *, as_json: bool) -> None:
    with open_database() as engine, transaction(engine) as session:
        asset_id = find(session, name).asset_id if name else None
        rows, now = links.list_open(session, limit, asset_id), database_time(session)
    document = {"links": [_document(link, asset) for link, asset in rows]}
    print_answer(document, _parts(rows, now), as_json=as_json)


def _document(link: AssetLink, asset: Asset) -> dict[str, Any]:
    return {"asset": asset_name(asset)} | fields_of(link, _FIELDS)


def _made_document(made: Linked, asset: Asset) -> dict[str, Any]:
    return _document(made.link, asset) | {"url": page_url(links.path_of(made.token))}


def _made_parts(made: Linked, asset: Asset) -> list[Text]:
    link = made.link
    until = f"opens until {link.expires_at:%Y-%m-%d %H:%M} UTC; `thumbs link --revoke {link.id}` ends it"
    return [
        Text(f"link {link.id}, {link.role} of {printable(asset_name(asset))}"),
        *page_parts(links.path_of(made.token), until),
    ]


def _parts(rows: Sequence[tuple[AssetLink, Asset]], now: datetime) -> list[RenderableType]:
    table = Listing("link", "role", "ends", "asset", "says")
    for link, asset in rows:
        made = f"made by {printable(link.created_by)} {format_age(now - link.created_at)} ago"
        table.add_row(
            str(link.id), link.role, format_age(now - link.expires_at), printable(asset_name(asset)), made
        )
    return [table if rows else Text("no link is open")]
