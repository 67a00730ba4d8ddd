"""What the platform of an asset takes as its thumbnail, and where people see it there."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from worker.database.states import PublicationState
from worker.errors import UnknownAccount
from worker.platforms import PLATFORMS, platform_of
from worker.platforms.base import WriteBack

if TYPE_CHECKING:
    from worker.database.models import Asset, Publication
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


def was_left_to_us(asset: Asset, write: Publication) -> bool:
    """Tell whether a write that was done wrote nothing: no platform takes the picture, and we serve it.

    A platform that takes pictures may not tell what it shows then either; it was written all the same.
    """
    known = PLATFORMS.get(asset.platform)
    takes_none = known is None or WriteBack.NONE in known.capabilities.write_backs
    return takes_none and write.state == PublicationState.CONFIRMED and write.shown is None
