"""The command `thumbs`. It translates between words on the command line and the application.

Whatever is heavy is imported inside a command, so that `thumbs --help` answers at once.
"""

from __future__ import annotations

from pathlib import Path

import click

from worker.cli.choose import choose, options, release
from worker.cli.doctor import accounts, doctor
from worker.cli.operate import events, jobs, migrate, requeue, show
from worker.cli.service import analyze, demo, dispatch, publish, up
from worker.cli.sync import sync
from worker.errors import ConfigurationError

INTERRUPTED = 130  #: exit code of a program that Ctrl-C ended: 128 + SIGINT


class WrongUse(click.ClickException):
    """The command cannot start as it was given."""

    exit_code = 2


class Thumbs(click.Group):
    """A group that ends on Ctrl-C, and where the operator must act, with one line."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Commands in the order in which a newcomer needs them."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; every failure becomes an exit code."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("thumbs: interrupted; pictures that are already written stay", err=True)
            ctx.exit(INTERRUPTED)
        except ConfigurationError as error:
            raise WrongUse(str(error)) from error


def check_aspects(_ctx: click.Context, _param: click.Parameter, aspects: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no aspect ratio; keep each one once, in the order given."""
    from worker.pipeline.crop.crop import parse_aspect  # noqa: PLC0415  heavy

    for aspect in aspects:
        try:
            parse_aspect(aspect)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
    return tuple(dict.fromkeys(aspects))


@click.group(cls=Thumbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="auto-thumbnail-picker", message="thumbs %(version)s")
def main() -> None:
    """Pick the best thumbnails of videos: of files, and of whatever a video platform announces."""


@main.command()
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
    callback=check_aspects,
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
    help="Find faces with YuNet from this ONNX file.",
)
@click.option(
    "--device", type=click.Choice(["auto", "cuda", "mps", "cpu"]), default="auto", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
@click.option("--report", "with_report", is_flag=True, help="Write a page that shows every candidate.")
def pick(
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
    from worker.local import json_document, run, terminal  # noqa: PLC0415  heavy
    from worker.pipeline.options import Options  # noqa: PLC0415  heavy
    from worker.pipeline.sandbox.decoder import Decoder  # noqa: PLC0415  heavy

    options = Options(count=count, aspects=aspects, title=title)
    outcomes = []
    with Decoder() as decoder:  # it starts while the model loads
        models = run.load_models(model, prompts, device, yunet)
        for outcome in run.pick_each(videos, options, models, decoder, out, with_report=with_report):
            outcomes.append(outcome)
            terminal.show(outcome, with_table=not as_json)
    if as_json:
        click.echo(json_document.render(outcomes))
    raise SystemExit(any(outcome.error for outcome in outcomes))


for command in (up, demo, doctor, accounts, jobs, show, events, requeue, sync, choose, release, options):
    main.add_command(command)
for command in (migrate, dispatch, analyze, publish):
    main.add_command(command)
