"""What the platform of an asset takes as its thumbnail, and where people see it there."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from worker.errors import UnknownAccount
from worker.platforms import PLATFORMS, platform_of

if TYPE_CHECKING:
    from worker.database.models import Asset
    from worker.platforms.base import WriteBack
    from worker.settings import Settings


def page_of(asset: Asset, settings: Settings) -> str | None:
    """Build the address at which people see an asset at its platform; None where we know none."""
    try:
        with closing(platform_of(asset.platform, asset.account, settings, asset.media_url)) as platform:
            return platform.page_url(asset.external_id)
    except UnknownAccount:
        return None


def what_is_taken(asset: Asset, settings: Settings) -> WriteBack | None:
    """Tell what can be written for an asset; None where the account is not set here, and would decide it."""
    try:
        with closing(platform_of(asset.platform, asset.account, settings, asset.media_url)) as platform:
            return platform.write_back
    except UnknownAccount:
        known = PLATFORMS[asset.platform].capabilities.write_backs if asset.platform in PLATFORMS else ()
        return next(iter(known)) if len(known) == 1 else None
