"""The operators' commands of `thumbs`. They translate between words and `worker.admin.assets`.

Exit codes: 0, done; 1, nothing matched or the database failed; 2, wrong use or configuration.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from worker.errors import ConfigurationError, PermanentError, RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType
    from sqlalchemy import Engine

STATES = (
    "scheduled",
    "available",
    "running",
    "retryable",
    "completed",
    "discarded",
    "cancelled",
    "superseded",
)
OUTCOMES = ("applied", "ignored")

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d{1,6})([smhd])")


class Duration(click.ParamType[timedelta]):
    """A time span such as 90s, 30m, 24h or 7d."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it; click shows the failure."""
        match = _DURATION.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is no time span: write 90s, 30m, 24h or 7d", param, ctx)
        return timedelta(seconds=int(match[1]) * _UNITS_S[match[2]])


platform_option = click.option("--platform", metavar="NAME", help="Only of this platform, e.g. mux.")
since_option = click.option(
    "--since", type=Duration(), metavar="24h", help="Only what happened within this time."
)
limit_option = click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="The newest so many."
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
)

why_option = click.option("--why", default="", metavar="TEXT", help="The reason, for the history.")


@click.command()
@click.option(
    "--state", "states", type=click.Choice(STATES), multiple=True, help="May be given several times."
)
@platform_option
@since_option
@limit_option
@json_option
def jobs(
    states: tuple[str, ...], platform: str | None, since: timedelta | None, limit: int, *, as_json: bool
) -> None:
    """List jobs, the newest first."""
    from worker.admin import assets  # noqa: PLC0415  heavy
    from worker.cli import json_output as documents  # noqa: PLC0415  heavy
    from worker.cli import tables  # noqa: PLC0415  heavy
    from worker.database import transaction  # noqa: PLC0415  heavy

    with open_database() as engine, transaction(engine) as session:
        rows = assets.list_jobs(session, states, platform, since, limit)
        answer(as_json, documents.of_jobs(rows), tables.of_jobs(rows, assets.now(session)))


@click.command()
@click.argument("name", metavar="ASSET|JOB")
@json_option
def show(name: str, *, as_json: bool) -> None:
    """Show all about an asset, or about one job.

    An asset is written as mux/main/ASSETID, or as its id alone; a job is a number.
    """
    from worker.admin import asset_history, assets  # noqa: PLC0415  heavy
    from worker.cli import json_output as documents  # noqa: PLC0415  heavy
    from worker.cli import show_table  # noqa: PLC0415  heavy
    from worker.database import transaction  # noqa: PLC0415  heavy
    from worker.settings import get_settings  # noqa: PLC0415  heavy

    with open_database() as engine, transaction(engine) as session:
        sheet = asset_history.describe(session, assets.find(session, name))
        url = get_settings().public_url
        answer(as_json, documents.of_sheet(sheet, url), show_table.of_sheet(sheet, url))


@click.command()
@platform_option
@since_option
@click.option(
    "--outcome", "outcomes", type=click.Choice(OUTCOMES), multiple=True, help="May be given several times."
)
@click.option("--asset", metavar="ASSET|JOB", help="Only about this asset.")
@limit_option
@json_option
def events(
    platform: str | None,
    since: timedelta | None,
    outcomes: tuple[str, ...],
    asset: str | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """List the webhooks that came in, the newest first."""
    from worker.admin import assets  # noqa: PLC0415  heavy
    from worker.cli import json_output as documents  # noqa: PLC0415  heavy
    from worker.cli import tables  # noqa: PLC0415  heavy
    from worker.database import transaction  # noqa: PLC0415  heavy

    with open_database() as engine, transaction(engine) as session:
        asset_id = assets.find(session, asset).asset_id if asset else None
        rows = assets.list_events(session, platform, since, outcomes, asset_id, limit)
        answer(as_json, documents.of_events(rows), tables.of_events(rows, assets.now(session)))


@click.command()
@click.argument("names", metavar="[ASSET|JOB]...", nargs=-1)
@click.option("--failed", "is_failed", is_flag=True, help="All whose newest job or write was given up.")
@platform_option
@since_option
@why_option
@click.option(
    "--force-model",
    "model",
    metavar="NAME",
    help="Judge the stored frames anew with this model; waits for a worker that has it, and scans nothing.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be requeued.")
@json_option
def requeue(
    names: tuple[str, ...],
    platform: str | None,
    since: timedelta | None,
    why: str,
    model: str | None,
    *,
    is_failed: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Look again, at once, at named assets or at all that match."""
    from worker.admin import assets  # noqa: PLC0415  heavy
    from worker.cli import json_output as documents  # noqa: PLC0415  heavy
    from worker.cli import tables  # noqa: PLC0415  heavy
    from worker.settings import get_settings  # noqa: PLC0415  heavy

    filters = assets.Filters(is_failed=is_failed, since=since, platform=platform)
    if bool(names) == (filters != assets.Filters()):
        raise click.UsageError("name assets or jobs, or choose them by --failed, --since or --platform")
    with open_database() as engine:
        outcomes = assets.requeue(
            engine, names or filters, why, get_settings(), model=model, is_dry_run=dry_run
        )
    answer(as_json, documents.of_requeueings(outcomes), tables.of_requeueings(outcomes))
    raise SystemExit(not assets.has_effect(outcomes))


@click.command()
@json_option
def migrate(*, as_json: bool) -> None:
    """Bring the database's tables up to date."""
    from worker.admin import assets  # noqa: PLC0415  heavy
    from worker.cli import json_output as documents  # noqa: PLC0415  heavy
    from worker.cli import tables  # noqa: PLC0415  heavy

    with open_database() as engine:
        migration = assets.migrate_tables(engine.url.render_as_string(hide_password=False))
    answer(as_json, documents.of_migration(migration), tables.of_migration(migration))


@contextmanager
def open_database() -> Iterator[Engine]:
    """Yield the engine; what goes wrong with it, is refused or is not found becomes one sentence."""
    from psycopg.errors import UndefinedColumn, UndefinedTable  # noqa: PLC0415  heavy
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415  heavy

    from worker import database  # noqa: PLC0415  heavy
    from worker.admin.assets import NotFound  # noqa: PLC0415  heavy
    from worker.settings import get_settings  # noqa: PLC0415  heavy
    from worker.standalone import servers  # noqa: PLC0415  heavy

    # Beside a `thumbs up` in the same folder, its own database is meant.
    own = (
        None
        if get_settings().database_url
        else servers.running_postgres(get_settings().data_dir / "postgres")
    )
    engine = database.make_engine(own) if own else database.get_engine()
    try:
        yield engine
    except (NotFound, PermanentError, RequestError) as error:
        raise click.ClickException(str(error)) from error
    except DBAPIError as error:
        if isinstance(error.orig, (UndefinedTable, UndefinedColumn)):
            raise ConfigurationError(
                "the database's tables are not up to date: run `thumbs migrate`"
            ) from error
        reason = str(error.orig).partition("\n")[0]
        raise click.ClickException(f"the database does not answer: {reason}") from error
    finally:
        engine.dispose()


def answer(as_json: bool, document: dict[str, Any], tables: Sequence[RenderableType]) -> None:
    """Print one of the two."""
    from worker.cli import json_output  # noqa: PLC0415  heavy
    from worker.cli import tables as operate_tables  # noqa: PLC0415  heavy

    if as_json:
        click.echo(json_output.render(document))
    else:
        operate_tables.show(tables)
