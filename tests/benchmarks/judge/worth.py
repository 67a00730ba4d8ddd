"""What judges are worth, from a coin to one that is nearly always right, through the product's own path.

    python -m tests.benchmarks.judge worth --set DIR --scores FILE [--sample N] [--only NAME] [--out FILE]

Each scripted judge (`scripted.py`) is asked over HTTP, by the product's own client, about the judged frames
of a set (`docs/judged-frames.md`). One half of the videos measures it, as `thumbs judge check` does; with the
say that it gets there, the pipeline picks on the other half; and the other way round. Related videos are in
one half. `--scores` are held-out scores, as training writes them, since the taste of the product has seen the
frames. Exits with 1 where a demand is missed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.judge.halves import Halves
from tests.benchmarks.judge.scripted import FAIR, GOOD, HARMLESS, judges
from tests.benchmarks.quality.quality_table import markdown
from tests.support.judge_server.known_frames import judged_worths
from worker.settings.judge import JudgeSettings
from worker.weights.training.taste.held_out import SCORES, read_scores
from worker.weights.training.taste.judged_set import read_judged_set

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.benchmarks.judge.halves import JudgeRow

LEAST_BEST = 0.85  #: of the videos in which the good judge's first pick is the best
NOBODY = "nobody (our score)"
HEADS = (
    "judge",
    "say",
    "pairs",
    "first is the best",
    "in the best three",
    "picks as without",
    "asks",
    "tokens",
)


def run(arguments: Sequence[str]) -> int:
    """Run as the command line asks."""
    given = _given(arguments)
    if not given.set.is_dir():
        print(f"skipped: {given.set} is no folder of judged frames (docs/judged-frames.md)")
        return 0
    videos = read_judged_set(given.set)
    tastes = read_scores(given.scores, videos)
    halves = Halves(videos[: given.sample], tastes[: given.sample], given.pictures, given.readings)
    scripts = judges(judged_worths(given.set))
    rows = {NOBODY: halves.without_a_judge()}
    for name in given.only or scripts:
        rows[name] = halves.row(scripts[name])
        print(f"{name}: {rows[name]}", file=sys.stderr, flush=True)
    text = table(rows)
    print(text)
    if given.out:
        given.out.write_text(text, "utf-8")
    missed = list(misses(rows))
    print("\n".join(missed) or "every demand is met")
    return int(bool(missed))


def table(rows: Mapping[str, JudgeRow]) -> str:
    """Write a row for each judge, as Markdown."""
    lines = [
        (
            name,
            row.says,
            str(row.pairs),
            str(row.is_best),
            str(row.in_best),
            f"{row.as_before:.0%}",
            f"{row.requests:.1f}",
            f"{row.tokens:,.0f}",
        )
        for name, row in rows.items()
    ]
    return markdown(HEADS, lines) + "\n"


def misses(rows: Mapping[str, JudgeRow]) -> Iterator[str]:
    """Yield a sentence for each demand that is missed."""
    ours = rows[NOBODY].is_best.value
    if GOOD in rows and rows[GOOD].is_best.value < LEAST_BEST:
        yield f"{GOOD}: the first pick is the best in {rows[GOOD].is_best}, not in {LEAST_BEST:.0%}"
    if FAIR in rows and rows[FAIR].is_best.value <= ours:
        yield f"{FAIR}: the first pick is the best in {rows[FAIR].is_best}, and without it in {ours:.1%}"
    for name in HARMLESS:
        if name in rows and rows[name].as_before < 1:
            yield f"{name}: it changes the picks of {1 - rows[name].as_before:.1%} of the videos"


def _given(arguments: Sequence[str]) -> argparse.Namespace:
    defaults = JudgeSettings.model_fields
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.judge worth", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--set", type=Path, required=True, metavar="DIR", help="folder of judged frames")
    parser.add_argument("--scores", type=Path, default=SCORES, metavar="FILE", help="held-out scores")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many videos")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this judge")
    parser.add_argument("--pictures", type=int, default=defaults["judge_pictures"].default, metavar="N")
    parser.add_argument("--readings", type=int, default=defaults["judge_readings"].default, metavar="N")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table there, too")
    return parser.parse_args(arguments)
