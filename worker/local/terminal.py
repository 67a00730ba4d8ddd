"""What people see of a run: progress and failures on stderr, a short table of the picks on stdout."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from worker.local.output_files import picture_name
from worker.text import clock, printable, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from worker.local.run import FileOutcome
    from worker.pipeline.frames import Run

# Where each stage begins in the whole, by its usual share of the time on a CPU.
STAGE_STARTS = {
    "load": 0.0,
    "probe": 0.0,
    "scan": 0.01,
    "score": 0.6,
    "pick": 0.88,
    "stills": 0.9,
    "done": 1.0,
}

_PIPE_WIDTH = 200  # columns where stdout is no terminal: no line is folded


@contextmanager
def progress(name: str) -> Iterator[Callable[[str, float], None]]:
    """Show a bar for `name` on stderr while the block runs; silent where stderr is no terminal.

    Yields:
        What to call with a stage and the share of it that is done, 0..1.
    """
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[stage]}", style="dim"),
        BarColumn(bar_width=32),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_interactive,
        redirect_stdout=False,  # stdout carries the results, perhaps into a file
        redirect_stderr=False,
    )
    with bar:
        task = bar.add_task(printable(name), total=1.0, stage="")
        # Drawn at once: a stage that is over before the next regular drawing is seen as well.
        yield lambda stage, share: bar.update(
            task, stage=stage, completed=_overall(stage, share), refresh=True
        )


@contextmanager
def counting(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show on stderr how many things are done; silent where stderr is no terminal.

    Yields:
        What to call with how many are done, and how many there are, where that is known: then it tells how
        long the rest may take.
    """
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_interactive,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with bar:
        task = bar.add_task(printable(name), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total, refresh=True)


def _overall(stage: str, share: float) -> float:
    starts = iter(STAGE_STARTS.items())
    start = next(begin for name, begin in starts if name == stage)
    end = next(starts, ("end", 1.0))[1]
    return start + (end - start) * share


def warn(sentence: str) -> None:
    """Print one line on stderr, whole, however narrow the terminal is."""
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(sentence)


def show(outcome: FileOutcome, *, with_table: bool) -> None:
    """Tell how one video went: its picks as a table, or the sentence of its error."""
    if outcome.error is not None:
        sentence = printable(str(outcome.error))
        name = printable(outcome.video.name)
        warn(sentence if sentence.startswith(f"{name}:") else f"{name}: {sentence}")
    elif outcome.run is not None and with_table:
        console = Console(highlight=False, markup=False)
        if not console.is_terminal:
            console.width = _PIPE_WIDTH
        console.print(_heading(outcome, outcome.run), _table(outcome.run), "", sep="\n")


def _heading(outcome: FileOutcome, run: Run) -> Text:
    heading = Text.assemble((printable(outcome.video.name), "bold"), " in ", printable(str(outcome.folder)))
    if run.note:
        heading.append(f"\n{run.note}", style="yellow")
    return heading


def _table(run: Run) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("rank", justify="right")
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("score", justify="right")
    table.add_column("reasons")
    table.add_column("files", overflow="fold")
    for pick in run.picks:
        reasons = ", ".join(words(reason) for reason in pick.reasons)
        names = " ".join(picture_name(pick, crop) for crop in pick.crops)
        table.add_row(str(pick.rank), clock(pick.time_s), f"{pick.score:.2f}", reasons, names)
    return table
