"""What one look found, for people and for programs."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.table import Table
from rich.text import Text

from worker.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}
_STATE_WIDTH, _WHAT_WIDTH = 7, 18  # columns: the longest of each


class State(enum.StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"  #: it works, but not as well, or not for everything
    FAILED = "failed"


class Finding(NamedTuple):
    """One line of the report."""

    what: str  #: one or two words
    state: State
    says: str
    remedy: str = ""  #: what to do, where there is something


def line(finding: Finding) -> RenderableType:
    """One finding, its remedy below it."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=_STATE_WIDTH)
    grid.add_column(width=_WHAT_WIDTH)
    grid.add_column(overflow="fold")
    says = Text(printable(finding.says))
    if finding.remedy:
        says.append(f"\n{printable(finding.remedy)}", style="bold")
    grid.add_row(Text(finding.state, _STYLES[finding.state]), finding.what, says)
    return grid


def summary(findings: Sequence[Finding]) -> RenderableType:
    """The last line."""
    states = [finding.state for finding in findings]
    failed, warnings = states.count(State.FAILED), states.count(State.WARNING)
    if failed:
        return Text(f"{failed} failed, {warnings} to look at, of {len(states)}", _STYLES["failed"])
    return Text(f"nothing failed, {warnings} to look at, of {len(states)}")


def document(findings: Sequence[Finding]) -> dict[str, Any]:
    """All of them for a program."""
    return {
        "failed": any(finding.state == State.FAILED for finding in findings),
        "checks": [finding._asdict() for finding in findings],
    }
