"""`thumbs sync`. It translates between words and `worker.admin.backfill`.

Exit codes: 0, done; 1, a platform or the database failed; 2, wrong use or configuration; 130, interrupted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from worker.cli.operate import Duration, answer, json_option, open_database

if TYPE_CHECKING:
    from datetime import timedelta


@click.command()
@click.option("--platform", required=True, metavar="NAME", help="Whose list of videos to read, e.g. mux.")
@click.option("--account", metavar="NAME", help="Only of this account; all of the platform's without it.")
@click.option(
    "--since", type=Duration(), metavar="7d", help="Only videos made within this time.  [default: 7d]"
)
@click.option(
    "--all", "is_all", is_flag=True, help="The whole library; new videos go first, whatever is found."
)
@click.option("--resume", "page", metavar="PAGE", help="Go on where an earlier run was stopped.")
@json_option
def sync(
    platform: str,
    account: str | None,
    since: timedelta | None,
    page: str | None,
    *,
    is_all: bool,
    as_json: bool,
) -> None:
    """Find videos that no webhook told of."""
    from worker.admin import backfill  # noqa: PLC0415  heavy
    from worker.cli import json_output as documents  # noqa: PLC0415  heavy
    from worker.cli import tables  # noqa: PLC0415  heavy
    from worker.local import terminal  # noqa: PLC0415  heavy
    from worker.settings import get_settings  # noqa: PLC0415  heavy

    if since is not None and is_all:
        raise click.UsageError("give --since or --all, not both")
    wanted = backfill.Wanted(platform, account, since, page, is_all=is_all)
    with open_database() as engine, terminal.counting(platform) as show:
        outcomes = backfill.run(engine, wanted, get_settings(), show)
    answer(as_json, documents.of_syncs(outcomes), tables.of_syncs(outcomes))
    raise SystemExit(backfill.exit_code(outcomes))
