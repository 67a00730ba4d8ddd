"""The commands that run programs of the service: all of it (`up`, `demo`), or one process of it each."""

from __future__ import annotations

from pathlib import Path

import click

from worker.errors import ThumbsError
from worker.standalone.supervisor import ProgramFailed


@click.command()
def up() -> None:
    """Run the whole service on this machine.

    Starts its own PostgreSQL and Valkey where DATABASE_URL and REDIS_URL are not set. Ctrl-C stops all of it
    in order; a second Ctrl-C does not wait.
    """
    from worker.settings import get_settings  # noqa: PLC0415  heavy
    from worker.standalone import service  # noqa: PLC0415  heavy

    try:
        service.run_service(get_settings())
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
    from worker.demo import loop as show  # noqa: PLC0415  heavy

    try:
        show.run_demo(video or show.bundled_clip(), out, platform)
    except ThumbsError as error:
        raise click.ClickException(str(error)) from error


@click.command()
def dispatch() -> None:
    """Tell workers what is due, until stopped."""
    from worker.dispatch import dispatcher  # noqa: PLC0415  heavy
    from worker.settings import get_settings  # noqa: PLC0415  heavy

    dispatcher.serve(get_settings())


@click.command()
def analyze() -> None:
    """Look at videos as they become ready, until stopped."""
    from worker.dispatch import worker_process  # noqa: PLC0415  heavy
    from worker.settings import get_settings  # noqa: PLC0415  heavy

    worker_process.analyze(get_settings())


@click.command()
def publish() -> None:
    """Write chosen thumbnails to their platforms, until stopped."""
    from worker.dispatch import worker_process  # noqa: PLC0415  heavy
    from worker.settings import get_settings  # noqa: PLC0415  heavy

    worker_process.publish(get_settings())
