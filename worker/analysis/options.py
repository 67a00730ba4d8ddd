"""What a run is to find: as set for the service, for the account, or for this asset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.pipeline.options import Options
from worker.time_ranges import parse_time_ranges, ranges_that_apply

if TYPE_CHECKING:
    from worker.jobs import JobClaim
    from worker.settings import Settings
    from worker.settings.accounts import AccountSettings


def options_of(settings: Settings, claim: JobClaim, title: str, chosen_s: float | None) -> Options:
    """Read what is wanted of a run; what is set closest to the asset counts.

    Args:
        settings: of the service.
        claim: the right to the job, with the asset's own options.
        title: of the video, if known.
        chosen_s: the moment that a person chose, if any.
    """
    # A video that lives on no platform has no account of its own.
    account: AccountSettings | None = getattr(settings, claim.platform, {}).get(claim.account)
    wanted = ranges_that_apply(claim.options, account)
    return Options(
        count=(account and account.count) or settings.count,
        aspects=(account and account.aspects) or settings.aspects,
        title=title,
        avoid=parse_time_ranges(wanted.get("avoid", ())),
        prefer=parse_time_ranges(wanted.get("prefer", ())),
        chosen_s=chosen_s,
    )
