"""`thumbs doctor`, and how it and `thumbs accounts check` report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.table import Table
from rich.text import Text

from worker.cli.output import print_json, print_parts
from worker.cli.parameters import json_option
from worker.doctor import examine_service
from worker.doctor.finding import State
from worker.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from worker.doctor.finding import Finding

_STYLES = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "bold red"}
_STATE_WIDTH, _WHAT_WIDTH = 7, 18  # columns: the longest of each


@click.command()
@json_option
def doctor_command(*, as_json: bool) -> None:
    """Check everything that the service needs.

    Says how to fix what is wrong. The exit code is 1 if something failed; warnings do not count.
    """
    report(examine_service(), as_json=as_json)


def report(findings: Iterable[Finding], *, as_json: bool) -> NoReturn:
    """Print findings as they come, and end with exit code 1 if one failed, else 0."""
    shown = []
    for finding in findings:
        shown.append(finding)
        if not as_json:
            # At once, not as one table at the end: loading a model or waiting for a server takes seconds.
            print_parts([_line(finding)])
    document = _document(shown)
    if as_json:
        print_json(document)
    else:
        print_parts([_summary(shown)])
    raise SystemExit(document["failed"])


def _document(findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "failed": any(finding.state == State.FAILED for finding in findings),
        "checks": [finding._asdict() for finding in findings],
    }


def _line(finding: Finding) -> Table:
    """Lay out one finding: its state, what it is about, what it says, and the remedy below."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=_STATE_WIDTH)
    grid.add_column(width=_WHAT_WIDTH)
    grid.add_column(overflow="fold")
    says = Text("\n".join(map(printable, finding.says.splitlines())))
    if finding.remedy:
        says.append(f"\n{printable(finding.remedy)}", style="bold")
    grid.add_row(Text(finding.state, _STYLES[finding.state]), finding.what, says)
    return grid


def _summary(findings: Sequence[Finding]) -> Text:
    states = [finding.state for finding in findings]
    failed, warnings = states.count(State.FAILED), states.count(State.WARNING)
    if failed:
        return Text(f"{failed} failed, {warnings} to look at, of {len(states)}", _STYLES[State.FAILED])
    return Text(f"nothing failed, {warnings} to look at, of {len(states)}")
