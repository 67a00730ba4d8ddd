"""`thumbs test start`: start a test of one video, or of all of an account."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.assets import operator
from worker.admin.find import asset_name, find
from worker.cli.database import open_database, require_known
from worker.cli.output import fields_of, print_answer
from worker.cli.parameters import json_option, split_account, why_option
from worker.cli.trials.show import TRIAL_FIELDS
from worker.database import transaction
from worker.database.models import Asset
from worker.database.states import TrialKind, TrialMetric
from worker.local import terminal
from worker.people import audit
from worker.settings import get_settings
from worker.text import clock, printable
from worker.trials import prospects, starting
from worker.trials.accounts import in_bulk, traffic
from worker.trials.arms.variants import MAX_VARIANTS, MIN_VARIANTS
from worker.trials.refused import TrialRefused
from worker.trials.running import variants_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

    from worker.database.models import Thumbnail
    from worker.database.trials import Trial, Variant
    from worker.trials.prospects import Prospect

_PROSPECT_FIELDS = "variants days rate daily_impressions is_own impressions_needed days_needed said objection"


@click.command("start")
@click.argument("name", metavar="[ASSET|JOB]", required=False)
@click.option("--account", metavar="PLATFORM/ACCOUNT", help="All of an account that can be tested.")
@click.option(
    "--variants",
    "count",
    type=click.IntRange(MIN_VARIANTS, MAX_VARIANTS),
    default=MIN_VARIANTS,
    show_default=True,
    help="How many pictures are compared: what is shown now, and the best that differ.",
)
@click.option(
    "--days", type=click.IntRange(7, 180), help="The longest that it goes on; TEST_DAYS without it."
)
@click.option(
    "--metric",
    type=click.Choice([metric.value for metric in TrialMetric]),
    default=TrialMetric.PLAYS.value,
    show_default=True,
    help="What is compared: how many play, or how long they watch.",
)
@click.option("--slots", "is_by_days", is_flag=True, help="Show each picture to all, for whole days.")
@click.option("--from-choice", is_flag=True, help="Test your choice against the best pick; it is released.")
@click.option("--anyway", is_flag=True, help="Also where it can hardly tell anything.")
@click.option("--dry-run", is_flag=True, help="Only say what would be tested.")
@why_option
@json_option
def start_command(
    name: str | None,
    account: str | None,
    count: int,
    days: int | None,
    metric: str,
    why: str,
    *,
    is_by_days: bool,
    from_choice: bool,
    anyway: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Start a test: each viewer is shown one of the pictures.

    It says first how many impressions it takes to tell 20 % apart, and how many days that may be.
    """
    if (name is None) == (account is None):
        raise click.UsageError("name either an asset, or an account by --account")
    if account is not None and (is_by_days or from_choice):
        raise click.UsageError("--slots and --from-choice are for one asset: name it")
    kind = TrialKind.SLOTS if is_by_days else TrialKind.VIEWERS
    wanted = in_bulk.TrialPlan(count, days, TrialMetric(metric), why, kind, from_choice)
    start = _start_account if name is None else _start_one
    with open_database() as engine:
        start(engine, name or account or "", wanted, anyway=anyway, dry_run=dry_run, as_json=as_json)


def _start_one(
    engine: Engine, name: str, wanted: in_bulk.TrialPlan, *, anyway: bool, dry_run: bool, as_json: bool
) -> None:
    """Say what a test of a video promises, and start it."""
    settings, actor = get_settings(), operator()
    how: dict[str, Any] = {"kind": wanted.kind, "count": wanted.variants, "from_choice": wanted.from_choice}
    with transaction(engine) as session:
        asset_id = find(session, name).asset_id
        asset = session.get_one(Asset, asset_id, with_for_update=True, populate_existing=True)
        told = prospects.prospect(
            session, asset, settings, count=wanted.variants, days=wanted.days, kind=wanted.kind
        )
        pictures: Sequence[Thumbnail | Variant] = starting.variants_for(session, asset, settings, **how)
        if not as_json:
            click.echo(told.said)
        _object(told, anyway=anyway)
        test = None
        if not dry_run:
            test = starting.start(
                session, asset, actor.name, settings, metric=wanted.metric, days=wanted.days, **how
            )
            audit.note(session, actor, in_bulk.START, asset.id, test=test.id, why=wanted.why)
            pictures = variants_of(session, test.id)
        moments = " against ".join(clock(one.time_s) for one in pictures)
        document = {
            "asset": asset_name(asset),
            "pictures": [fields_of(one, "time_s sha256") for one in pictures],
            "prospect": fields_of(told, _PROSPECT_FIELDS),
            "test": fields_of(test, TRIAL_FIELDS) if test is not None else None,  # null in a dry run
        }
        said = f"{printable(asset_name(asset))}: {_outcome(test, moments)}"
    print_answer(document, [Text(said)], as_json=as_json)


def _outcome(trial: Trial | None, moments: str) -> str:
    if trial is None:
        return f"would test {moments}"
    return f"test {trial.id} of {moments}, until {trial.ends_at:%Y-%m-%d} at the latest"


def _object(told: Prospect, *, anyway: bool) -> None:
    """Refuse what can hardly tell anything, unless the operator wants it all the same."""
    if told.objection is not None and not anyway:
        raise TrialRefused(f"{told.objection}; or start it with --anyway")


def _start_account(
    engine: Engine, name: str, wanted: in_bulk.TrialPlan, *, anyway: bool, dry_run: bool, as_json: bool
) -> None:
    """Start a test of each video of an account that can be tested."""
    settings = get_settings()
    platform, account = split_account(None, name)
    if platform is None or account is None:
        raise click.UsageError("write the account with its platform: --account mux/main")
    with transaction(engine) as session:
        require_known(session, platform, account)
        known = traffic.of_account(session, platform, account)
    told = prospects.expected(known, wanted.variants, wanted.days or settings.test_days)
    if not as_json:
        click.echo(told.said)
    _object(told, anyway=anyway)
    refused: collections.Counter[str] = collections.Counter()
    with terminal.counting("videos") as on_progress:
        started = in_bulk.start_all(
            engine,
            (platform, account),
            wanted,
            operator(),
            settings,
            is_dry_run=dry_run,
            on_progress=on_progress,
        )
        names = list(_names(started, refused))
    verb = "would be tested" if dry_run else "tests started"
    lines = [f"{len(names)} {verb}", *(f"not {number}: {why}" for why, number in refused.most_common())]
    document = {
        "account": f"{platform}/{account}",
        "prospect": fields_of(told, _PROSPECT_FIELDS),
        "assets": names,
        "refused": dict(refused),
    }
    print_answer(document, [Text(line) for line in lines], as_json=as_json)
    raise SystemExit(not names)


def _names(started: Iterator[in_bulk.Started], refused: collections.Counter[str]) -> Iterator[str]:
    """Name what is tested, and count why the others are not."""
    for one in started:
        if one.refused is None:
            yield asset_name(one.asset)
        else:
            refused[one.refused] += 1
