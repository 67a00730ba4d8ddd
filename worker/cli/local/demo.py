"""`thumbs demo`: the whole loop on one machine, beside a simulated platform."""

from __future__ import annotations

from pathlib import Path

import click

from worker.demo import loop
from worker.demo.bundled_clip import bundled_clip
from worker.errors import ThumbsError


@click.command()
@click.argument("video", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("thumbs-out/demo"),
    show_default=True,
    help="Folder for the pictures.",
)
@click.option(
    "--platform", default="mux", show_default=True, metavar="NAME", help="Which platform to simulate."
)
def demo_command(video: Path | None, out: Path, platform: str) -> None:
    """Show the whole loop: a webhook in, the thumbnail out.

    Runs the service, with servers of its own, beside a simulated platform for one VIDEO; without a VIDEO, it
    takes a clip that the tests use. It keeps only the pictures.
    """
    try:
        loop.run_demo(video or bundled_clip(), out, platform)
    except ThumbsError as error:
        raise click.ClickException(str(error)) from error
