"""`thumbs doctor`, and how it and `thumbs accounts check` report."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.cells import cell_len
from rich.text import Text

from worker.cli.output import print_json, print_parts
from worker.cli.parameters import json_option
from worker.doctor import examine_service
from worker.doctor.finding import State
from worker.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from worker.doctor.finding import Finding

_STYLES = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "bold red"}
_STATE_WIDTH, _WHAT_WIDTH, _GAP = 7, 18, "  "  # columns: the longest of each
_BELOW = "    "  # before what stands below its line
_LEAST_WIDTH = 30  # columns; sentences in a narrower column are hard to read


class _Line:
    """One finding as it is printed: its state, what it is about, what it says, and the remedy below.

    What it says stands beside the rest where the terminal is wide enough, else below; a line ends at spaces
    only, because addresses and names of variables are to be copied.
    """

    def __init__(self, finding: Finding) -> None:
        self._finding = finding
        self._paragraphs = [(printable(line), "") for line in finding.says.splitlines()]
        if finding.remedy:
            self._paragraphs.append((printable(finding.remedy), "bold"))

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """Write the line, as wide as the terminal."""
        what = printable(self._finding.what)
        head = Text.assemble(
            (f"{self._finding.state:{_STATE_WIDTH}}", _STYLES[self._finding.state]),
            f"{_GAP}{what:{_WHAT_WIDTH}}{_GAP}",
        )
        longest = max(cell_len(word) for text, _ in self._paragraphs for word in ["", *text.split()])
        is_beside = options.max_width - head.cell_len >= max(_LEAST_WIDTH, longest)
        indent = " " * head.cell_len if is_beside else _BELOW
        lines = [
            Text(line, style)
            for text, style in self._paragraphs
            for line in textwrap.wrap(
                text, options.max_width - len(indent), break_long_words=False, break_on_hyphens=False
            )
        ]
        first = lines.pop(0) if is_beside and lines else ""
        for line in [head + first, *(Text(indent) + line for line in lines)]:
            line.rstrip()
            # Not folded, and not cut: where even one word is too long, the terminal breaks the line.
            line.no_wrap, line.overflow = True, "ignore"
            yield line


@click.command()
@click.option("--live", "is_live", is_flag=True, help="Also show the judge two pictures, which may cost.")
@json_option
def doctor_command(*, is_live: bool, as_json: bool) -> None:
    """Check everything that the service needs.

    Says how to fix what is wrong. The exit code is 1 if something failed; warnings do not count.
    """
    report(examine_service(is_live=is_live), as_json=as_json)


def report(findings: Iterable[Finding], *, as_json: bool) -> NoReturn:
    """Print findings as they come, and end with exit code 1 if one failed, else 0."""
    shown = []
    for finding in findings:
        shown.append(finding)
        if not as_json:
            # At once, not as one table at the end: loading a model or waiting for a server takes seconds.
            print_parts([_Line(finding)])
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


def _summary(findings: Sequence[Finding]) -> Text:
    states = [finding.state for finding in findings]
    failed, warnings = states.count(State.FAILED), states.count(State.WARNING)
    if failed:
        return Text(f"{failed} failed, {warnings} to look at, of {len(states)}", _STYLES[State.FAILED])
    return Text(f"nothing failed, {warnings} to look at, of {len(states)}")
