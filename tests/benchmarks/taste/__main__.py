"""Order judged frames: ours against each peer and each single cue, by pairs of good frames.

    python -m tests.benchmarks.taste --set DIR [--scores FILE] [--out FILE]

`docs/judged-frames.md` describes a set. `--scores` are those that `python -m worker.weights.training taste`
wrote beside its weights: scores by heads that have not seen the video they judge, because the head of the
product has seen all. Says so, and does nothing, where there is no set.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.quality.quality_table import markdown
from tests.benchmarks.speed.footage import CACHE
from tests.benchmarks.taste.judged_peers import RULES, shown
from worker.errors import ThumbsError
from worker.weights.training.taste.features.present_score import ScoreSource
from worker.weights.training.taste.features.source import Kept
from worker.weights.training.taste.held_out import SCORES, product_score, read_scores
from worker.weights.training.taste.judged_set import read_judged_set
from worker.weights.training.taste.measures import figures, first_wins, lead, measure
from worker.weights.training.taste.report import HEADS, cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from worker.weights.training.taste.judged_set import JudgedVideo

    Scores = list[NDArray[np.float64]]

OURS, TASTE_ALONE = "ours", "our taste alone"


def main() -> int:
    """Run as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", type=Path, required=True, metavar="DIR", help="folder of judged frames")
    parser.add_argument("--scores", type=Path, default=SCORES, metavar="FILE", help="held-out scores")
    parser.add_argument("--model", default="lite", help="whose score is measured")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table there, too")
    given = parser.parse_args()
    if not given.set.is_dir():
        print(f"skipped: {given.set} is no folder of judged frames (docs/judged-frames.md)")
        return 0
    try:
        videos = read_judged_set(given.set)
        taste = read_scores(given.scores, videos) if given.scores.is_file() else None
        text = table(videos, scores(videos, taste, given.model))
    except ThumbsError as error:
        print(error, file=sys.stderr)
        return 1
    print(text + note(videos, taste, given.scores))
    if given.out:
        given.out.write_text(text, encoding="utf-8")
    return 0


def scores(videos: Sequence[JudgedVideo], taste: Scores | None, model: str) -> dict[str, Scores]:
    """Score every frame by everybody; ours come first."""
    kept, source = Kept(CACHE / "taste"), ScoreSource(model)
    found: dict[str, Scores] = {name: [] for name in RULES}
    product = []
    for number, video in enumerate(videos):
        print(f"{number + 1}/{len(videos)} {video.name}", file=sys.stderr)
        product.append(product_score(kept.look(source, video), taste[number] if taste else None))
        seen = shown(video)
        for name, rule in RULES.items():
            found[name].append(rule(seen))
    ours: dict[str, Scores] = {}
    if all(one is not None for one in product):
        ours[OURS] = [one for one in product if one is not None]
    return ours | ({TASTE_ALONE: taste} if taste else {}) | found


def table(videos: Sequence[JudgedVideo], by_name: Mapping[str, Scores]) -> str:
    """Write a row for everybody, and how the first of them compares with each."""
    ranks = [video.ranks for video in videos]
    measured = {
        name: [measure(rank, one) for rank, one in zip(ranks, scored, strict=True)]
        for name, scored in by_name.items()
    }
    ours = next(iter(by_name))
    rows = [
        (
            name,
            *cells(figures(measured[name])),
            "" if name == ours else _signed(lead(measured[ours], measured[name])),
            "" if name == ours else str(first_wins(ranks, by_name[ours], by_name[name])),
        )
        for name in by_name
    ]
    return markdown(("order by", *HEADS, f"{ours} leads by", f"{ours}: first is better"), rows) + "\n"


def note(videos: Sequence[JudgedVideo], taste: Scores | None, file: Path) -> str:
    """Say what the table is made of."""
    frames = sum(len(video.frames) for video in videos)
    told = f"\n{len(videos)} videos, {frames} frames; 95 % intervals in brackets, by bootstrap over videos.\n"
    if taste is None:
        return told + f"No {file}: what taste adds is left out. Training writes it beside the weights.\n"
    return told + "Our taste is that of heads trained without the video they judge and its relatives.\n"


def _signed(found: tuple[float, float, float]) -> str:
    mean, low, high = (100 * one for one in found)
    return f"{mean:+.1f} ({low:+.0f} to {high:+.0f})"


if __name__ == "__main__":
    sys.exit(main())
