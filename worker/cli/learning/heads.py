"""`python -m worker.learning`: learn from tests and people's choices, and use what was learned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.assets import operator_name
from worker.cli.database import open_database
from worker.cli.listing import Listing
from worker.cli.output import fields_of, print_answer, print_json
from worker.cli.parameters import (
    Timestamp,
    account_option,
    json_option,
    limit_option,
    platform_option,
    split_account,
)
from worker.database import transaction
from worker.errors import HeadRefused
from worker.learning import explain, heads, stored_heads
from worker.settings import get_settings
from worker.storage.pictures import Pictures
from worker.text import printable

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import RenderableType

    from worker.database.learning import Head

_FIELDS = (
    "id platform account model state parent_id replaces_id trained_on report at who shipped_at shipped_by"
    " retired_at retired_because"
)
_STYLES = {"passed": "green", "shipped": "bold green", "refused": "yellow"}
head_argument = click.argument("head_id", metavar="HEAD", type=click.IntRange(min=1))


@click.group()
def learning_group() -> None:
    """Learn from tests and from people's choices which frames viewers like.

    What was learned decides only among frames that are about equally good, and only once `ship` puts it into
    use.
    """


@learning_group.command("train")
@platform_option
@account_option
@click.option(
    "--model", metavar="MODEL", help="Whose vectors it reads, as `list` names it; by default the newest."
)
@click.option("--since", type=Timestamp(), metavar="TIME", help="Learn only from what is newer.")
@json_option
def train_command(
    platform: str | None, account: str | None, model: str | None, since: datetime | None, *, as_json: bool
) -> None:
    """Train a head on all tests and choices.

    With --account, one for that account alone, which needs 400 videos of its own.
    """
    platform, account = split_account(platform, account)
    if platform and not account:
        raise click.UsageError("a head is for one account, or for all: add --account NAME")
    own = (platform, account) if platform and account else None
    with open_database() as engine:
        head = stored_heads.train(engine, operator_name(), model, own, since)
    on = head.trained_on
    says = (
        f"head {head.id} for {heads.scope_of(head)} is trained on {on['tests']} tests and {on['choices']} "
        f"choices of people; judge it: python -m worker.learning evaluate {head.id}"
    )
    print_answer(_document(head), [Text(says)], as_json=as_json)


@learning_group.command("evaluate")
@head_argument
@json_option
def evaluate_command(head_id: int, *, as_json: bool) -> None:
    """Judge a head on tests and choices that are newer than what it was trained on.

    What is judged is trained on the older 70 % of its examples. Each evaluation on the same data has to be
    surer than the one before.
    """
    with open_database() as engine:
        head = stored_heads.evaluate(engine, head_id)
    print_answer(_document(head), _report(head), as_json=as_json)


@learning_group.command("ship")
@head_argument
@json_option
def ship_command(head_id: int, *, as_json: bool) -> None:
    """Put a head that passed into use, from the next run on."""
    with open_database() as engine, transaction(engine) as session:
        head = heads.ship(session, head_id, operator_name())
    says = f"head {head.id} is in use for {heads.scope_of(head)}"
    print_answer(_document(head), [Text(says, "green")], as_json=as_json)


@learning_group.command("rollback")
@click.argument("head_id", metavar="[HEAD]", type=click.IntRange(min=1), required=False)
@click.option("--why", metavar="TEXT", required=True, help="The reason, for the history.")
@json_option
def rollback_command(head_id: int | None, why: str, *, as_json: bool) -> None:
    """Take a head out of use; what it replaced is in use again.

    HEAD may be left out where only one is in use.
    """
    with open_database() as engine, transaction(engine) as session:
        head_id = _only_one(heads.in_use(session)) if head_id is None else head_id
        before = heads.roll_back(session, operator_name(), why, head_id=head_id)
        head = heads.find(session, head_id)
    instead = "the order by hand" if before is None else f"head {before.id}"
    if before is None and head.account is not None:
        instead = "what all accounts have"
    says = f"head {head_id} is out of use; {instead} is in use again"
    print_answer(_document(head) | {"in_use": before and before.id}, [Text(says)], as_json=as_json)


@learning_group.command("list")
@limit_option
@json_option
def list_command(limit: int, *, as_json: bool) -> None:
    """List heads, newest first, and say whether there is enough to learn from."""
    with open_database() as engine, transaction(engine) as session:
        found, ready = heads.list_heads(session, limit=limit), heads.readiness(session)
    table = Listing("head", "for", "state", "trained", "model", "says")
    for head in found:
        state, model = Text(head.state, _STYLES.get(head.state, "")), printable(head.model)
        says = head.retired_because or (head.report or {}).get("says", "not judged yet")
        table.add_row(
            str(head.id), heads.scope_of(head), state, f"{head.at:%Y-%m-%d %H:%M}", model, printable(says)
        )
    document = {
        "heads": [_document(head) for head in found],
        "readiness": ready._asdict() | {"says": str(ready), "is_enough": ready.is_enough},
    }
    print_answer(document, [*([table] if found else []), Text(f"to learn from: {ready}")], as_json=as_json)


@learning_group.command("explain")
@head_argument
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the page goes; head-HEAD.html by default.",
)
@json_option
def explain_command(head_id: int, out: Path | None, *, as_json: bool) -> None:
    """Write a page with the stored frames that a head likes best and least.

    With --json, their ids are printed, and no page is written.
    """
    with open_database() as engine:
        head, found = stored_heads.nearest_frames(engine, head_id)
        if as_json:
            print_json({"head": head_id} | explain.document(found))
            return
        page = explain.render(engine, Pictures.of(get_settings()), head, found)
    file = out or Path(f"head-{head_id}.html")
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(
            f"{file} cannot be written ({error.strerror}): choose another --out"
        ) from error
    click.echo(f"wrote {file}")


def _only_one(used: Any) -> int:
    if len(used) == 1:
        return int(used[0].id)
    if not used:
        raise HeadRefused("no head is in use, so there is nothing to roll back")
    names = ", ".join(f"{head.id} ({heads.scope_of(head)})" for head in used)
    raise HeadRefused(f"several are in use: name one of them: {names}")


def _document(head: Head) -> dict[str, Any]:
    return fields_of(head, _FIELDS)


def _report(head: Head) -> list[RenderableType]:
    report = head.report or {}
    table = Listing("rule", "met", "says")
    for rule in report["rules"]:
        met = Text("yes", "green") if rule["is_met"] else Text("no", "yellow")
        table.add_row(rule["name"], met, rule["says"])
    says = f"head {head.id}: {report['says']}"
    if head.state == "passed":
        says += f"; use it: python -m worker.learning ship {head.id}"
    return [*([table] if report["rules"] else []), Text(says)]
