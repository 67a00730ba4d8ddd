"""Draw what the parts measured, as SVG: docs/images/million-*.svg.

python -m tests.benchmarks.million plots [--to docs/images]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.million import figures
from tests.benchmarks.million.backlog.forecast import kept_bytes
from tests.benchmarks.million.cost.prices import Assumptions
from tests.benchmarks.million.cost.table import SIZES, kept_days, lengthened, measured_here, needs
from tests.benchmarks.million.day.arrivals import A_MILLION, HOURS, per_s
from tests.benchmarks.million.lines import Line, Panel, chart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

GB, TB = 1e9, 1e12
DAYS = 360


def over_the_day() -> str:
    """Draw how many videos come, and how long jobs wait and the dispatcher turns meanwhile."""
    hours = figures.load("day-database")["hours"]
    at = [hour["hour"] for hour in hours]
    quarters = [number / 4 for number in range(4 * HOURS + 1)]
    return chart(
        "A day of a million videos",
        [
            Panel("videos a second", "hour", [Line("come", quarters, [per_s(hour) for hour in quarters])]),
            Panel(
                "seconds",
                "hour",
                [
                    Line("job due until claimed, p95", at, [hour["lag_p95_s"] for hour in hours]),
                    Line("dispatcher's turn, p95", at, [hour["turn_p95_s"] for hour in hours]),
                ],
            ),
        ],
    )


def over_days() -> str:
    """Draw how large the database becomes, with pictures in rows and in a bucket."""
    days = list(range(0, DAYS + 1, 5))
    panels = []
    for where, title in (("database", "TB, pictures in rows"), ("bucket", "TB, pictures in a bucket")):
        each = lengthened(figures.load(f"day-{where}")["table_bytes"], Assumptions())
        daily = {name: size * A_MILLION for name, size in each.items()}
        panels.append(
            Panel(
                title,
                "day",
                [
                    Line("nothing removed", days, [sum(daily.values()) * day / TB for day in days]),
                    Line("by retention", days, [_kept_tb(daily, day) for day in days]),
                    Line("filmstrips 7 days", days, [_kept_tb(daily, day, 7.0) for day in days]),
                ],
            )
        )
    return chart("The database at a million videos a day", panels)


def _kept_tb(daily: Mapping[str, float], day: int, filmstrip_days: float | None = None) -> float:
    assumed = Assumptions()
    if filmstrip_days is not None:
        assumed = Assumptions(filmstrip_days=filmstrip_days)
    return sum(kept_bytes(daily, kept_days(assumed), day).values()) / TB


def over_the_backlog() -> str:
    """Draw what is asked again and again, while ever more jobs of a backfill wait."""
    found = figures.load("backlog")
    lines = {
        "dispatcher's turn": "turn_s",
        "counts for metrics": "count_s",
        "commit of a live event": "commit_s",
    }
    sizes = [_over_waiting("found", found, lambda decade: decade["bytes"] / GB)]
    if forecast := found["forecast"]:
        each_gb = forecast["foretold_bytes"] / found["assets"] / GB
        sizes.append(_over_waiting("foretold", found, lambda decade: each_gb * decade["waiting"]))
    return chart(
        "A backfill waits",
        [
            Panel(
                "milliseconds",
                "jobs that wait",
                [
                    _over_waiting(name, found, lambda decade, key=key: 1000 * decade[key], unless=key)
                    for name, key in lines.items()
                ],
                is_log=True,
            ),
            Panel("GB on disk", "jobs that wait", sizes, is_log=True),
        ],
    )


def _over_waiting(
    name: str, found: dict[str, Any], value: Callable[[dict[str, Any]], float], *, unless: str = "bytes"
) -> Line:
    """Draw a value over the jobs that waited, without what a time-out ended."""
    decades = [decade for decade in found["decades"] if decade[unless] is not None]
    return Line(name, [decade["waiting"] for decade in decades], [value(decade) for decade in decades])


def costs() -> str:
    """Draw what a month costs, by what is paid for."""
    measured, assumed = measured_here(), Assumptions()
    rows = {need.what: need for need in needs(A_MILLION, measured, assumed)}
    sizes = [float(size) for size in SIZES]
    chosen = {
        "decode, score": ("decode, measure, cut", "score with `lite`, on cores"),
        "service, PostgreSQL": ("receiver, dispatcher, rows", "PostgreSQL"),
        "disk, pictures in rows": ("database, pictures in rows",),
        "disk and bucket": ("or: database, pictures in a bucket", "and the bucket", "its requests"),
        "egress": ("fetched from platforms",),
    }
    lines = []
    for name, parts in chosen.items():
        dollars = sum(rows[part].usd_month for part in parts)
        lines.append(Line(name, sizes, [dollars * size / A_MILLION for size in sizes]))
    return chart("Money for a month", [Panel("dollars", "videos a day", lines, is_log=True, is_log_up=True)])


PLOTS = {"day": over_the_day, "sizes": over_days, "backlog": over_the_backlog, "cost": costs}


def run(arguments: list[str]) -> int:
    """Draw every plot whose figures are there."""
    parser = argparse.ArgumentParser(prog="million plots", description=__doc__.partition("\n")[0])
    parser.add_argument("--to", type=Path, default=Path("docs/images"), metavar="FOLDER")
    given = parser.parse_args(arguments)
    for name, draw in PLOTS.items():
        path = given.to / f"million-{name}.svg"
        path.write_text(draw())
        print(path)
    return 0
