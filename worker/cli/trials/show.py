"""`thumbs test show`: the variants side by side, and what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.assets import database_time
from worker.admin.find import asset_name, find
from worker.cli.database import open_database
from worker.cli.listing import Listing
from worker.cli.output import coloured, fields_of, print_answer
from worker.cli.parameters import json_option
from worker.cli.trials.interval import interval_bar
from worker.database import transaction
from worker.database.models import Asset
from worker.database.states import TrialMetric
from worker.text import clock, format_age, printable
from worker.trials import running
from worker.trials.refused import TrialRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from rich.console import RenderableType
    from rich.table import Table

    from worker.database.trials import Trial, TrialLook, Variant

# Attributes of the rows, under which names the JSON document has them: fields may be added, none renamed.
TRIAL_FIELDS = (
    "id kind metric aspect state outcome winner why is_challenge timezone started_at started_by ends_at"
    " looked_at ended_at ended_by"
)
VARIANT_FIELDS = "number time_s sha256 bucket_from bucket_to model"
_LOOK_FIELDS = "at verdict said numbers"

_METRICS = {
    TrialMetric.PLAYS: "quality plays for each impression",
    TrialMetric.WATCH: "seconds watched for each impression",
}


@click.command("show")
@click.argument("name", metavar="ASSET|JOB")
@json_option
def show_command(name: str, *, as_json: bool) -> None:
    """Show the newest test of an asset: its variants side by side, and what is known of them."""
    with open_database() as engine, transaction(engine) as session:
        asset = session.get_one(Asset, find(session, name).asset_id)
        trial = running.newest_trial(session, asset.id)
        if trial is None:
            why = f": {asset.untested_because}" if asset.untested_because else ""
            raise TrialRefused(f"there is no test of it{why}; `thumbs test start {name}` starts one")
        variants, look = running.variants_of(session, trial.id), running.newest_look(session, trial.id)
        now = database_time(session)
    document = {
        "asset": asset_name(asset),
        "test": fields_of(trial, TRIAL_FIELDS),
        "variants": [fields_of(one, VARIANT_FIELDS) for one in variants],
        "look": fields_of(look, _LOOK_FIELDS) if look else None,
    }
    print_answer(document, list(_parts(asset, trial, variants, look, now)), as_json=as_json)


def _parts(
    asset: Asset, trial: Trial, variants: Sequence[Variant], look: TrialLook | None, now: datetime
) -> Iterator[RenderableType]:
    yield Text.assemble((printable(asset_name(asset)), "bold"), "  ", printable(asset.title))
    yield trial_line(trial, now)
    yield Text(f"compares {_METRICS[TrialMetric(trial.metric)]}", "dim")
    said = trial.why or (
        look.said if look else "the dispatcher has not looked at it yet; it does within a minute"
    )
    yield Text(printable(said), "bold")
    numbers: Mapping[str, Any] = look.numbers if look else {}
    yield _table(trial, variants, {one["number"]: one for one in numbers.get("variants", [])})
    for pair in numbers.get("pairs", []):
        yield from _pair(pair)
    yield from map(Text, _facts(numbers))
    if look is not None:
        yield Text(f"looked at {format_age(now - (trial.looked_at or look.at))} ago", "dim")


def trial_line(trial: Trial, now: datetime) -> Text:
    """Say in a line how a test stands."""
    line = Text.assemble(f"test {trial.id} ", coloured(trial.outcome or trial.state))
    if trial.ended_at is None:
        age = format_age(now - trial.started_at)
        return line.append(f" for {age}, until {trial.ends_at:%Y-%m-%d} at the latest")
    who = f", by {printable(trial.ended_by)}" if trial.ended_by else ""
    return line.append(f" {format_age(now - trial.ended_at)} ago{who}")


def _table(trial: Trial, variants: Sequence[Variant], counted: Mapping[int, Mapping[str, Any]]) -> Table:
    table = Listing("no.", "time", "impressions", "plays", "rate", "says")
    for one in variants:
        numbers = counted.get(one.number, {})
        table.add_row(
            str(one.number),
            clock(one.time_s),
            f"{numbers.get('impressions', 0):,}",
            f"{numbers.get('quality_plays', 0):,}",
            _rate(trial, numbers),
            ", ".join(_news(trial, one.number, numbers)),
        )
    return table


def _rate(trial: Trial, numbers: Mapping[str, Any]) -> str:
    rate = numbers.get("rate")
    if rate is None:
        return "-"
    return f"{rate:.2%}" if trial.metric == TrialMetric.PLAYS else f"{rate:.1f} s"


def _news(trial: Trial, number: int, numbers: Mapping[str, Any]) -> Iterator[str]:
    if number == 0:
        yield "shown without the test"
    if trial.winner == number:
        yield str(trial.outcome)
    if numbers.get("is_out"):
        yield "out: another is surely better"
    elif numbers.get("p_best") is not None:
        yield f"best with {numbers['p_best']:.0%}"


def _pair(pair: Mapping[str, Any]) -> Iterator[Text]:
    low, high, lift = pair["low"], pair["high"], pair["lift"]
    between = f"surely between {low:+.0%} and {high:+.0%}"
    yield Text(f"{pair['a']} against {pair['b']}: {lift:+.0%}, {between}")
    yield Text(f"  {interval_bar(low, lift, high)}")


def _facts(numbers: Mapping[str, Any]) -> Iterator[str]:
    """Say what else there is to know, a line each."""
    if (days := numbers.get("days")) is not None:
        yield f"whole days counted: {days}"
    if imbalance := numbers.get("imbalance"):
        shares = ", ".join(f"{share:.1%}" for share in imbalance.get("shares", []))
        alarm = "NOT shown as drawn: is there a cache that keeps one picture?"
        yield f"{alarm if imbalance.get('is_alarm') else 'shown as drawn'} ({shares})"
    if need := numbers.get("need"):
        days = f", about {need['days']:,} days" if need.get("days") else ""
        yield f"telling 20 % apart needs about {need['impressions']:,} impressions{days}"
    if left_out := numbers.get("left_out"):
        yield f"groups of viewers left out, as they do far more than all others: {left_out}"
