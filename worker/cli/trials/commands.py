"""`thumbs test`: tests of pictures, and the commands that stop and list them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.assets import database_time, operator
from worker.admin.find import asset_name, find
from worker.cli.database import open_database, require_known
from worker.cli.listing import Listing
from worker.cli.output import coloured, fields_of, print_answer
from worker.cli.parameters import (
    account_option,
    json_option,
    limit_option,
    platform_option,
    split_account,
    why_option,
)
from worker.cli.trials.show import TRIAL_FIELDS, show_command
from worker.cli.trials.start import start_command
from worker.database import transaction
from worker.database.models import Asset
from worker.database.states import TrialState
from worker.people import audit
from worker.text import clock, format_age, printable
from worker.trials import running, stopping
from worker.trials.refused import TrialRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from worker.trials.running import TrialLine

STOP, SHOW = "stop-test", "show-variant"  #: the acts, as the audit has them


@click.group("test")
def test_group() -> None:
    """Find out which picture viewers prefer.

    A test shows two pictures of a video, each to half of the viewers, and says when one is better.
    """


test_group.add_command(start_command)


@test_group.command("stop")
@click.argument("name", metavar="ASSET|JOB")
@click.option(
    "--apply",
    "number",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    help="Show this variant from now on, also when the test has ended.",
)
@why_option
@json_option
def stop_command(name: str, number: int | None, why: str, *, as_json: bool) -> None:
    """Stop a test; what was shown before it stays, unless you take a variant."""
    actor = operator()
    with open_database() as engine, transaction(engine) as session:
        asset_id = find(session, name).asset_id
        asset = session.get_one(Asset, asset_id, with_for_update=True, populate_existing=True)
        trial = running.newest_trial(session, asset.id)
        if trial is None:
            raise TrialRefused(f"there is no test of it; `thumbs test start {name}` starts one")
        stopping.stop(session, trial, actor.name, why, apply=number)
        act = STOP if number is None else SHOW
        audit.note(session, actor, act, asset.id, test=trial.id, variant=number, why=why)
        shown = next(
            (one for one in running.variants_of(session, trial.id) if one.number == (number or 0)), None
        )
        document = {"asset": asset_name(asset), "test": fields_of(trial, TRIAL_FIELDS), "applied": number}
        moment = f"variant {shown.number}, {clock(shown.time_s)}," if shown is not None else "what was shown"
        said = f"{printable(asset_name(asset))}: test {trial.id} has ended; {moment} is shown"
    print_answer(document, [Text(said)], as_json=as_json)


test_group.add_command(show_command)


@test_group.command("list")
@platform_option
@account_option
@click.option("--state", type=click.Choice([state.value for state in TrialState]), help="Only these.")
@click.option("--before", "before_id", type=int, metavar="ID", help="Only what is older than this test.")
@limit_option
@json_option
def list_command(
    platform: str | None,
    account: str | None,
    state: str | None,
    before_id: int | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """List tests, newest first."""
    platform, account = split_account(platform, account)
    wanted = running.TrialFilter(platform, account, state, before_id)
    with open_database() as engine, transaction(engine) as session:
        require_known(session, platform, account)
        found = running.list_trials(session, wanted, limit + 1)
        now = database_time(session)
    document = {"tests": [_line(one) for one in found[:limit]]}
    print_answer(document, _parts(found[:limit], now, is_cut=len(found) > limit), as_json=as_json)


def _line(one: TrialLine) -> dict[str, Any]:
    """Write for a program; what was said is null where nobody has looked yet."""
    said = one.look.said if one.look else None
    return {"asset": asset_name(one.asset), **fields_of(one.trial, TRIAL_FIELDS), "said": said}


def _parts(found: Sequence[TrialLine], now: datetime, *, is_cut: bool) -> list[RenderableType]:
    if not found:
        return [Text("there is no test that matches; `thumbs test start ASSET` starts one")]
    table = Listing("no.", "ago", "state", "asset", "says")
    for trial, asset, look in found:
        says = trial.why or (look.said if look else "nobody has looked at it yet")
        table.add_row(
            str(trial.id),
            format_age(now - trial.started_at),
            coloured(trial.outcome or trial.state),
            printable(asset_name(asset)),
            printable(says),
        )
    return [table, *([Text(f"--before {found[-1].trial.id} lists what is older", "dim")] if is_cut else [])]
