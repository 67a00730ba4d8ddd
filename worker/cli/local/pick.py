"""`thumbs pick`: write the best frames of files on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from worker.aspects import check_aspects
from worker.cli.listing import Listing
from worker.cli.local.parameters import (
    device_option,
    json_option,
    model_option,
    prompts_option,
    yunet_option,
)
from worker.cli.local.pick_document import document
from worker.cli.output import print_json, print_parts
from worker.local import terminal
from worker.local.output_files import picture_name
from worker.text import clock, printable, reason_words

if TYPE_CHECKING:
    from rich.table import Table

    from worker.local.run import FileOutcome
    from worker.pipeline.frames import Run


def _aspects(_ctx: click.Context, _param: click.Parameter, aspects: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no aspect ratio as click refuses a value."""
    try:
        return check_aspects(aspects)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("videos", metavar="VIDEO...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--count", type=click.IntRange(min=1), default=3, show_default=True, help="Picks for each video."
)
@click.option(
    "--aspect",
    "aspects",
    metavar="W:H",
    multiple=True,
    default=("16:9",),
    show_default=True,
    callback=_aspects,
    help="Cut each pick to this ratio, or to the video's own: source. May be given several times.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("thumbs-out"),
    show_default=True,
    help="Folder for the pictures; each video gets a folder of its own in it.",
)
@model_option
@click.option("--title", default="", help="What the video is about; frames that show it rank higher.")
@prompts_option
@yunet_option
@device_option
@json_option
@click.option("--report", "with_report", is_flag=True, help="Write a page that shows every candidate.")
def pick_command(
    videos: tuple[Path, ...],
    count: int,
    aspects: tuple[str, ...],
    out: Path,
    model: str,
    title: str,
    prompts: Path | None,
    yunet: Path | None,
    device: str,
    *,
    as_json: bool,
    with_report: bool,
) -> None:
    """Write the best frames of each VIDEO as cropped JPEG files."""
    # PyTorch takes seconds to import, which `pick --help` and an option that is refused need not wait for.
    from worker.local.run import load_models, pick_each  # noqa: PLC0415
    from worker.pipeline.options import Options  # noqa: PLC0415
    from worker.pipeline.sandbox.decoder import Decoder  # noqa: PLC0415

    options = Options(count=count, aspects=aspects, title=title)
    outcomes = []
    with Decoder() as decoder:  # it starts while the model loads
        models = load_models(model, prompts, device, yunet)
        for outcome in pick_each(videos, options, models, decoder, out, with_report=with_report):
            outcomes.append(outcome)
            _print_outcome(outcome, with_table=not as_json)
    if as_json:  # one document, so it waits for the last video
        print_json({"videos": [document(outcome) for outcome in outcomes]})
    raise SystemExit(any(outcome.error for outcome in outcomes))


def _print_outcome(outcome: FileOutcome, *, with_table: bool) -> None:
    """Tell how one video went: its picks as a table, or the sentence of its error on stderr."""
    if outcome.error is not None:
        sentence = printable(str(outcome.error))
        name = printable(outcome.video.name)
        terminal.warn(sentence if sentence.startswith(f"{name}:") else f"{name}: {sentence}")
    elif outcome.run is not None and with_table:
        print_parts([_heading(outcome, outcome.run), _table(outcome.run), Text()])


def _heading(outcome: FileOutcome, run: Run) -> Text:
    heading = Text.assemble((printable(outcome.video.name), "bold"), " in ", printable(str(outcome.folder)))
    if run.note:
        heading.append(f"\n{run.note}", style="yellow")
    return heading


def _table(run: Run) -> Table:
    table = Listing("rank", "time", "score", "reasons", "files")
    for pick in run.picks:
        reasons = ", ".join(reason_words(reason) for reason in pick.reasons)
        names = " ".join(picture_name(pick.rank, crop.aspect) for crop in pick.crops)
        table.add_row(str(pick.rank), clock(pick.time_s), f"{pick.score:.2f}", reasons, names)
    return table
