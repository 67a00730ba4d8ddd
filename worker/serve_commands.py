"""The commands that run the service: `thumbs up` and `thumbs demo`."""

from __future__ import annotations

from pathlib import Path

import click

from worker.errors import ThumbsError
from worker.supervisor import ProgramFailed


@click.command()
def up() -> None:
    """Run the whole service on this machine.

    Starts its own PostgreSQL and Valkey where DATABASE_URL and REDIS_URL are not set. Ctrl-C stops all of it
    in order; a second Ctrl-C does not wait.
    """
    from worker import up as service  # noqa: PLC0415  heavy
    from worker.settings import settings  # noqa: PLC0415  heavy

    try:
        service.run(settings())
    except ProgramFailed as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.argument("video", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("thumbs-out/demo"),
    show_default=True,
    help="Folder for the pictures.",
)
@click.option("--platform", default="mux", show_default=True, metavar="NAME", help="Which one to simulate.")
def demo(video: Path | None, out: Path, platform: str) -> None:
    """Show the whole loop: a webhook in, the thumbnail out.

    Runs the service with servers of its own beside a simulated platform, for one VIDEO; a clip that the tests
    use where none is given. Nothing but the pictures is kept.
    """
    from worker import demo as show  # noqa: PLC0415  heavy

    try:
        show.run(video or show.bundled_clip(), out, platform)
    except ThumbsError as error:
        raise click.ClickException(str(error)) from error
