"""What is assumed for the table of costs; each is an option of `cost`."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import argparse

DAYS_OF_MONTH = 30.4


def _assumed(value: float, what: str) -> Any:
    return field(default=value, metadata={"what": what})


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Prices in US dollars, as large clouds asked in 2026 without any discount, and what videos are like."""

    mean_minutes: float = _assumed(5.0, "length of a video, in minutes")
    mbit_per_s: float = _assumed(1.5, "bit rate of the rendition that is scanned")
    fetched_share: float = _assumed(1.0, "of its bytes that are fetched: 1 up to 64 MiB, .055 of two hours")
    scan_factor: float = _assumed(1.5, "cores of a video of that length, times those of the measured clips")
    filmstrip_factor: float = _assumed(3.0, "bytes of its filmstrip, times those of the measured clips")
    scored: float = _assumed(100.0, "pictures of it that the model looks at: no video has more")
    peak: float = _assumed(4.3, "videos a second at the peak, times the mean")
    full: float = _assumed(0.7, "share of a core or a GPU that is used at the peak")
    l4_per_s: float = _assumed(150.0, "pictures a second, in two views each, of a ViT-L/14 on an L4")
    h100_per_s: float = _assumed(1220.0, "the same on an H100")
    events_days: float = _assumed(30.0, "days that webhooks are kept (EVENTS_RETENTION_DAYS)")
    jobs_days: float = _assumed(90.0, "days that jobs are kept (JOBS_RETENTION_DAYS)")
    filmstrip_days: float = _assumed(90.0, "days that filmstrips are kept (CANDIDATES_RETENTION_DAYS)")
    pictures_days: float = _assumed(365.0, "days of videos that are in the table: assets and thumbnails stay")
    slot_gb: float = _assumed(3.2, "memory for each video at once: 6 GiB for two, as in the Helm chart")
    core_hour: float = _assumed(0.04, "price of a core for an hour, with 4 GB of memory")
    l4_hour: float = _assumed(0.70, "price of an L4 for an hour")
    h100_hour: float = _assumed(4.00, "price of an H100 for an hour")
    disk_gb_month: float = _assumed(0.12, "price of a GB of database disk for a month")
    bucket_gb_month: float = _assumed(0.023, "price of a GB in a bucket for a month")
    put_million: float = _assumed(5.0, "price of a million PUT requests")
    egress_gb: float = _assumed(0.05, "price of a GB that the video platform sends to us")

    @classmethod
    def add_to(cls, parser: argparse.ArgumentParser) -> None:
        """Make an option of each."""
        for one in fields(cls):
            name = f"--{one.name.replace('_', '-')}"
            said = f"{one.metadata['what']} ({one.default})"
            parser.add_argument(name, type=float, default=one.default, metavar="X", help=said)

    @classmethod
    def of(cls, given: argparse.Namespace) -> Self:
        """Read them from the command line."""
        return cls(**{one.name: getattr(given, one.name) for one in fields(cls)})
