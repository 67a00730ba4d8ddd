"""What a long film costs in bytes, requests and seconds where only what is looked at is fetched.

    python -m tests.benchmarks.service.fetch [--minutes 5 20 120] [--latency-ms 30] [--folder DIR]

The films lie with a host on this machine that answers each request after a while. Each is picked from twice,
by the pieces that are looked at and from the whole file; the last column says whether the picks are equal.
Films are made once, in var/bench: 1 GB each for two hours.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.benchmarks.service.far_host import FarHost
from tests.benchmarks.service.long_films import FORMS, film
from tests.benchmarks.speed.footage import CACHE
from worker.download.fetch import DownloadLimits, fetch_video
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.scoring.models import Models
from worker.platforms.base import Rendition

COLUMNS = ("form", "minutes", "MB", "MB fetched", "share", "requests", "seconds", "candidates", "picks")
LIMITS = DownloadLimits(max_bytes=20 << 30, timeout_s=900, allow_loopback=True)


class Cost(NamedTuple):
    """What one run took."""

    total_bytes: int
    sent_bytes: int
    requests: int
    seconds: float
    candidates: int
    picks_s: list[float]


def cost(target: Path, models: Models, latency_s: float) -> Cost:
    """Pick from a film that a host far away has."""
    is_hls = target.suffix == ".m3u8"
    total_bytes = sum(file.stat().st_size for file in target.parent.iterdir())
    with (
        FarHost(target.parent, latency_s) as host,
        Decoder() as decoder,
        tempfile.TemporaryDirectory() as folder,
    ):
        decoder.begin(Path(folder))
        began_s = time.monotonic()
        file = fetch_video(Rendition(f"{host.url}/{target.name}", is_hls=is_hls), Path(folder), LIMITS)
        run = pick_thumbnails(file, Options(count=3), models, decoder)
        seconds = time.monotonic() - began_s
        file.close()
    picks_s = [pick.time_s for pick in run.picks]
    candidates = len(run.losers) + len(run.picks)
    return Cost(total_bytes, host.sent_bytes, host.requests, seconds, candidates, picks_s)


def whole(target: Path, models: Models) -> list[float]:
    """Pick from the file itself, as it lies there."""
    with Decoder() as decoder:
        run = pick_thumbnails(target, Options(count=3), models, decoder)
    return [pick.time_s for pick in run.picks]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[5.0, 20.0, 120.0])
    parser.add_argument("--forms", nargs="+", choices=[*FORMS], default=[*FORMS])
    parser.add_argument("--latency-ms", type=float, default=30.0)
    parser.add_argument("--folder", type=Path, default=CACHE / "films")
    asked = parser.parse_args()
    models = Models.load("lite")
    table = Table(*COLUMNS)
    for form in asked.forms:
        for minutes in asked.minutes:
            target = film(form, minutes, asked.folder)
            got = cost(target, models, asked.latency_ms / 1000)
            is_file = target.suffix != ".m3u8"
            verdict = "" if not is_file else "equal" if whole(target, models) == got.picks_s else "different"
            table.add_row(
                form,
                f"{minutes:g}",
                f"{got.total_bytes / 1e6:.0f}",
                f"{got.sent_bytes / 1e6:.1f}",
                f"{got.sent_bytes / got.total_bytes:.1%}",
                str(got.requests),
                f"{got.seconds:.1f}",
                str(got.candidates),
                verdict,
            )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
