"""What the operators' commands print for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from worker.admin.assets import name_of
from worker.database.states import JobState
from worker.inbox.reconcile import ReconcileStatus
from worker.text import clock, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from worker.admin.assets import EventLine, Migration, Requeueing
    from worker.admin.backfill import SyncOutcome
    from worker.admin.choose import Decision
    from worker.database.models import Job

_PIPE_WIDTH = 240  # columns where stdout is no terminal: hardly a line is folded
_LEAST_WIDTH = 80  # columns; a narrower terminal breaks the lines itself, and nothing is cut off

_STYLES = {
    "running": "cyan",
    "sending": "cyan",
    "completed": "green",
    "confirmed": "green",
    "applied": "green",
    "chosen": "magenta",
    "yielded": "yellow",
    "lost": "yellow",
    "retryable": "yellow",
    "discarded": "red",
    "failed": "red",
}
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_NUMBERS = frozenset({"ago", "job", "event", "rank", "time", "score", "attempt"})
# What may take several lines on a narrow terminal, with the columns that it keeps; the rest stays on one.
_FOLDED = {"says": 14, "reasons": 14, "asset": 16, "type": 11, "who": 11}


def show(parts: Sequence[RenderableType]) -> None:
    """Print on stdout, in colours where it is a terminal."""
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = max(console.width, _LEAST_WIDTH) if console.is_terminal else _PIPE_WIDTH
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text))


def age(span: timedelta) -> str:
    """Say how long ago something was, e.g. "3 min"; what is still to come reads "in 3 min"."""
    seconds = round(span.total_seconds())
    size, unit = next((step for step in _UNITS if abs(seconds) >= step[0]), _UNITS[-1])
    return f"{'in ' if seconds < 0 else ''}{abs(seconds) // size} {unit}"


def of_jobs(rows: Sequence[Job], now: datetime) -> list[RenderableType]:
    """List jobs."""
    lines = table("job", "asset", "state", "attempt", "asked for", "why", "says")
    for job in rows:
        lines.add_row(
            str(job.id),
            printable(name_of(job.asset)),
            state(job.state),
            f"{job.attempt}/{job.max_attempts}",
            f"{age(now - job.requested_at)} ago",
            job.reason,
            says(job, now),
        )
    return [lines if rows else Text("no such jobs")]


def of_events(rows: Sequence[EventLine], now: datetime) -> list[RenderableType]:
    """List events."""
    lines = table("event", "came", "type", "asset", "outcome", "says")
    for event, asset in rows:
        lines.add_row(
            str(event.id),
            f"{age(now - event.received_at)} ago",
            printable(event.type),
            printable(name_of(asset)) if asset else f"{event.platform}/{event.account}",
            state(event.outcome),
            printable(event.detail),
        )
    return [lines if rows else Text("no such events")]


def of_requeueings(rows: Sequence[Requeueing]) -> list[RenderableType]:
    """Tell what became of each asset."""
    lines = [f"{printable(name_of(asset))}: {outcome or 'would be requeued'}" for asset, outcome in rows]
    return [Text(line) for line in lines or ["nothing matches"]]


def of_choosing(decision: Decision) -> list[RenderableType]:
    """Tell what is shown from now on, and when."""
    choice, name = decision.choice, printable(name_of(decision.asset))
    what = "your picture" if choice is None or choice.time_s is None else clock(choice.time_s)
    lines = [f"{name}: {what} is the thumbnail from now on, until `thumbs release`"]
    if decision.is_taking_still:
        shown = "until then the nearest frame is shown" if decision.thumbnail else "then it is shown"
        lines.append(f"a run takes the picture of exactly that moment; {shown}")
    return [Text(line) for line in lines]


def of_release(decision: Decision) -> list[RenderableType]:
    """Tell what is shown again."""
    done = (
        "nothing was chosen" if decision.choice is None else "released; the best pick is the thumbnail again"
    )
    return [Text(f"{printable(name_of(decision.asset))}: {done}")]


def of_syncs(outcomes: Sequence[SyncOutcome]) -> list[RenderableType]:
    """Tell what each account's list held, and how to go on where it was not read to its end."""
    lines = []
    for account, standings, resume, error, is_interrupted in outcomes:
        counts = [f"{standings[standing]} {standing}" for standing in ReconcileStatus if standings[standing]]
        videos = "1 video" if standings.total() == 1 else f"{standings.total()} videos"
        lines.append(": ".join(filter(None, [account, videos, ", ".join(counts)])))
        if error or is_interrupted:
            again = f"; go on with --account {account.partition('/')[2]} --resume {resume}" if resume else ""
            lines.append(f"  stopped: {printable(str(error or 'interrupted'))}{again}")
    return [Text(line) for line in lines]


def of_migration(migration: Migration) -> list[RenderableType]:
    """Tell what the tables were, and are."""
    before, after = migration
    if before == after:
        return [Text(f"the tables are up to date ({after})")]
    return [Text(f"the tables are now at {after}; before, {f'at {before}' if before else 'there were none'}")]


def says(job: Job, now: datetime) -> str:
    """What matters most about a job in its present state."""
    when = age(now - job.scheduled_at) if job.scheduled_at > now else "now"
    match job.state:
        case JobState.RUNNING:
            return f"{job.stage} by {printable(job.lease_owner or '')}"
        case JobState.SCHEDULED:
            return f"due {when}"
        case JobState.RETRYABLE:
            return f"again {when}; {job.error_class}: {printable(job.error or '')}"
        case JobState.DISCARDED:
            return f"{job.error_class}: {printable(job.error or '')}"
    return printable(job.note)


def state(word: str) -> Text:
    """Colour a state."""
    return Text(word, style=_STYLES.get(word, ""))


def table(*columns: str) -> Table:
    """Make a table without lines; what may be long is folded."""
    made = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        made.add_column(
            column,
            justify="right" if column in _NUMBERS else "left",
            overflow="fold",
            no_wrap=column not in _FOLDED,
            min_width=_FOLDED.get(column),
        )
    return made
