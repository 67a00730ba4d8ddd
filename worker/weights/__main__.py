"""`python -m worker.weights`: put models in place, and verify them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from worker import weights
from worker.errors import ThumbsError, WeightsMissing

FOLDER = click.Path(path_type=Path, file_okay=False)
folder_option = click.option("--dir", "folder", type=FOLDER, default=weights.FOLDER, show_default=True)


@click.group()
def main() -> None:
    """Put models in place, and verify them."""


@main.command()
@click.argument("name")
@click.option("--sha256", help="The file's sum, where the server does not name one.")
@click.option("--url", help="Take the file from here instead of from the model's page.")
@folder_option
def fetch(name: str, sha256: str | None, url: str | None, folder: Path) -> None:
    """Download the weights NAME (open_clip's ARCH:TAG), verify them, put them in place."""
    from worker.weights import download  # noqa: PLC0415 - `check` needs no network code

    try:
        file = download.fetch(name, folder, sha256=sha256, url=url, on_progress=_show_megabytes)
    except ThumbsError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name}: {file}")


@main.command()
@folder_option
def check(folder: Path) -> None:
    """Verify the sum of every file that ships with the product or was fetched."""
    is_whole = True
    for entry in weights.manifest().values():
        try:
            click.echo(f"ok       {entry.name}: {weights.path(entry.name, folder)}")
        except WeightsMissing as error:
            is_optional = not entry.file and not weights.is_fetched(entry.name, folder)
            click.echo(f"{'absent ' if is_optional else 'FAILED '}  {entry.name}: {error}")
            is_whole &= is_optional
    if not is_whole:
        raise SystemExit(1)


def _show_megabytes(done_bytes: int, total_bytes: int | None) -> None:
    """One line on a terminal that overwrites itself; nothing in a log."""
    if sys.stderr.isatty():
        total = f" of {total_bytes / 1e6:.0f}" if total_bytes else ""
        click.echo(f"\r{done_bytes / 1e6:.0f}{total} MB", nl=done_bytes == total_bytes, err=True)


if __name__ == "__main__":
    main(prog_name="python -m worker.weights")
