"""`thumbs requeue`: look again at assets."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.assets import operator
from worker.admin.find import asset_name
from worker.admin.matching import Filters
from worker.admin.requeue import check_model, has_effect, requeue_assets
from worker.cli.database import open_database, require_known
from worker.cli.output import fields_of, print_answer, print_parts
from worker.cli.parameters import json_option, platform_option, since_option, why_option
from worker.database import transaction
from worker.errors import UnknownModel
from worker.local import terminal
from worker.settings import get_settings
from worker.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from worker.admin.assets import Requeueing


@click.command()
@click.argument("names", metavar="[ASSET|JOB]...", nargs=-1)
@click.option(
    "--failed", "is_failed", is_flag=True, help="All assets whose newest job or write was given up."
)
@platform_option
@since_option
@why_option
@click.option(
    "--force-model",
    "model",
    metavar="NAME",
    help="Score the stored frames again with this model, without a new scan; waits for a worker that has it.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be requeued.")
@json_option
def requeue_command(
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
    """Look at assets again, at once: those named, or all that match."""
    filters = Filters(is_failed=is_failed, since=since, platform=platform)
    # Either names or filters: neither would mean every asset, and both would leave open which of them counts.
    if bool(names) == (filters != Filters()):
        wrong = "name assets or jobs, or choose them by --failed, --since or --platform"
        raise click.UsageError("; ".join([wrong, *_wrong_model(model)]))
    # On a terminal, the lines of assets show by themselves how far it is.
    is_line_by_line = not as_json and sys.stdout.isatty()
    with open_database() as engine, terminal.counting("assets", is_hidden=is_line_by_line) as on_progress:
        with transaction(engine) as session:
            require_known(session, platform)
        requeueings = requeue_assets(
            engine,
            names or filters,
            operator(),
            why,
            get_settings(),
            model=model,
            is_dry_run=dry_run,
            on_progress=on_progress,
        )
        outcomes = list(requeueings if as_json else _print_each(requeueings))
    if as_json or not outcomes:
        print_requeueings(outcomes, as_json=as_json)
    raise SystemExit(not has_effect(outcomes))


def _wrong_model(model: str | None) -> Iterator[str]:
    """Say what is wrong with the model, too, so that a command need not be mended twice."""
    if model is not None:
        with open_database() as engine, transaction(engine) as session:
            try:
                check_model(session, model, get_settings())
            except UnknownModel as error:
                yield str(error)


def print_requeueings(outcomes: Sequence[Requeueing], *, as_json: bool) -> None:
    """Tell what became of each asset."""
    print_answer(_document(outcomes), _sentences(outcomes), as_json=as_json)


def _print_each(requeueings: Iterator[Requeueing]) -> Iterator[Requeueing]:
    """Print each as it comes, so that an interruption leaves the list of what was done."""
    for requeueing in requeueings:
        print_parts(_sentences([requeueing]))
        yield requeueing


def _document(outcomes: Sequence[Requeueing]) -> dict[str, Any]:
    """Write for a program; the outcome is null in a dry run."""
    return {
        "assets": [
            {"asset": asset_name(one.asset)} | fields_of(one, "outcome model lifted") for one in outcomes
        ]
    }


def _sentences(outcomes: Sequence[Requeueing]) -> list[Text]:
    lines = [f"{printable(asset_name(one.asset))}: {_outcome(one)}" for one in outcomes]
    return [Text(line) for line in lines or ["nothing matches"]]


def _outcome(one: Requeueing) -> str:
    said = one.outcome or "would be requeued"
    if one.model:
        said += f", for {printable(one.model)}"
    return f"{said}; no longer for {printable(one.lifted)}" if one.lifted else said
