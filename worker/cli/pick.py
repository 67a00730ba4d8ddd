"""`thumbs pick`: write the best frames of files on this machine.

docs/cli.md describes the JSON document: fields may be added, but a name never changes its meaning.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.aspects import check_aspects
from worker.cli.output import make_table, print_json, print_parts
from worker.errors import TransientError
from worker.local import terminal
from worker.local.output_files import picture_name
from worker.text import clock, printable, reason_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from worker.local.run import FileOutcome
    from worker.pipeline.frames import Crop, Face, Pick, Run
    from worker.pipeline.media import Video

_DIGITS = 6  # of a score or a time: a microsecond is the pipeline's own resolution


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
@click.option("--model", default="lite", show_default=True, help="lite, ARCH:TAG, or ARCH:CHECKPOINT.")
@click.option("--title", default="", help="What the video is about; frames that show it rank higher.")
@click.option(
    "--prompts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file with your own pairs of prompts.",
)
@click.option(
    "--yunet",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Find faces with YuNet, loaded from this ONNX file.",
)
@click.option(
    "--device", type=click.Choice(["auto", "cuda", "mps", "cpu"]), default="auto", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
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
        print_json({"videos": [_document(outcome) for outcome in outcomes]})
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
    table = make_table("rank", "time", "score", "reasons", "files")
    for pick in run.picks:
        reasons = ", ".join(reason_words(reason) for reason in pick.reasons)
        names = " ".join(picture_name(pick.rank, crop.aspect) for crop in pick.crops)
        table.add_row(str(pick.rank), clock(pick.time_s), f"{pick.score:.2f}", reasons, names)
    return table


def _document(outcome: FileOutcome) -> dict[str, Any]:
    run = outcome.run
    return {
        "video": str(outcome.video),
        "error": _error(outcome),
        "facts": _facts(run.video) if run else None,
        "model": run.model if run else None,
        "note": run.note if run else "",
        "picks": [_pick(pick, outcome) for pick in run.picks] if run else [],
        "report": str(outcome.report) if outcome.report else None,
        "timings_s": _rounded(run.timings_s) if run else {},
    }


def _error(outcome: FileOutcome) -> dict[str, Any] | None:
    if outcome.error is None:
        return None
    return {
        "kind": type(outcome.error).__name__,
        "message": str(outcome.error),
        "may_retry": isinstance(outcome.error, TransientError),
    }


def _facts(video: Video) -> dict[str, Any]:
    return {
        "duration_s": round(video.duration_s, _DIGITS),
        "width_px": video.width_px,
        "height_px": video.height_px,
        "rotation_deg": video.rotation_deg,
        "is_mirrored": video.is_mirrored,
        "frame_rate": str(video.frame_rate) if video.frame_rate else None,
        "transfer": str(video.transfer),
        "codec": video.codec,
    }


def _pick(pick: Pick, outcome: FileOutcome) -> dict[str, Any]:
    return {
        "rank": pick.rank,
        "time_s": pick.time_s,
        "shot": pick.shot,
        "score": round(pick.score, _DIGITS),
        "parts": _rounded(pick.parts),
        "reasons": list(pick.reasons),
        "width_px": pick.still_width_px,
        "height_px": pick.still_height_px,
        "faces": [_face(face) for face in pick.faces],
        "crops": [_crop(pick, crop, outcome) for crop in pick.crops],
    }


def _face(face: Face) -> dict[str, Any]:
    return {"box": list(face.box), "confidence": round(face.confidence, _DIGITS)}


def _crop(pick: Pick, crop: Crop, outcome: FileOutcome) -> dict[str, Any]:
    return {
        "aspect": crop.aspect,
        "box": list(crop.box),
        "width_px": crop.width_px,
        "height_px": crop.height_px,
        "file": str(outcome.folder / picture_name(pick.rank, crop.aspect)),
    }


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(value), _DIGITS) for name, value in values.items()}
