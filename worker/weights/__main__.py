"""`python -m worker.weights`: put models in place, and verify them."""

from __future__ import annotations

from pathlib import Path

import click

from worker import weights
from worker.errors import ThumbsError, WeightsMissing

FOLDER = click.Path(path_type=Path, file_okay=False)
folder_option = click.option("--dir", "folder", type=FOLDER, default=weights.FOLDER, show_default=True)


@click.group()
def main() -> None:
    """Put models in place, and verify them."""


@main.command("fetch")
@click.argument("name")
@click.option("--sha256", help="The file's sum, where the server does not name one.")
@click.option("--url", help="Take the file from here instead of from the model's page.")
@folder_option
def _fetch(name: str, sha256: str | None, url: str | None, folder: Path) -> None:
    """Download the weights NAME (open_clip's ARCH:TAG), verify them, put them in place."""
    from worker.weights import download  # noqa: PLC0415 - `check` needs no network code

    try:
        file = download.fetch_weights(name, folder, sha256=sha256, url=url)
    except ThumbsError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name}: {file}")


@main.command("check")
@folder_option
def _check(folder: Path) -> None:
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


if __name__ == "__main__":
    main(prog_name="python -m worker.weights")
