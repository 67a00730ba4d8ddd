"""`thumbs jobs` and `thumbs cancel`: list jobs, and stop some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.text import Text

from worker.admin.assets import database_time, operator
from worker.admin.cancel import cancel_account, cancel_work, find_busy_assets, find_open_work
from worker.admin.find import asset_name, find
from worker.admin.job_list import MAX_COUNTED, JobFilter, count_left_out, list_jobs
from worker.cli.database import open_database, require_known
from worker.cli.listing import Listing
from worker.cli.output import coloured, fields_of, print_answer
from worker.cli.parameters import (
    account_option,
    asset_option,
    confirm,
    json_option,
    limit_option,
    platform_option,
    since_option,
    split_account,
    why_option,
    yes_option,
)
from worker.database import transaction
from worker.database.states import JobState
from worker.local import terminal
from worker.text import clock, format_age, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from rich.console import RenderableType

    from worker.admin.cancel import Cancellation
    from worker.admin.job_list import JobLine
    from worker.database.models import Job

# Attributes of the row, under which names JSON documents have them: fields may be added, none renamed.
JOB_FIELDS = (
    "id state reason generation attempt max_attempts requested_at scheduled_at started_at finished_at"
    " stage note model timings_s error_class error trace_id"
)

# What a job fails by while its account is refused, see `worker.accounts`.
_REFUSALS = frozenset({"CredentialsRefused", "UnknownAccount"})


@click.command()
@click.option(
    "--state",
    "states",
    type=click.Choice([state.value for state in JobState]),
    multiple=True,
    help="May be given several times.",
)
@platform_option
@account_option
@asset_option
@since_option
@limit_option
@click.option(
    "--all", "is_all", is_flag=True, help="Also list looks that found nothing new; JSON always has them."
)
@json_option
def jobs_command(
    states: tuple[str, ...],
    platform: str | None,
    account: str | None,
    asset: str | None,
    since: timedelta | None,
    limit: int,
    *,
    is_all: bool,
    as_json: bool,
) -> None:
    """List jobs, newest first.

    What we write to a platform, it tells us of: the looks that follow find nothing new, and are left out.
    """
    platform, account = split_account(platform, account)
    with open_database() as engine, transaction(engine) as session:
        require_known(session, platform, account)
        asset_id = find(session, asset).asset_id if asset else None
        chosen = JobFilter(states, platform, account, asset_id, since, is_news=not (is_all or as_json))
        listed = list_jobs(session, chosen, limit)
        left_out = count_left_out(session, chosen, listed, limit)
        now = database_time(session)
    print_answer(_document(listed), _table(listed, left_out, now), as_json=as_json)


@click.command()
@click.argument("names", metavar="[ASSET|JOB...]", nargs=-1)
@click.option("--account", metavar="PLATFORM/ACCOUNT", help="All of an account, e.g. mux/main.")
@why_option
@yes_option
@json_option
def cancel_command(
    names: tuple[str, ...], account: str | None, why: str, *, is_sure: bool, as_json: bool
) -> None:
    """Stop what waits or runs for assets, an account or a job.

    Thumbnails stay as they are. `thumbs requeue` starts an asset again.
    """
    if bool(names) == bool(account):
        raise click.UsageError("name assets or jobs, or an account by --account")
    if account:
        _cancel_account(account, why, is_sure=is_sure, as_json=as_json)
    with open_database() as engine:
        wanted = find_open_work(engine, names)
        if not is_sure:
            for line in _cancellations(wanted, "to be cancelled"):
                click.echo(line.plain, err=True)
        confirm("cancel?", is_sure=is_sure)
        done = cancel_work(engine, wanted, operator(), why)
    assets = [
        {"asset": one.asset, "cancelled_jobs": one.work.job_ids, "cancelled_writes": one.work.write_ids}
        for one in done
    ]
    print_answer({"assets": assets}, _cancellations(done, "cancelled"), as_json=as_json)
    raise SystemExit(not any(any(one.work) for one in done))


def _cancel_account(name: str, why: str, *, is_sure: bool, as_json: bool) -> NoReturn:
    with open_database() as engine:
        if not is_sure:
            count = len(find_busy_assets(engine, name))
            said = f"{printable(name)}: all that waits or runs is to be cancelled; assets: {count}"
            click.echo(said, err=True)
        confirm("cancel?", is_sure=is_sure)
        with terminal.counting("assets") as on_progress:
            done = cancel_account(engine, name, operator(), why, on_progress)
    document = {"account": name, "cancelled_jobs": len(done.job_ids), "cancelled_writes": len(done.write_ids)}
    said = f"{len(done.job_ids)} jobs and {len(done.write_ids)} writes cancelled"
    print_answer(document, [Text(f"{printable(name)}: {said}")], as_json=as_json)
    raise SystemExit(not any(done))


def _cancellations(listed: Sequence[Cancellation], what: str) -> list[Text]:
    lines = []
    for one in listed:
        names = [f"job {row_id}" for row_id in one.work.job_ids]
        names += [f"write {row_id}" for row_id in one.work.write_ids]
        said = f"{', '.join(names)} {what}" if names else "nothing waits or runs"
        lines.append(Text(f"{printable(one.asset)}: {said}"))
    return lines


def _document(listed: Sequence[JobLine]) -> dict[str, Any]:
    return {
        "jobs": [
            {"asset": asset_name(job.asset), "title": job.asset.title, "chosen_s": chosen_s}
            | fields_of(job, JOB_FIELDS)
            for job, chosen_s in listed
        ]
    }


def _table(listed: Sequence[JobLine], left_out: int, now: datetime) -> list[RenderableType]:
    table = Listing("job", "asset", "title", "state", "attempt", "asked for", "why", "chosen", "says")
    for job, chosen_s in listed:
        table.add_row(
            str(job.id),
            printable(asset_name(job.asset)),
            printable(job.asset.title),
            coloured(job.state),
            f"{job.attempt}/{job.max_attempts}",
            f"{format_age(now - job.requested_at)} ago",
            job.reason,
            "" if chosen_s is None else clock(chosen_s),
            job_news(job, now),
        )
    parts: list[RenderableType] = [table if listed else Text("no such jobs")]
    if left_out:
        many = f"{left_out} or more" if left_out == MAX_COUNTED else str(left_out)
        parts.append(Text(f"left out: {many} that found nothing new (--all lists them)", "dim"))
    return parts


def job_news(job: Job, now: datetime) -> str:
    """Say what matters most about a job in its present state."""
    when = format_age(now - job.scheduled_at) if job.scheduled_at > now else "now"
    failure = f"{job.error_class}: {printable(job.error or '')}"
    wish = f", for {printable(job.model)}" if job.model else ""
    match job.state:
        case JobState.RUNNING:
            return f"{job.stage} by {printable(job.lease_owner or '')}{wish}"
        case JobState.SCHEDULED:
            return f"due {when}{wish}"
        case JobState.RETRYABLE:
            is_refused = job.error_class in _REFUSALS
            return f"{'waits for its account' if is_refused else f'again {when}'}{wish}; {failure}"
        case JobState.DISCARDED:
            return failure
        case JobState.COMPLETED if job.timings_s is None:
            return "nothing new was found"
    return printable(job.note)
