"""What the platforms tell of how often a video is seen, asked as they document it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from tests.support.platforms.mux_server import mux
from tests.support.platforms.scripted_server import Answer
from tests.support.platforms.simulated_account import clip, simulated
from worker.demo.simulator.audience import Audience, ViewCounts
from worker.demo.simulator.checks.budget import Allowance
from worker.errors import CredentialsRefused, PublishRejected, RateLimited
from worker.platforms import PLATFORMS
from worker.platforms.statistics import Counts, Granularity, Hour

if TYPE_CHECKING:
    from pathlib import Path

    from worker.demo.simulator import Simulated
    from worker.demo.simulator.vendors.bunny import SimulatedBunny
    from worker.demo.simulator.vendors.mux import SimulatedMux
    from worker.demo.simulator.vendors.wistia import SimulatedWistia

FROM = datetime(2026, 11, 1, tzinfo=UTC)
TO = FROM + timedelta(days=1)
TELLING = sorted(name for name, one in PLATFORMS.items() if one.capabilities.counts is not Counts.NONE)


def audience_of(vendor: Simulated) -> Audience:
    """The viewers of a platform that has statistics."""
    return cast("SimulatedBunny | SimulatedMux | SimulatedWistia", vendor).audience


def seen(plays: int) -> ViewCounts:
    """So many plays, of four times as many loads, each of which lasted a minute."""
    return ViewCounts(plays, loads=4 * plays, watched_s=60.0 * plays)


def test_three_platforms_tell() -> None:
    """The others are refused a test by days, or have their numbers posted."""
    assert TELLING == ["bunny", "mux", "wistia"]


@pytest.mark.parametrize("name", TELLING)
def test_views_of_one_video_within_the_time_are_told(name: str, tmp_path: Path) -> None:
    """Nothing of the day before or after, nor of another video."""
    with simulated(name) as (vendor, ours):
        wanted, other = vendor.upload(clip(tmp_path)), vendor.upload(clip(tmp_path))
        for asset_id, at in ((wanted, FROM), (wanted, TO - timedelta(minutes=1)), (other, FROM)):
            audience_of(vendor).come(asset_id, at, seen(7))
        for at in (FROM - timedelta(minutes=1), TO):
            audience_of(vendor).come(wanted, at, seen(100))
        told = ours.stats(wanted, FROM, TO)

    assert sum(hour.views for hour in told) == 14
    assert all(FROM <= hour.at < TO for hour in told)
    is_hourly = ours.capabilities.counts_by is Granularity.HOUR
    assert [hour.at for hour in told if hour.views] == (
        [FROM, FROM + timedelta(hours=23)] if is_hourly else [FROM]
    )


@pytest.mark.parametrize(
    ("name", "watch_s", "impressions"), [("bunny", None, None), ("mux", 420.0, None), ("wistia", 420.0, 28)]
)
def test_more_is_told_where_the_platform_knows_more(
    name: str, watch_s: float | None, impressions: int | None, tmp_path: Path
) -> None:
    """Bunny does not say in which unit it tells how long people watched, so that is left out."""
    with simulated(name) as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path))
        audience_of(vendor).come(asset_id, FROM, seen(7))
        first = ours.stats(asset_id, FROM, TO)[0]

    assert first == Hour(FROM, 7, watch_s, impressions)


@pytest.mark.parametrize("name", TELLING)
def test_late_numbers_are_not_there_at_once(name: str, tmp_path: Path) -> None:
    """So a day is read three days after its end."""
    with simulated(name) as (vendor, ours):
        asset_id, audience = vendor.upload(clip(tmp_path)), audience_of(vendor)
        audience.come(asset_id, FROM, seen(7))
        audience.come(asset_id, FROM, seen(3), late=timedelta(days=2))
        views = []
        for days in (1, 3):
            audience.clock = lambda days=days: FROM + timedelta(days=days)
            views.append(sum(hour.views for hour in ours.stats(asset_id, FROM, TO)))

    assert views == [7, 10]


@pytest.mark.parametrize("name", TELLING)
def test_a_platform_that_wants_fewer_requests_is_heard(name: str, tmp_path: Path) -> None:
    """The slot is asked for again later."""
    with simulated(name) as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path))
        vendor.limit_requests(Allowance(1))
        ours.asset(asset_id)
        with pytest.raises(RateLimited):
            ours.stats(asset_id, FROM, TO)


def test_a_token_without_the_permission_is_refused(tmp_path: Path) -> None:
    """Mux Data is another permission than Mux Video, and detailed stats are another at Wistia."""
    with simulated("mux") as (vendor, ours):
        cast("SimulatedMux", vendor).may_read_data = False
        with pytest.raises(CredentialsRefused, match="Mux Data"):
            ours.stats(vendor.upload(clip(tmp_path)), FROM, TO)
    with simulated("wistia") as (vendor, ours):
        cast("SimulatedWistia", vendor).may_read_stats = False
        with pytest.raises(CredentialsRefused, match="detailed stats"):
            ours.stats(vendor.upload(clip(tmp_path)), FROM, TO)


def test_the_simulations_refuse_what_the_vendors_do_not_document() -> None:
    """A metric, a day or a time of another form."""
    with simulated("mux") as (_, ours):
        for query in ("views/timeseries", "plays/timeseries?group_by=hour", "views/timeseries?group_by=week"):
            with pytest.raises(PublishRejected, match="400"):
                ours._api.request("GET", f"/data/v1/metrics/{query}")  # type: ignore[attr-defined] # noqa: SLF001


def test_odd_intervals_of_mux_are_left_out() -> None:
    """What is no interval, or has no value, counts as nobody."""
    odd = [None, [], ["2026-11-01T00:00:00Z"], ["soon", "1", "1"], ["2026-11-01T02:00:00Z", None, "0"]]
    good = ["2026-11-01T01:00:00Z", "5", "5"]
    with mux(Answer(json={"data": [*odd, good]}), Answer(json={"data": None})) as (platform, server):
        told = platform.stats("a1", FROM, TO)

    assert told == [Hour(FROM + timedelta(hours=1), 5, watch_s=0.0)]
    assert server.asked[0].startswith("GET /data/v1/metrics/views/timeseries?timeframe%5B%5D=1793491200")


def test_who_tells_nothing_says_so() -> None:
    """It is a mistake of ours to ask."""
    with (
        simulated("vimeo") as (_, ours),
        pytest.raises(NotImplementedError, match="Vimeo tells no statistics"),
    ):
        ours.stats("1", FROM, TO)
