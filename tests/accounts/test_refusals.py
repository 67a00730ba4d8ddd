"""Whether a refusal concerns the account is asked of the platform itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.platforms.simulated_account import clip, simulated
from worker import accounts
from worker.demo.simulator import InjectedFault
from worker.errors import (
    AssetGone,
    CredentialsRefused,
    PlatformUnavailable,
    RequestForbidden,
    ThumbsError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from worker.demo.simulator import Simulated
    from worker.platforms.base import Platform


def failure_of(vendor: Simulated, ours: Platform, folder: Path) -> ThumbsError:
    """Ask for a video, and return the error."""
    asset_id = vendor.upload(clip(folder))
    with pytest.raises(CredentialsRefused) as caught:
        ours.asset(asset_id)
    return caught.value


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_everything_is_the_account_s(tmp_path: Path, status: int) -> None:
    """It stays what it is."""
    with simulated("mux") as (vendor, ours):
        vendor.faults.plan(InjectedFault(status=status), count=2)

        error = failure_of(vendor, ours, tmp_path)

        assert accounts.examine_refusal(error, lambda: ours) is error


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_one_video_is_not(tmp_path: Path, status: int) -> None:
    """The sentence says so, and what was refused."""
    with simulated("mux") as (vendor, ours):
        vendor.faults.plan(InjectedFault(status=status))

        found = accounts.examine_refusal(failure_of(vendor, ours, tmp_path), lambda: ours)

    assert isinstance(found, RequestForbidden)
    assert str(status) in str(found)


def test_a_platform_that_is_down_by_then_tells_nothing(tmp_path: Path) -> None:
    """It is asked again later, as any that is down."""
    with simulated("mux") as (vendor, ours):
        vendor.faults.plan(InjectedFault(status=401))
        error = failure_of(vendor, ours, tmp_path)
        vendor.faults.plan(InjectedFault(status=503))

        assert isinstance(accounts.examine_refusal(error, lambda: ours), PlatformUnavailable)


def test_other_errors_ask_nothing() -> None:
    """The platform is not even made."""
    error = AssetGone("404")

    assert accounts.examine_refusal(error, lambda: pytest.fail("asked")) is error
