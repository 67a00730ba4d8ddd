"""What is foretold and what is asked for in money add up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.benchmarks.million.backlog.forecast import foretell, kept_bytes
from tests.benchmarks.million.cost import table as cost
from tests.benchmarks.million.cost.prices import Assumptions
from tests.benchmarks.million.lines import Line, Panel, chart
from tests.benchmarks.million.postgres import TableBytes

MEASURED = cost.Measured(
    cores_s={"probe": 0.1, "scan": 0.4, "score": 1.5, "pick": 0.0, "stills": 0.5},
    service_cores_s=0.05,
    postgres_cores_s=0.02,
    wal_bytes=1e6,
    transactions=20.0,
    table_bytes={"assets": 1e3, "events": 1e4, "candidates": 1e6},
    bucket_table_bytes={"assets": 1e3, "events": 1e4, "candidates": 1e5},
    filmstrip_bytes=8e5,
    still_bytes=2e5,
)


def need(what: str, videos: int = 1_000_000, **changes: float) -> cost.Need:
    """Return one line of the table."""
    lines = cost.needs(videos, MEASURED, replace(Assumptions(), **changes))
    return next(line for line in lines if line.what == what)


def test_tables_grow_with_videos_and_small_ones_are_left_out() -> None:
    """A hundred times the videos, a hundred times the bytes."""
    sizes = {"assets": TableBytes(10_000_000, 20_000_000, 8192), "accounts": TableBytes(8192, 16384, 0)}
    assert foretell(sizes, 100_000, 10_000_000) == {"assets": pytest.approx(3_000_819_200)}


def test_what_is_kept_for_a_while_stops_growing() -> None:
    """What is kept for ever does not."""
    daily, days = {"assets": 1.0, "candidates": 100.0}, {"candidates": 7.0}
    assert kept_bytes(daily, days, 3) == {"assets": 3.0, "candidates": 300.0}
    assert kept_bytes(daily, days, 30) == {"assets": 30.0, "candidates": 700.0}


def test_the_database_holds_what_its_retention_keeps() -> None:
    """Each table its own days."""
    found = need("database, pictures in rows")
    days = Assumptions()
    filmstrips = 1e6 * days.filmstrip_factor * days.filmstrip_days
    each = 1e3 * days.pictures_days + 1e4 * days.events_days + filmstrips
    assert found.amount == pytest.approx(1_000_000 * each / 1e9)
    assert found.usd_month == pytest.approx(found.amount * days.disk_gb_month)


def test_ten_times_the_videos_need_ten_times_as_much_of_everything() -> None:
    """Nothing here has a fixed part."""
    pairs = zip(
        cost.needs(100_000, MEASURED, Assumptions()),
        cost.needs(1_000_000, MEASURED, Assumptions()),
        strict=True,
    )
    for small, large in pairs:
        assert large.amount == pytest.approx(10 * small.amount)
        assert large.usd_month == pytest.approx(10 * small.usd_month)


def test_the_peak_decides_how_many_cores_there_are_and_the_mean_what_they_cost() -> None:
    """As workers come and go with the load."""
    calm, spiky = (need("decode, measure, cut", peak=peak) for peak in (1.0, 5.0))
    assert spiky.amount == pytest.approx(5 * calm.amount)
    assert spiky.usd_month == pytest.approx(calm.usd_month)


def test_the_database_is_as_large_at_night() -> None:
    """Its cores are paid for as the peak needs them."""
    calm, spiky = (need("PostgreSQL", peak=peak) for peak in (1.0, 5.0))
    assert spiky.usd_month == pytest.approx(5 * calm.usd_month)


def test_a_longer_video_has_a_longer_filmstrip_wherever_it_lies() -> None:
    """In rows, in the bucket, and in the write-ahead log; its stills are as large."""
    for what, in_clips in (
        ("database, pictures in rows", 1e6 * Assumptions().filmstrip_days),
        ("and the bucket", MEASURED.filmstrip_bytes * Assumptions().filmstrip_days),
        ("its WAL, pictures in rows", 1e6),
    ):
        short, long = (need(what, filmstrip_factor=factor).amount for factor in (1.0, 3.0))
        assert long - short == pytest.approx(1_000_000 * 2 * in_clips / 1e9)


def test_fetching_less_costs_less_egress() -> None:
    """In proportion."""
    assert need("fetched from platforms", fetched_share=0.07).amount == pytest.approx(
        0.07 * need("fetched from platforms").amount
    )


def test_the_table_says_what_was_measured_and_what_was_assumed() -> None:
    """In each line, and every line has a cell for each size."""
    lines = cost.table(MEASURED, Assumptions()).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    sources = {line.split("|")[1].strip(): line.split("|")[-2].strip() for line in lines[2:]}
    assert sources["PostgreSQL"] == "measured x videos"
    assert sources["database, pictures in rows"] == "measured x length x videos"
    assert any(line.startswith("| fetched from platforms") and line.endswith("assumed |") for line in lines)


def test_a_chart_draws_each_line_within_its_panel() -> None:
    """Equal ratios are equally far apart."""
    line = Line("turn", [1e4, 1e5, 1e6], [1.0, 20.0, 3.0])
    drawn = chart("A chart", [Panel("ms", "waiting", [line], is_log=True, is_log_up=True)])
    (points,) = [part.split('"')[0] for part in drawn.split('points="')[1:]]
    places = [tuple(map(float, place.split(","))) for place in points.split()]
    assert [x for x, _ in places] == pytest.approx([70.0, 495.0, 920.0])
    assert all(76 <= y <= 276 for _, y in places)
    assert "1 M" in drawn
