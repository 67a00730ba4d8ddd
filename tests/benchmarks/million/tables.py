"""Write the tables of docs/scale.md from the figures of the last runs.

python -m tests.benchmarks.million tables [--to docs/scale.md]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.million import figures
from tests.benchmarks.million.cost.prices import Assumptions
from tests.benchmarks.million.cost.table import measured_here, table
from tests.benchmarks.million.day.arrivals import A_MILLION, PEAK_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

GB = 1e9
LARGEST = 6  #: tables that are worth a line


def of_day() -> str:
    """Write what a video costs the service, with pictures in rows and in a bucket."""
    days = [figures.load(f"day-{where}") for where in ("database", "bucket")]
    rows = [
        ("videos, events", [f"{day['videos']:,}, {day['events']:,}" for day in days]),
        ("earlier videos in the tables", [f"{day['prefill']:,}" for day in days]),
        ("how they ended", [", ".join(f"{n} {end}" for end, n in day["ends"].items() if n) for day in days]),
        ("**for each video**", ["", ""]),
        ("statements, transactions", [_of_each(day, "statements", "transactions") for day in days]),
        ("cores of PostgreSQL, ms", [f"{day['each']['postgres_cores_ms']:.0f}" for day in days]),
        ("cores of our processes, ms", [f"{_python_ms(day):.0f}" for day in days]),
        ("of these, the dispatcher's turns", [_turns(day) for day in days]),
        ("write-ahead log, kB", [f"{day['each']['wal_bytes'] / 1000:.0f}" for day in days]),
        *_tables(days),
        ("rows updated, of them in place", [_updated(day) for day in days]),
        ("**in all**", ["", ""]),
        ("a job is due until claimed, p50 / p95 / p99, s", [_percentiles(day["lag_s"]) for day in days]),
        ("dispatcher's turn, cores, p50 / p95 / p99, s", [_percentiles(day["turn_s"]) for day in days]),
        ("**times a million (arithmetic)**", ["", ""]),
        ("added to the tables in a day, GB", [f"{_daily_gb(day):,.0f}" for day in days]),
        (
            "write-ahead log in a day, GB",
            [f"{_wal_gb(day):,.0f}" for day in days],
        ),
        ("PostgreSQL's cores at 50 videos a second", [_at_peak(day) for day in days]),
        ("vacuum, cores for a day, hours", [_vacuum_hours(day) for day in days]),
    ]
    return _markdown(("", "pictures in rows", "in a bucket"), [[what, *said] for what, said in rows])


def of_backfill() -> str:
    """Write what was measured while a backfill waits."""
    backlog, live = figures.load("backlog"), figures.load("live")
    lines = [
        [
            f"{decade['waiting']:,}",
            *(_ms(decade[name]) for name in ("turn_s", "count_s", "commit_s")),
            f"{decade['bytes'] / GB:.2f}",
        ]
        for decade in backlog["decades"]
    ]
    head = ("jobs that wait", "dispatcher's turn, ms", "counts, ms", "commit of an event, ms", "database, GB")
    said = [_markdown(head, lines)]
    if forecast := backlog["forecast"]:
        said.append(
            f"Foretold {forecast['foretold_bytes'] / GB:.2f} GB, found {forecast['found_bytes'] / GB:.2f} GB:"
            f" {100 * forecast['off_by']:+.1f} %."
        )
    return "\n\n".join([*said, of_live(live)])


def of_live(live: dict[str, Any]) -> str:
    """Write what live videos waited for, on an idle fleet and on a full one beside few jobs and many."""
    sides = {
        "idle": "idle: none waits",
        "few": f"full, {live['few']:,} wait",
        "backlog": f"full, {live['backlog']:,} wait",
    }
    lines = []
    for load in live["loads"]:
        for side, words in sides.items():
            found = load[side]
            seconds = ("commit_p50_s", "commit_p95_s", "way_p50_s", "way_p95_s")
            turn_ms = 1000 * found["dispatcher_cores_s"] / max(1, found["rounds"])
            done = [str(found["jobs_finished"]), f"{turn_ms:.0f}"]
            lines.append(
                [str(load["jobs_per_account"]), words, *(_ms(found[what]) for what in seconds), *done]
            )
        ratios = [f"{load[f'{what}_p95_by_size']:.2f}" for what in ("commit", "way")]
        lines.append(["", "**many / few**", "", f"**{ratios[0]}**", "", f"**{ratios[1]}**", "", ""])
    head = (
        "`JOBS_PER_ACCOUNT`",
        "slots",
        "commit, p50, ms",
        "p95, ms",
        "until claimed, p50, ms",
        "p95, ms",
        "jobs done",
        "our cores for a turn, ms",
    )
    return _markdown(head, lines)


def of_cost() -> str:
    """Write what sizes need, and cost."""
    return table(measured_here(), Assumptions())


TABLES = {"cost": of_cost, "day": of_day, "backfill": of_backfill}


def _markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _ms(seconds: float | None) -> str:
    return "ended by its time-out" if seconds is None else f"{1000 * seconds:.0f}"


def _of_each(day: dict[str, Any], *names: str) -> str:
    return ", ".join(f"{day['each'][name]:.0f}" for name in names)


def _python_ms(day: dict[str, Any]) -> float:
    return float(sum(act["python_ms"] for act in day["each"]["acts"].values()))


def _turns(day: dict[str, Any]) -> str:
    turn = day["each"]["acts"]["dispatch: turn"]
    return (
        f"{turn['python_ms']:.0f}, and {turn['postgres_ms']:.0f} of PostgreSQL, in {turn['times']:.1f} turns"
    )


def _updated(day: dict[str, Any]) -> str:
    rows = day["each"]["rows"]
    return f"{rows['updated']:.0f}, {rows['updated_in_place']:.0f}"


def _tables(days: Sequence[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    largest = sorted(days[0]["table_bytes"], key=lambda name: -days[0]["table_bytes"][name])[:LARGEST]
    return [
        (f"added to `{name}`, kB", [f"{day['table_bytes'].get(name, 0) / 1000:.1f}" for day in days])
        for name in largest
    ]


def _percentiles(values: dict[str, float]) -> str:
    return " / ".join(f"{value:.3f}" for value in values.values())


def _daily_gb(day: dict[str, Any]) -> float:
    return A_MILLION * float(sum(day["table_bytes"].values())) / GB


def _wal_gb(day: dict[str, Any]) -> float:
    return A_MILLION * float(day["each"]["wal_bytes"]) / GB


def _at_peak(day: dict[str, Any]) -> str:
    return f"{PEAK_PER_S * day['each']['postgres_cores_ms'] / 1000:.1f}"


def _vacuum_hours(day: dict[str, Any]) -> str:
    return f"{A_MILLION * day['vacuum']['cores_s'] / day['videos'] / 3600:.1f}"


def run(arguments: list[str]) -> int:
    """Put each table between its marks."""
    parser = argparse.ArgumentParser(prog="million tables", description=__doc__.partition("\n")[0])
    parser.add_argument("--to", type=Path, default=Path("docs/scale.md"), metavar="PAGE")
    page = parser.parse_args(arguments).to
    text = page.read_text()
    for name, write in TABLES.items():
        before, rest = text.split(f"<!-- {name} -->", 1)
        _, after = rest.split(f"<!-- /{name} -->", 1)
        text = f"{before}<!-- {name} -->\n{write()}\n<!-- /{name} -->{after}"
    page.write_text(text)
    return 0
