"""Which platforms there are, and which of their accounts are configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from worker.errors import UnknownAccount
from worker.platforms.media_url import ACCOUNT, MediaUrl
from worker.platforms.vendors.api_video import ApiVideo
from worker.platforms.vendors.brightcove import Brightcove
from worker.platforms.vendors.bunny import Bunny
from worker.platforms.vendors.cloudflare import Cloudflare
from worker.platforms.vendors.fastpix import FastPix
from worker.platforms.vendors.jwplayer import JwPlayer
from worker.platforms.vendors.mux import Mux
from worker.platforms.vendors.peertube import PeerTube
from worker.platforms.vendors.s3 import S3
from worker.platforms.vendors.vimeo import Vimeo
from worker.platforms.vendors.wistia import Wistia

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.platforms.base import Platform
    from worker.platforms.shared.base_platform import BasePlatform
    from worker.settings import Settings


PLATFORMS: Mapping[str, type[BasePlatform[Any]]] = {
    platform.name: platform
    for platform in (
        ApiVideo,
        Brightcove,
        Bunny,
        Cloudflare,
        FastPix,
        JwPlayer,
        Mux,
        PeerTube,
        S3,
        Vimeo,
        Wistia,
    )
}
"""Each is made from an account's name and its settings, which lie under the platform's name in `Settings`."""


def platform_of(name: str, account: str, settings: Settings, media_url: str | None = None) -> Platform:
    """Make the platform object of one account, or of one video at an address of its own (`media_url`).

    Raises:
        UnknownAccount: nothing of this name is configured.
    """
    if media_url is not None and (name, account) == (MediaUrl.name, ACCOUNT):
        return MediaUrl(media_url, settings)
    if name not in PLATFORMS:
        raise UnknownAccount(f"there is no platform {name!r}; there are: {', '.join(PLATFORMS)}")
    configured = getattr(settings, name).get(account)
    if configured is None:
        raise UnknownAccount(
            f"no account {account!r} of {name} is configured; the variables of an account 'main' begin with"
            f" {name.upper()}__MAIN__, and docs/platforms/{name}.md lists them"
        )
    return PLATFORMS[name](account, configured)


def configured_accounts(settings: Settings) -> list[tuple[str, str]]:
    """List every configured account, as (platform, account)."""
    return [(name, account) for name in PLATFORMS for account in sorted(getattr(settings, name))]
