"""`thumbs judge`: what judges were measured to be worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.cli.database import open_database
from worker.cli.lazy import LazyCommand, LazyGroup
from worker.cli.listing import Listing
from worker.cli.output import fields_of, print_answer
from worker.cli.parameters import json_option, limit_option
from worker.database import transaction
from worker.judge import kept_checks
from worker.judge.checks import FIELDS, list_checks, spent_today
from worker.judge.prompt import PROMPT_VERSION
from worker.settings import get_settings
from worker.standalone.servers import running_postgres
from worker.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STYLES = {"lead": "bold green", "ties": "green", "veto": "yellow", "nothing": "red"}


@click.group(
    "judge",
    cls=LazyGroup,
    commands=(
        LazyCommand(
            "check",
            "worker.cli.learning.judge_check:check_command",
            "Measure on judged frames what the judge may decide.",
            needs=("worker",),
        ),
    ),
)
def judge_group() -> None:
    """Measure what a judge may decide, and list what was measured."""


@judge_group.command("list")
@limit_option
@json_option
def list_command(limit: int, *, as_json: bool) -> None:
    """List checks of judges, newest first, and what was asked of them today.

    The newest check of a judge counts, as long as its model, its prompt, JUDGE_PICTURES, JUDGE_READINGS and
    our model are still the same.
    """
    settings = get_settings()
    if settings.database_url or running_postgres(settings.data_dir / "postgres"):
        with open_database() as engine, transaction(engine) as session:
            checks = [
                fields_of(one, FIELDS) | {"at": one.at.isoformat(timespec="seconds")}
                for one in list_checks(session, limit)
            ]
            today = spent_today(session)._asdict() | {"budget": settings.judge_budget}
    else:
        checks, today = kept_checks.kept()[:limit], None
    print_answer({"checks": checks, "today": today}, _parts(checks, today), as_json=as_json)


def _parts(checks: Sequence[Mapping[str, Any]], today: Mapping[str, int] | None) -> list[Any]:
    parts: list[Any] = [_table(checks)] if checks else [Text("no judge was measured: `thumbs judge check`")]
    if today is not None:
        of = f"of {today['budget']:,} " if today["budget"] else ""
        tokens = f"{today['prompt_tokens']:,} + {today['answer_tokens']:,} tokens"
        parts.append(Text(f"today (UTC): {today['requests']:,} {of}requests, {tokens}"))
    return parts


def _table(checks: Sequence[Mapping[str, Any]]) -> Listing:
    table = Listing("checked", "who", "judge", "say", "asked", "server", "says")
    for check in checks:
        says = check["report"].get("says", "")
        if check["prompt_version"] != PROMPT_VERSION:
            says = f"counts no more, since the prompt is another one now; {says}"
        table.add_row(
            check["at"][:16].replace("T", " "),
            printable(check["who"]),
            printable(check["model"]),
            Text(check["say"], _STYLES.get(check["say"], "")),
            f"{check['pictures']} pictures, {check['readings']} readings",
            printable(check["url"]),
            printable(says),
        )
    return table
