"""What people see on stderr while they wait: bars, and sentences about what is missing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from worker.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Where each stage begins in the whole, by its usual share of the time on a CPU.
STAGE_STARTS = {
    "load": 0.0,
    "probe": 0.0,
    "scan": 0.01,
    "score": 0.6,
    "judge": 0.88,
    "pick": 0.88,
    "stills": 0.9,
    "done": 1.0,
}


@contextmanager
def progress(name: str) -> Iterator[Callable[[str, float], None]]:
    """Show on stderr how far one video is, while the block runs; print nothing where stderr is no terminal.

    Yields:
        A function to call with a stage of `STAGE_STARTS` and the share of it that is done, 0..1.
    """
    stage_column = TextColumn("{task.fields[stage]}", style="dim")
    with _transient_bar(stage_column, BarColumn(bar_width=32), TaskProgressColumn()) as bar:
        task = bar.add_task(printable(name), total=1.0, stage="")
        # Drawn at once: a stage that is over before the next regular drawing is seen as well.
        yield lambda stage, share: bar.update(
            task, stage=stage, completed=_overall(stage, share), refresh=True
        )


@contextmanager
def counting(name: str, *, is_hidden: bool = False) -> Iterator[Callable[[int, int | None], None]]:
    """Show on stderr how many things are done, while the block runs; print nothing where it is no terminal.

    Args:
        name: of what is counted.
        is_hidden: print nothing on a terminal either.

    Yields:
        A function to call with how many are done and how many there are, or None where that is not known; a
        number lets the bar tell how long the rest may take.
    """
    with _transient_bar(BarColumn(bar_width=32), MofNCompleteColumn(), is_hidden=is_hidden) as bar:
        task = bar.add_task(printable(name), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total, refresh=True)


def _transient_bar(*columns: ProgressColumn, is_hidden: bool = False) -> Progress:
    """Make a bar on stderr that goes when it is done, and that a pipe or a file never sees."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=is_hidden or not console.is_interactive,
        redirect_stdout=False,  # stdout carries the results, perhaps into a file
        redirect_stderr=False,
    )


def _overall(stage: str, share: float) -> float:
    """Turn the share of one stage into the share of the whole, 0..1."""
    starts = iter(STAGE_STARTS.items())
    start = next(begin for name, begin in starts if name == stage)
    end = next(starts, ("end", 1.0))[1]
    return start + (end - start) * share


def warn(sentence: str) -> None:
    """Print one line on stderr, whole, however narrow the terminal is."""
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(sentence)
