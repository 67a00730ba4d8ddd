"""`thumbs audit`: what people and programs did."""

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
from worker.database import transaction
from worker.database.models import Asset
from worker.people import audit
from worker.text import format_age, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from rich.console import RenderableType
    from sqlalchemy.orm import Session

    from worker.database.people import AuditEntry

_FIELDS = "id at who via act detail"


@click.command("audit")
@click.argument("name", metavar="[ASSET]", required=False)
@click.option(
    "--who", metavar="NAME", help='Only what was done in this name: an address, "token cms", root@host.'
)
@click.option("--before", "before_id", type=int, metavar="ID", help="Only what is older than this line.")
@limit_option
@json_option
def audit_command(
    name: str | None, who: str | None, before_id: int | None, limit: int, *, as_json: bool
) -> None:
    """List what people did, newest first."""
    with open_database() as engine, transaction(engine) as session:
        asset_id = find(session, name).asset_id if name else None
        found = audit.newest(session, limit + 1, asset_id=asset_id, who=who, before_id=before_id)
        rows = found[:limit]
        names, now = _names(session, rows), database_time(session)
    document = {"entries": [_document(row, names) for row in rows]}
    print_answer(document, _parts(rows, names, now, is_cut=len(found) > limit), as_json=as_json)


def _names(session: Session, rows: Iterable[AuditEntry]) -> dict[int | None, str]:
    ids = {row.asset_id for row in rows if row.asset_id is not None}
    return {one.id: asset_name(one) for one in session.query(Asset).where(Asset.id.in_(ids))}


def _document(row: AuditEntry, names: Mapping[int | None, str]) -> dict[str, Any]:
    """Write for a program; the asset is null where it was done to none."""
    return fields_of(row, _FIELDS) | {"asset": names.get(row.asset_id)}


def _parts(
    rows: Sequence[AuditEntry], names: Mapping[int | None, str], now: datetime, *, is_cut: bool
) -> list[RenderableType]:
    table = Listing("ago", "act", "who", "via", "asset", "says")
    for row in rows:
        table.add_row(
            format_age(now - row.at),
            printable(row.act),
            printable(row.who),
            row.via,
            printable(names.get(row.asset_id, "")),
            printable(_sentence(row.detail)),
        )
    if not rows:
        return [Text("nothing was done yet")]
    return [table, *([Text(f"--before {rows[-1].id} lists what is older", "dim")] if is_cut else [])]


def _sentence(detail: Mapping[str, Any]) -> str:
    """Write what else is known of an act, e.g. "email: anna@example.com; roles: editor"."""
    return "; ".join(f"{name.replace('_', ' ')}: {_value(value)}" for name, value in detail.items())


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
