"""`thumbs sync`: compare a platform's list of videos with what is known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.backfill import ReconcileRequest, reconcile_accounts
from worker.cli import INTERRUPTED
from worker.cli.database import open_database
from worker.cli.output import print_answer
from worker.cli.parameters import Duration, json_option
from worker.errors import PlatformUnavailable
from worker.inbox.reconcile import ReconcileStatus
from worker.local import terminal
from worker.settings import get_settings
from worker.text import format_age, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.admin.backfill import SyncOutcome


@click.command()
@click.option("--platform", required=True, metavar="NAME", help="Whose list of videos to read, e.g. mux.")
@click.option("--account", metavar="NAME", help="Only this account; without it, all of the platform's.")
@click.option(
    "--since", type=Duration(), metavar="7d", help="Only videos made within this time.  [default: 7d]"
)
@click.option("--all", "is_all", is_flag=True, help="The whole library; new videos still go first.")
@click.option("--resume", "page", metavar="PAGE", help="Continue where an earlier run was stopped.")
@json_option
def sync_command(
    platform: str,
    account: str | None,
    since: timedelta | None,
    page: str | None,
    *,
    is_all: bool,
    as_json: bool,
) -> None:
    """Find videos that no webhook announced."""
    if since is not None and is_all:
        raise click.UsageError("give --since or --all, not both")
    wanted = ReconcileRequest(platform, account, since, page, is_all=is_all)
    with open_database() as engine, terminal.counting(platform) as on_progress:
        outcomes = reconcile_accounts(engine, wanted, get_settings(), on_progress)
    print_answer(_document(outcomes), _sentences(outcomes), as_json=as_json)
    raise SystemExit(exit_code(outcomes))


def exit_code(outcomes: Sequence[SyncOutcome]) -> int:
    """Sum up what came of the accounts: 0, all were read; 1, one failed; 130, interrupted."""
    if any(outcome.is_interrupted for outcome in outcomes):
        return INTERRUPTED
    return int(any(outcome.error for outcome in outcomes))


def _document(outcomes: Sequence[SyncOutcome]) -> dict[str, Any]:
    """Write for a program; `resume` is null where nothing is left to do, or all of it."""
    return {
        "accounts": [
            {
                "account": outcome.account,
                "found": {status: outcome.statuses[status] for status in ReconcileStatus},
                "error": str(outcome.error) if outcome.error else None,
                "retry_after_s": getattr(outcome.error, "retry_after_s", None),
                "is_interrupted": outcome.is_interrupted,
                "resume": outcome.resume,
            }
            for outcome in outcomes
        ]
    }


def _sentences(outcomes: Sequence[SyncOutcome]) -> list[Text]:
    """Tell what each account's list held, and how to go on where it was not read to its end."""
    lines = []
    for account, statuses, resume, error, is_interrupted in outcomes:
        counts = [f"{statuses[status]} {status}" for status in ReconcileStatus if statuses[status]]
        videos = "1 video" if statuses.total() == 1 else f"{statuses.total()} videos"
        if not statuses and (error or is_interrupted):
            videos = "nothing was read"
        lines.append(": ".join(filter(None, [account, videos, ", ".join(counts)])))
        if error or is_interrupted:
            # The page is the only thing that another run cannot find out by itself.
            wait_s = error.retry_after_s if isinstance(error, PlatformUnavailable) else None
            patience = f"; it asks to wait {format_age(timedelta(seconds=wait_s))}" if wait_s else ""
            again = f"; go on with --account {account.partition('/')[2]} --resume {resume}" if resume else ""
            lines.append(f"  stopped: {printable(str(error or 'interrupted'))}{patience}{again}")
    return [Text(line) for line in lines]
