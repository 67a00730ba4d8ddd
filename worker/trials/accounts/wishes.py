"""What is wanted of the tests of an asset: by its account, or else by the settings of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from worker.database.models import Asset
    from worker.settings import Settings
    from worker.settings.accounts import AccountSettings


class Wishes(NamedTuple):
    """What is wanted of tests; see `worker.settings.trials`."""

    tests: str  #: "manual" or "auto"
    tests_apply: str  #: "winner", "preferred" or "never"
    test_timezone: str


def settings_of(asset: Asset, settings: Settings) -> Wishes:
    """Read what is wanted of the tests of an asset."""
    return wishes_of(asset.platform, asset.account, settings)


def wishes_of(platform: str, account: str, settings: Settings) -> Wishes:
    """Read what is wanted of the tests of an account."""
    own: AccountSettings | None = getattr(settings, platform, {}).get(account)
    return Wishes(*(getattr(own, name, None) or getattr(settings, name) for name in Wishes._fields))
