"""What `thumbs pick` shows to people: a table for each video, sentences, and a line that sums up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console, Group
from rich.text import Text

from worker.cli.listing import Listing
from worker.cli.output import print_parts
from worker.local import terminal
from worker.local.output_files import picture_name
from worker.local.verdicts import verdict_words
from worker.pipeline.cues.defects import telling
from worker.text import clock, fault_words, file_words, is_fault, printable, reason_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from worker.errors import ThumbsError
    from worker.local.plan import FileOutcome
    from worker.local.video_paths import FoundVideos, NamedVideo
    from worker.pipeline.frames import Pick, Run

COLUMNS = """\b
In the table, `score` compares frames of one video only, and `reasons` say
what a pick has over the next best frame. `despite` lists its defects, where
a video has nothing better. docs/cli.md explains each word.
"""


_INTO_IT, _INTO_THEM = " (--recursive looks into it)", " (--recursive looks into them)"


def print_run(outcome: FileOutcome, run: Run, shortfall: str) -> None:
    """Print the picks of one video as a table, below its name and what is to be known of it."""
    # In a group, sentences are broken between words; names are left to the terminal, which can copy them.
    judged = [Group(Text(verdict_words(run.verdict), style="dim"))] if run.verdict else []
    notes = [Group(Text(sentence, style="yellow")) for sentence in (run.note, shortfall) if sentence]
    print_parts([*_heading(outcome), *judged, *notes, _table(run.picks), Text()])


def print_failure(video: NamedVideo, error: ThumbsError) -> None:
    """Print on stderr why nothing was picked from a video, after its name as it was typed."""
    sentence = str(error).removeprefix(f"{video.path.name}: ")
    terminal.warn(f"{file_words(video.name)}: {printable(sentence)}")


def print_summary(done: int, failed: int, existing: int, found: FoundVideos) -> None:
    """Say on stderr how all went, where there was more than one video to look at."""
    left_out = [
        f"{number} {words}"
        for number, words in (
            (existing, "with pictures"),
            (found.not_videos, "not a video" if found.not_videos == 1 else "not videos"),
            (found.hidden, "hidden"),
            (found.folders, f"folder{_INTO_IT}" if found.folders == 1 else f"folders{_INTO_THEM}"),
        )
        if number
    ]
    if len(found.videos) > 1 or left_out:
        counted = f"thumbs: {done} done, {failed} failed"
        terminal.warn(f"{counted}; left out: {', '.join(left_out)}" if left_out else counted)


def _heading(outcome: FileOutcome) -> list[Text]:
    """Name the video and the folder with its pictures, each on its own line where one is too short."""
    name, folder = Text(file_words(outcome.video.name), style="bold"), file_words(str(outcome.folder))
    console = Console()
    if console.is_terminal and cell_len(f"{name} in {folder}") > console.width:
        return [name, Text(f"in {folder}")]
    return [Text.assemble(name, f" in {folder}")]


def _table(picks: Sequence[Pick]) -> Table:
    has_faults = any(map(is_fault, (reason for pick in picks for reason in pick.reasons)))
    despite = ["despite"] if has_faults else []
    table = Listing("rank", "time", "score", "reasons", *despite, "files")
    for pick in picks:
        reasons = ", ".join(reason_words(reason) for reason in pick.reasons if not is_fault(reason))
        faults = ", ".join(map(fault_words, telling(filter(is_fault, pick.reasons))))
        names = " ".join(picture_name(pick.rank, crop.aspect) for crop in pick.crops)
        words = [reasons, faults] if has_faults else [reasons]
        table.add_row(str(pick.rank), clock(pick.time_s), f"{pick.score:.2f}", *words, names)
    return table
