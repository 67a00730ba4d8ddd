"""`python -m worker.weights.training taste`: learn taste from judged frames, and measure it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import torch
from rich.console import Console
from safetensors.torch import save_file

from worker import weights
from worker.errors import ThumbsError
from worker.weights.training.taste import WORK, report
from worker.weights.training.taste.features.cues import CueSource
from worker.weights.training.taste.features.examples import see
from worker.weights.training.taste.features.present_score import ScoreSource
from worker.weights.training.taste.features.source import Kept
from worker.weights.training.taste.features.tower import TowerSource
from worker.weights.training.taste.features.trunk import ActivationSource, LayerSource
from worker.weights.training.taste.judge.teaching.teach import Teacher, taught_set
from worker.weights.training.taste.judged_set import read_judged_set, read_second_readings, sum_of
from worker.weights.training.taste.learners.rank_net import RankNet
from worker.weights.training.taste.learners.ridge import Ridge
from worker.weights.training.taste.progress import progress_bar
from worker.weights.training.taste.related import folds, related_groups
from worker.weights.training.taste.study import study
from worker.weights.training.taste.validation import Folds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.weights.training.taste.features.examples import Examples
    from worker.weights.training.taste.features.source import FeatureSource
    from worker.weights.training.taste.judged_set import JudgedVideo
    from worker.weights.training.taste.learners.learner import Learner
    from worker.weights.training.taste.related import Indices
    from worker.weights.training.taste.study import Study

BUNDLED = "lite"
TABLE_WIDTH = 120  #: characters, which a narrower terminal wraps
TRUNK, RIDGE = "trunk", "ridge"

RIDGE_GROUPS = ("middle layers", "faces")
CLIP_RIDGE_GROUPS = ("middle layers", "last layer", "faces")


@click.command("taste")
@click.option(
    "--set",
    "set_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of judged frames; docs/judged-frames.md says what is in it.",
)
@click.option(
    "--from-judge",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="In place of --set: a folder of your own videos, or of frames that wait for an order. The judge, a "
    "vision-language model, puts them in order; they are sent to it. Running again goes on.",
)
@click.option(
    "--set-out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("judged"),
    show_default=True,
    help="Where frames of your own videos are written, and their orders.",
)
@click.option("--judge-url", metavar="URL", help="The judge's address; JUDGE_URL without it.")
@click.option("--judge-model", metavar="NAME", help="Its model; JUDGE_MODEL without it.")
@click.option(
    "--judge-requests",
    type=click.IntRange(1),
    metavar="N",
    help="So many in this run at most. Without it, more than 1,000 are asked for only if you agree.",
)
@click.option("--model", default=BUNDLED, show_default=True, help="lite, or a CLIP as open_clip's ARCH:TAG.")
@click.option(
    "--learner",
    type=click.Choice([TRUNK, RIDGE]),
    help="What learns. trunk is for lite only, and its default; lite:FILE takes no file by ridge.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("taste.safetensors"),
    show_default=True,
)
@click.option(
    "--together",
    multiple=True,
    metavar="NAME,NAME...",
    help="Videos that are related for a reason that the set does not tell. May be repeated.",
)
@click.option("--folds", "fold_count", type=click.IntRange(2), default=8, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--device", default="auto", show_default=True, help="For a CLIP: auto, cuda, mps or cpu.")
@click.option("--train-only", is_flag=True, help="Write the weights, and measure nothing.")
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    default=WORK,
    show_default=True,
    help="Keeps what was measured and judged; running again goes on from there.",
)
def taste(
    set_folder: Path | None,
    from_judge: Path | None,
    set_out: Path,
    judge_url: str | None,
    judge_model: str | None,
    judge_requests: int | None,
    **wanted: Any,
) -> None:
    """Learn which frame an editor would show, and measure it on videos left out.

    Writes the weights, and a report beside them.
    """
    if (set_folder is None) == (from_judge is None):
        raise click.UsageError("give either --set or --from-judge")
    if wanted["learner"] == TRUNK and wanted["model"] != BUNDLED:
        raise click.UsageError("--learner trunk trains lite's own trunk; for another model, leave it out")
    torch.use_deterministic_algorithms(True)

    def check(videos: Sequence[JudgedVideo]) -> None:
        """Find out before the judge is asked whether the report will need more videos."""
        if not wanted["train_only"]:
            _dealt(videos, wanted["together"], wanted["fold_count"], wanted["seed"])

    try:
        if from_judge is not None:
            teacher = Teacher(judge_url, judge_model, judge_requests)
            set_folder = taught_set(from_judge, set_out, teacher, wanted["work"], check)
        if set_folder is not None:
            _learn(set_folder, **wanted)
    except ThumbsError as error:
        raise click.ClickException(str(error)) from error


def _learn(
    set_folder: Path,
    model: str,
    learner: str | None,
    out: Path,
    together: tuple[str, ...],
    fold_count: int,
    seed: int,
    device: str,
    train_only: bool,
    work: Path,
) -> None:
    """Learn from a set, measure what was learned unless only the weights are wanted, and write both."""
    trains_trunk = model == BUNDLED and learner != RIDGE
    videos = read_judged_set(set_folder)
    groups, dealt = ([], []) if train_only else _dealt(videos, together, fold_count, seed)
    second = read_second_readings(set_folder, videos)
    with progress_bar() as on_progress:
        examples = see(
            videos,
            _sources(model, device, trains_trunk, train_only),
            Kept(work / "seen"),
            lambda done: on_progress("frames", done),
            ActivationSource() if trains_trunk else None,
        )
        chosen = RankNet(seed) if trains_trunk else Ridge(_ridge_groups(model, examples))
        facts = _facts(model, chosen, videos, seed)
        found = None
        if not train_only:
            judged = Folds(examples, groups, dealt, seed, work / "judged")
            found = study(chosen, examples, second, judged, on_progress)
        on_progress("weights", 0.0)
        _save(chosen, examples, facts, out)
        on_progress("weights", 1.0)
    if found is not None:
        _tell(found, {**facts, "folds": fold_count}, videos, out)
    click.echo(f"wrote {out}: bytes = {out.stat().st_size}, sha256 = {weights.sha256(out)}")


def _dealt(
    videos: Sequence[JudgedVideo], together: Sequence[str], fold_count: int, seed: int
) -> tuple[list[Indices], list[Indices]]:
    """Divide videos into groups of related ones, and deal these to folds."""
    groups = related_groups(videos, [names.split(",") for names in together])
    return groups, folds(groups, fold_count, seed)


def _ridge_groups(model: str, examples: Examples) -> tuple[str, ...]:
    """Name what a ridge learns from; the last layer of `lite` adds nothing to its middle ones."""
    wanted = RIDGE_GROUPS if model == BUNDLED else CLIP_RIDGE_GROUPS
    return tuple(name for name in wanted if name in examples.features)


def _sources(model: str, device: str, trains_trunk: bool, train_only: bool) -> list[FeatureSource]:
    """List what is measured of frames: all of it for a report, else what the learner learns from."""
    tower: FeatureSource = LayerSource() if model == BUNDLED else TowerSource(model, device)
    learned_from: list[FeatureSource] = [] if trains_trunk else [tower, CueSource()]
    return learned_from if train_only else [tower, CueSource(), ScoreSource(model, device)]


def _tell(found: Study, facts: dict[str, Any], videos: tuple[JudgedVideo, ...], out: Path) -> None:
    console = Console()
    console.width = max(console.width, TABLE_WIDTH)
    for table in report.terminal_tables(found):
        console.print(table)
    click.echo(f"wrote {', '.join(str(file) for file in report.write(found, facts, videos, out))}")


def _save(learner: Learner, examples: Examples, facts: dict[str, Any], out: Path) -> None:
    tensors = {name: tensor.contiguous() for name, tensor in learner.fit(examples).tensors().items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    # One entry only: safetensors writes several in an order that changes, and with it the sum of the file.
    save_file(tensors, out, metadata={"training": json.dumps(facts)})


def _facts(model: str, learner: Learner, videos: tuple[JudgedVideo, ...], seed: int) -> dict[str, Any]:
    return {
        "model": model,
        "learner": learner.name,
        "videos": len(videos),
        "seed": seed,
        "set": sum_of(videos),
    }
