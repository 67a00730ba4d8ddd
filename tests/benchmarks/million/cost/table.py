"""Compute what a day of videos needs: cores, GPUs, memory, disk, bytes and money.

    python -m tests.benchmarks.million cost [--mean-minutes 5] [--core-hour 0.04] ...

Everything here is arithmetic. What it starts from is measured where a line says so: the cores of a clip by
`measure`, rows and WAL by `day`. How much more a longer video takes, and all else, is assumed (`prices.py`),
and each assumption is an option.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.benchmarks.million import figures
from tests.benchmarks.million.cost.prices import DAYS_OF_MONTH, Assumptions
from tests.benchmarks.million.cost.video_cost import VideoCost, mean_cores_s, video_costs
from tests.benchmarks.million.day.arrivals import DAY_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
GB = 1e9
#: What one would have of the lines that exclude each other.
IN_ALL = (
    "decode, measure, cut",
    "score with `lite`, on cores",
    "receiver, dispatcher, rows",
    "PostgreSQL",
    "or: database, pictures in a bucket",
    "and the bucket",
    "its requests",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one video costs, as measured on this machine."""

    cores_s: Mapping[str, float]  #: by stage
    service_cores_s: float  #: receiver, dispatcher, and the rows' part of workers
    postgres_cores_s: float
    wal_bytes: float
    transactions: float
    table_bytes: Mapping[str, float]  #: with pictures in rows
    bucket_table_bytes: Mapping[str, float]  #: with pictures in a bucket
    filmstrip_bytes: float
    still_bytes: float

    @classmethod
    def of(cls, costs: Sequence[VideoCost], rows: Mapping[str, Any], bucket: Mapping[str, Any]) -> Measured:
        """Read it from the clips' costs, and from the figures of the two simulated days."""
        each = rows["each"]
        return cls(
            cores_s=mean_cores_s(costs),
            service_cores_s=sum(act["python_ms"] for act in each["acts"].values()) / 1000,
            postgres_cores_s=each["postgres_cores_ms"] / 1000,
            wal_bytes=each["wal_bytes"],
            transactions=each["transactions"],
            table_bytes=rows["table_bytes"],
            bucket_table_bytes=bucket["table_bytes"],
            filmstrip_bytes=sum(sum(cost.filmstrip_bytes) for cost in costs) / len(costs),
            still_bytes=sum(sum(cost.still_bytes) for cost in costs) / len(costs),
        )


class Grounds(StrEnum):
    """What a line starts from; times videos it is arithmetic in any case."""

    MEASURED = "measured x videos"
    LENGTHENED = "measured x length x videos"
    ASSUMED = "assumed"


class Need(NamedTuple):
    """One line of the table."""

    what: str
    amount: float
    unit: str
    usd_month: float = 0.0
    grounds: Grounds = Grounds.ASSUMED


def needs(videos: int, measured: Measured, assumed: Assumptions) -> list[Need]:
    """Compute what so many videos a day need.

    Args:
        videos: a day.
        measured: what each costs.
        assumed: prices, and what videos are like.
    """
    found = [*_machines(videos, measured, assumed), *_bytes(videos, measured, assumed)]
    dollars = sum(need.usd_month for need in found if need.what in IN_ALL)
    return [
        *found,
        Need("in all, with `lite` and a bucket, without what is fetched", dollars, "dollars a month"),
    ]


def _machines(videos: int, measured: Measured, assumed: Assumptions) -> list[Need]:
    """Compute what the peak needs of cores and GPUs; of workers, which come and go, the mean is paid for."""
    mean_per_s = videos / DAY_S
    at_peak = mean_per_s * assumed.peak / assumed.full

    def cores(what: str, seconds: float, grounds: Grounds, *, of_peak: float = 1 / assumed.peak) -> Need:
        needed = at_peak * seconds
        paid = needed * of_peak * assumed.core_hour * 24 * DAYS_OF_MONTH
        return Need(what, needed, "cores at the peak", paid, grounds)

    decode_s = assumed.scan_factor * sum(
        seconds for stage, seconds in measured.cores_s.items() if stage != "score"
    )
    score_s = measured.cores_s["score"] * assumed.scored / _mean_scored()
    l4_s, h100_s = assumed.scored / assumed.l4_per_s, assumed.scored / assumed.h100_per_s
    gpu_hours = mean_per_s / assumed.full * 24 * DAYS_OF_MONTH
    added = measured.table_bytes["candidates"] * (assumed.filmstrip_factor - 1)
    wal_gb = videos * (measured.wal_bytes + added) / GB
    return [
        cores("decode, measure, cut", decode_s, Grounds.LENGTHENED),
        cores("score with `lite`, on cores", score_s, Grounds.LENGTHENED),
        Need(
            "or score with ViT-L/14: L4",
            at_peak * l4_s,
            "GPUs at the peak",
            gpu_hours * l4_s * assumed.l4_hour,
        ),
        Need("or: H100", at_peak * h100_s, "GPUs at the peak", gpu_hours * h100_s * assumed.h100_hour),
        Need("memory of workers", at_peak * (decode_s + score_s) * assumed.slot_gb, "GB at the peak"),
        cores("receiver, dispatcher, rows", measured.service_cores_s, Grounds.MEASURED),
        cores("PostgreSQL", measured.postgres_cores_s, Grounds.MEASURED, of_peak=1.0),
        Need(
            "its transactions",
            mean_per_s * assumed.peak * measured.transactions,
            "a second at the peak",
            grounds=Grounds.MEASURED,
        ),
        Need("its WAL, pictures in rows", wal_gb, "GB a day", grounds=Grounds.LENGTHENED),
    ]


def lengthened(table_bytes: Mapping[str, float], assumed: Assumptions) -> dict[str, float]:
    """Return what a video of the assumed length adds to each table: a longer one has more candidates."""
    factors = {"candidates": assumed.filmstrip_factor}
    return {name: size * factors.get(name, 1.0) for name, size in table_bytes.items()}


def kept_days(assumed: Assumptions) -> dict[str, float]:
    """Say how many days each table keeps its rows."""
    return {
        "events": assumed.events_days,
        "deliveries": assumed.events_days,
        "jobs": assumed.jobs_days,
        "job_log": assumed.jobs_days,
        "candidates": assumed.filmstrip_days,
    }


def stored_gb(videos: int, table_bytes: Mapping[str, float], assumed: Assumptions) -> float:
    """Compute the database's size after as many days as videos are kept, in GB."""
    days, added = kept_days(assumed), lengthened(table_bytes, assumed)
    each = sum(size * days.get(name, assumed.pictures_days) for name, size in added.items())
    return videos * each / GB


def _bytes(videos: int, measured: Measured, assumed: Assumptions) -> list[Need]:
    """Compute what is stored, and what is sent."""
    grounds = Grounds.LENGTHENED
    in_rows_gb = stored_gb(videos, measured.table_bytes, assumed)
    in_bucket_gb = stored_gb(videos, measured.bucket_table_bytes, assumed)
    filmstrips = measured.filmstrip_bytes * assumed.filmstrip_factor * assumed.filmstrip_days
    pictures_gb = videos * (filmstrips + measured.still_bytes * assumed.pictures_days) / GB
    puts = videos * (1 + _mean_stills()) * DAYS_OF_MONTH
    fetched_gb = videos * assumed.mean_minutes * 60 * assumed.mbit_per_s / 8 / 1000 * assumed.fetched_share
    return [
        Need("database, pictures in rows", in_rows_gb, "GB", in_rows_gb * assumed.disk_gb_month, grounds),
        Need(
            "or: database, pictures in a bucket",
            in_bucket_gb,
            "GB",
            in_bucket_gb * assumed.disk_gb_month,
            grounds,
        ),
        Need("and the bucket", pictures_gb, "GB", pictures_gb * assumed.bucket_gb_month, grounds),
        Need("its requests", puts / 1e6, "million PUTs a month", puts / 1e6 * assumed.put_million),
        Need(
            "fetched from platforms",
            fetched_gb / 1000,
            "TB a day",
            fetched_gb * DAYS_OF_MONTH * assumed.egress_gb,
        ),
        Need("the same at the peak", fetched_gb * 8 / DAY_S * assumed.peak, "Gbit/s"),
    ]


def _mean_scored() -> float:
    costs = video_costs()
    return sum(cost.scored for cost in costs) / len(costs)


def _mean_stills() -> float:
    costs = video_costs()
    return sum(len(cost.still_bytes) for cost in costs) / len(costs)


def table(measured: Measured, assumed: Assumptions) -> str:
    """Write the table, as Markdown: a line for each need, a column for each size."""
    columns = [needs(videos, measured, assumed) for videos in SIZES]
    head = "| | unit | " + " | ".join(f"{videos:,}" for videos in SIZES) + " | |\n|---|---|" + "---|" * 5
    lines = [head]
    for line in zip(*columns, strict=True):
        first = line[0]
        cells = [f"{said(need.amount)}{_money(need)}" for need in line]
        lines.append(f"| {first.what} | {first.unit} | " + " | ".join(cells) + f" | {first.grounds} |")
    return "\n".join(lines)


def said(amount: float) -> str:
    """Write a number with two digits that count."""
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.2g}"


def _money(need: Need) -> str:
    return f" (${said(need.usd_month)})" if need.usd_month else ""


def measured_here() -> Measured:
    """Read what was measured last.

    Raises:
        FileNotFoundError: a part was not run yet.
    """
    return Measured.of(video_costs(), figures.load("day-database"), figures.load("day-bucket"))


def run(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="million cost", description=__doc__.partition("\n")[0])
    Assumptions.add_to(parser)
    assumed = Assumptions.of(parser.parse_args(arguments))
    measured = measured_here()
    print(table(measured, assumed))
    print("\nIn brackets: dollars a month. Assumed:", asdict(assumed))
    return 0
