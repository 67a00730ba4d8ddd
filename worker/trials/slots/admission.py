"""Whether pictures of a video can be tested by whole days at all, asked before a test begins."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from worker.database.states import TrialMetric
from worker.platforms import platform_of
from worker.platforms.base import WriteBack
from worker.platforms.statistics import Counts, Granularity
from worker.trials.statistics.switchback import LEAST_BLOCKS

if TYPE_CHECKING:
    from worker.database.models import Asset
    from worker.platforms.base import Capabilities
    from worker.settings import Settings


def why_refused(
    asset: Asset,
    settings: Settings,
    days: int,
    metric: TrialMetric = TrialMetric.PLAYS,
    variants: int = 2,
) -> str | None:
    """Say why a test by days would be of no use, and the remedy; None where it can begin.

    Args:
        asset: whose pictures they are.
        settings: of its account.
        days: how long the test may go on.
        metric: what is compared.
        variants: how many pictures.

    Raises:
        UnknownAccount: its account is not configured any more.
    """
    with closing(platform_of(asset.platform, asset.account, settings, asset.media_url)) as platform:
        capabilities, write_back = platform.capabilities, platform.write_back
    if write_back is WriteBack.NONE:
        return (
            f"{capabilities.label} takes no picture of ours, so it cannot be shown by days;"
            " test with viewers instead"
        )
    if capabilities.counts is Counts.NONE and not settings.events_secrets:
        return (
            f"{capabilities.label} tells us no views; set EVENTS_SECRET and post each day's count to"
            " /v1/counts, or test with viewers instead"
        )
    is_told = capabilities.counts is Counts.NONE or capabilities.counts_watch
    if metric is TrialMetric.WATCH and not is_told:
        return f"{capabilities.label} does not tell how long a video is watched; compare plays"
    if days // variants < LEAST_BLOCKS:
        least = LEAST_BLOCKS * variants
        return f"{days} days prove nothing with {variants} pictures shown by turns; take {least} days or more"
    return None


def timezone_of(capabilities: Capabilities, wanted: str) -> str:
    """Choose where days begin: as the account wants, or as the platform counts where it counts only days."""
    return (
        "UTC"
        if capabilities.counts_by is Granularity.DAY and capabilities.counts is not Counts.NONE
        else wanted
    )
