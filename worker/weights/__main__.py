"""`python -m worker.weights`: put models in place, and verify them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from worker import weights
from worker.errors import ThumbsError, WeightsMissing
from worker.installation import extras

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    """Download the model NAME (open_clip's ARCH:TAG), verify it, put it in place.

    A tokenizer and heads of taste come with it, where it has some; ARCH alone, or with a checkpoint of your
    own (ARCH:/path/to/checkpoint), fetches the tokenizer.
    """
    extras.require("python -m worker.weights fetch", "worker")
    from worker.weights import download  # noqa: PLC0415 - `check` needs no network code

    try:
        fetched = download.fetch_model(name, folder, sha256=sha256, url=url)
    except ThumbsError as error:
        raise click.ClickException(str(error)) from error
    for path in fetched:
        click.echo(f"{name}: {path}")
    if not fetched:
        click.echo(
            f"{name}: there is nothing to fetch; all that it needs ships with the product, or is yours"
        )


@main.command("check")
@folder_option
def _check(folder: Path) -> None:
    """Verify the sum of every file that ships with the product or was fetched."""
    is_whole = True
    for name, find, is_there in _pieces(folder):
        try:
            click.echo(f"ok       {name}: {find()}")
        except WeightsMissing as error:
            click.echo(f"{'FAILED ' if is_there else 'absent '}  {name}: {error}")
            is_whole &= not is_there
    if not is_whole:
        raise SystemExit(1)


def _pieces(folder: Path) -> Iterator[tuple[str, Callable[[], Path], bool]]:
    """Yield what may be in place: its name, what finds and verifies it, and whether it has to be there."""
    for entry in weights.manifest().values():
        is_there = bool(entry.file) or weights.is_fetched(entry.name, folder)
        yield entry.name, partial(weights.path, entry.name, folder), is_there
    for tokenizer in sorted(weights.tokenizer_folder("", folder).glob("*")):
        remedy = "fetch its model again"
        yield tokenizer.name, partial(weights.tokenizer_path, tokenizer.name, remedy, folder), True
    for head in weights.heads().values():
        is_there = weights.head_file(head, folder).is_file()
        yield head.name, partial(weights.head_path, head, folder), is_there


if __name__ == "__main__":
    with extras.exit_where_missing("python -m worker.weights"):
        main(prog_name="python -m worker.weights")
