"""Video platforms: one file each, listed in `accounts`."""

from worker.platforms.registry import PLATFORMS, accounts, platform_of

__all__ = ["PLATFORMS", "accounts", "platform_of"]
