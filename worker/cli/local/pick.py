"""`thumbs pick`: write the best frames of files on this machine."""

from __future__ import annotations

import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from worker.aspects import MAX_COUNT, check_aspects
from worker.cli.local.config_file import config_option
from worker.cli.local.judge_options import judge_model_option, judge_option, named_judge, with_judge
from worker.cli.local.parameters import (
    device_option,
    json_option,
    model_option,
    prompts_option,
    yunet_option,
)
from worker.cli.local.pick_document import document, left_out
from worker.cli.local.pick_tables import COLUMNS, print_failure, print_run, print_summary
from worker.cli.output import print_json
from worker.local.output_files import make_folder
from worker.local.plan import FileOutcome, PlannedVideo, plan, split_existing
from worker.local.shortfall import why_fewer
from worker.local.video_paths import find_videos, split_list
from worker.pipeline.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from worker.judge.files.named import JudgeOfFiles
    from worker.pipeline.scoring.models import Models

STDIN = "-"  #: in place of a VIDEO


def _aspects(_ctx: click.Context, _param: click.Parameter, aspects: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no aspect ratio as click refuses a value."""
    try:
        return check_aspects(aspects)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(
    epilog=COLUMNS
    + """
\b
Examples:
  thumbs pick holiday.mp4
  thumbs pick *.mp4 --count 5 --aspect 16:9 --aspect 9:16 --report
  thumbs pick films --recursive --skip-existing
  find films -size -2G -name '*.mkv' -print0 | thumbs pick -0 -
"""
)
# A readable file is not asked for here: click would refuse the whole command for one that is not.
@click.argument("names", metavar="VIDEO...", nargs=-1, type=click.Path(readable=False))
@click.option(
    "--count",
    metavar="N",
    type=click.IntRange(min=1, max=MAX_COUNT),
    default=3,
    show_default=True,
    help="Picks for each video, at most.",
)
@click.option(
    "--aspect",
    "aspects",
    metavar="W:H",
    multiple=True,
    default=("16:9",),
    show_default=True,
    callback=_aspects,
    help="Cut each pick to this ratio, from 1:10 to 10:1, or to the video's own: source. May be repeated.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("thumbs-out"),
    show_default=True,
    help="Folder for the pictures; each video gets a folder of its own in it.",
)
@click.option("--recursive", "-r", is_flag=True, help="Look into the folders of a folder too.")
@click.option(
    "--null", "-0", "by_null", is_flag=True, help="Paths on stdin end with a zero byte, not a line."
)
@click.option(
    "--skip-existing", is_flag=True, help="Leave out videos that have pictures newer than they are."
)
@config_option
@model_option
@click.option(
    "--title", default="", metavar="TEXT", help="What the video is about; frames that show it rank higher."
)
@prompts_option
@yunet_option
@device_option
@judge_option
@judge_model_option
@json_option
@click.option("--report", "with_report", is_flag=True, help="Write a page that shows every candidate.")
def pick_command(
    names: tuple[str, ...],
    count: int,
    aspects: tuple[str, ...],
    out: Path,
    model: str,
    title: str,
    prompts: Path | None,
    yunet: Path | None,
    device: str,
    judge_url: str | None,
    judge_model: str | None,
    *,
    recursive: bool,
    by_null: bool,
    skip_existing: bool,
    as_json: bool,
    with_report: bool,
) -> None:
    """Write the best frames of each VIDEO as cropped JPEG files.

    A VIDEO is a file; or a folder, which stands for the videos in it; or `-`, which reads paths from stdin.
    """
    judge = named_judge(judge_url, judge_model)
    found = find_videos(_with_stdin(names, by_null=by_null), out, recursive=recursive)
    planned, existing = plan(found.videos, out), list[PlannedVideo]()
    if skip_existing:
        planned, existing = split_existing(planned, aspects)
    options = Options(count=count, aspects=aspects, title=title)
    counted, documents = Counter[bool](), dict[Path, dict[str, Any]]()
    load = partial(_load, model, prompts, device, yunet, judge)
    for outcome in _outcomes(planned, options, load, out, with_report=with_report):
        counted[outcome.error is None] += 1
        shortfall = why_fewer(outcome.run, count) if outcome.run else ""
        if outcome.error is not None:
            print_failure(outcome.video, outcome.error)
        elif outcome.run is not None and not as_json:
            print_run(outcome, outcome.run, shortfall)
        if as_json:  # one document, so it waits for the last video
            documents[outcome.folder] = document(outcome, shortfall)
    if as_json:
        in_order = [documents[one.folder] for one in planned]
        print_json({"videos": in_order, "left_out": left_out(existing, found)})
    print_summary(counted[True], counted[False], len(existing), found)
    raise SystemExit(counted[False] > 0)


def _with_stdin(names: tuple[str, ...], *, by_null: bool) -> list[str]:
    """Put the paths that stdin lists in the place of `-`.

    Raises:
        UsageError: nothing is named at all.
    """
    if not names and not by_null:
        raise click.UsageError("name a VIDEO: a file, a folder, or - for paths on stdin")
    if by_null and STDIN not in names:
        names = (*names, STDIN)
    listed = split_list(sys.stdin.buffer.read(), by_null=by_null) if STDIN in names else []
    if not listed and set(names) == {STDIN}:
        raise click.ClickException("stdin names no video")
    return [name for word in names for name in (listed if word == STDIN else [word])]


def _outcomes(
    planned: Sequence[PlannedVideo],
    options: Options,
    load: Callable[[], Models],
    out: Path,
    *,
    with_report: bool,
) -> Iterator[FileOutcome]:
    """Yield what becomes of each video; first those that nothing needs to be started for."""
    for video, folder in planned:
        if video.error is not None:
            yield FileOutcome(video, folder, error=video.error)
    good = [one for one in planned if one.video.error is None]
    if not good:
        return
    # PyTorch takes seconds to import, which `pick --help` and what is refused need not wait for.
    from worker.local.run import pick_each  # noqa: PLC0415
    from worker.pipeline.sandbox.decoder import Decoder  # noqa: PLC0415

    make_folder(out)
    with Decoder() as decoder:  # it starts while the model loads
        yield from pick_each(good, options, load(), decoder, with_report=with_report)


def _load(
    model: str, prompts: Path | None, device: str, yunet: Path | None, judge: JudgeOfFiles | None
) -> Models:
    from worker.local.run import load_models  # noqa: PLC0415

    return with_judge(load_models(model, prompts, device, yunet), judge)
