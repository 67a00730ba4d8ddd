"""Video platforms: one file each, listed in `configured_accounts`."""

from worker.platforms.registry import PLATFORMS, configured_accounts, platform_of

__all__ = ["PLATFORMS", "configured_accounts", "platform_of"]
