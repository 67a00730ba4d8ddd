"""`thumbs adopt`: take what platforms show for ours, after an older backup was restored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.adopt import adopt_all, look_for_ours
from worker.cli.database import open_database
from worker.cli.output import print_answer
from worker.cli.parameters import Timestamp, confirm, json_option, platform_option, yes_option
from worker.local import terminal
from worker.settings import get_settings
from worker.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from worker.admin.adopt import AccountFindings


@click.command()
@click.option(
    "--since",
    type=Timestamp(),
    required=True,
    metavar="TIME",
    help="When the backup was made: 2026-11-28T03:00Z, or 26h for so long ago.",
)
@platform_option
@click.option(
    "--undated", "with_undated", is_flag=True, help="Also those that may be from before the backup."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be taken for ours.")
@yes_option
@json_option
def adopt_command(
    since: datetime,
    platform: str | None,
    *,
    with_undated: bool,
    dry_run: bool,
    is_sure: bool,
    as_json: bool,
) -> None:
    """Take what platforms show for ours, once a backup was restored.

    Only those that were found to be somebody else's since then. Those that differ from what the backup knows
    we wrote are listed, too: when they were set nobody knows, and with --undated they are taken. Later runs
    may replace what was taken.
    """
    with open_database() as engine:
        with terminal.counting("videos") as on_progress:
            findings = look_for_ours(engine, since, get_settings(), on_progress, platform)
        listed = [one for account in findings for one in account.assets]
        found = [one for one in listed if one.is_dated or with_undated]
        done = 0
        if found and not dry_run:
            if not is_sure:
                click.echo("\n".join(_lines(findings)), err=True)
            confirm(f"take these {len(found)} for ours?", is_sure=is_sure)
            with terminal.counting("adopted") as on_progress:
                done = adopt_all(engine, found, on_progress)
    summary = f"{len(found)} would be adopted" if dry_run else f"{done} of {len(found)} adopted"
    lines = [*_lines(findings), summary if found else "nothing to adopt"]
    if left := len(listed) - len(found):
        lines.append(f"{left} left out, which may have been set before the backup; --undated takes them, too")
    print_answer(_document(findings, done), [Text(line) for line in lines], as_json=as_json)
    raise SystemExit(any(account.error for account in findings))


def _document(findings: Sequence[AccountFindings], done: int) -> dict[str, Any]:
    """Write for a program; the error is null where a list was read to its end."""
    return {
        "adopted": done,
        "accounts": [
            {
                "account": account.account,
                "assets": [
                    {
                        "asset": f"{account.account}/{one.external_id}",
                        "shown": one.shown,
                        "written": one.written,
                        "is_yielded": one.is_yielded,
                        "is_dated": one.is_dated,
                    }
                    for one in account.assets
                ],
                "error": str(account.error) if account.error else None,
            }
            for account in findings
        ],
    }


def _lines(findings: Sequence[AccountFindings]) -> Iterator[str]:
    for account in findings:
        for one in account.assets:
            knew = f"we knew of {one.written}" if one.written else "we knew of none of ours"
            again = "; our write is looked at again" if one.is_yielded else ""
            when = "" if one.is_dated else "; set before or after the backup"
            yield printable(f"{account.account}/{one.external_id}: shows {one.shown}, {knew}{again}{when}")
        if account.error:
            yield printable(f"{account.account}: stopped: {account.error}; run it again")
